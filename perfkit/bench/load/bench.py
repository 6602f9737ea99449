"""The bench: so many users at once, step after step, who think between calls or never rest."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random

from perfkit import stats
from perfkit.bench.load.latencies import Latencies, merged
from perfkit.bench.load.saturation import Step

RunStep = Callable[[int, float], Step]
"""Runs so many users, who think for so many ms between calls, for the bench's time."""
Report = Callable[[int, int, str], None]
"""Called with runs done, runs in all, and what is next."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """All runs of so many users, at least one."""

    users: int
    steps: tuple[Step, ...]

    @property
    def rates(self) -> tuple[float, ...]:
        """Return the calls/s of each run."""
        return tuple(step.run.rate for step in self.steps)

    @property
    def rate(self) -> float:
        """Return the median of the calls/s."""
        return stats.median(self.rates)

    @property
    def latencies(self) -> Latencies:
        """Return the latencies of all calls."""
        return merged(step.run.calls.all for step in self.steps)

    @property
    def failed(self) -> int:
        """Return how many calls failed."""
        return sum(step.run.failed for step in self.steps)

    def within(self, limit_ms: float) -> bool:
        """Tell whether every call was answered, and 95 % of them within the limit."""
        latencies = self.latencies
        return latencies.count > 0 and not self.failed and latencies.quantile_ms(0.95) <= limit_ms

    @property
    def memory_bytes(self) -> tuple[int, ...]:
        """Return the most that the server took in each run, of those where that was seen."""
        return tuple(step.seen.memory_bytes for step in self.steps if step.seen.memory_bytes is not None)


def run_levels(
    run: RunStep, users: Sequence[int], *, think_ms: float, rounds: int, chance: Random, report: Report
) -> tuple[Level, ...]:
    """Return a level for each number of users; each round runs all of them, in an order of its own.

    Interleaved, as what changes on the machine meanwhile then falls on all of them alike.
    """
    steps: dict[int, list[Step]] = {each: [] for each in users}
    for number in range(rounds):
        order = list(steps)
        chance.shuffle(order)
        for place, each in enumerate(order):
            done = number * len(order) + place
            report(done, rounds * len(order), f"{each} users" if think_ms else f"{each} connections")
            steps[each].append(run(each, think_ms))
    return tuple(Level(users=each, steps=tuple(runs)) for each, runs in sorted(steps.items()))


def users_held(levels: Sequence[Level], limit_ms: float) -> int:
    """Return the largest number of users that was served within the limit, and all smaller ones too; 0 for none."""
    held = 0
    for level in levels:
        if not level.within(limit_ms):
            break
        held = level.users
    return held
