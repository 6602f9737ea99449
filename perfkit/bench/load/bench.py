"""The bench: a ramp of users who think between calls, and connections that do not, to find the pool that serves best."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random

from perfkit import stats
from perfkit.bench.load import thresholds
from perfkit.bench.load.latencies import Latencies, merged
from perfkit.bench.load.saturation import Saturation, Step, saturation_of
from perfkit.bench.load.scalability import Scalability, fit

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


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolAdvice:
    """The smallest pool that gives nearly all that any gives, held against half of it and twice as many."""

    levels: tuple[Level, ...]
    law: Scalability
    size: int
    around: tuple[Level, ...]
    saturation: Saturation

    @property
    def half_share(self) -> float:
        """Return what half of it serves of what it serves, the median of the rounds."""
        return share_of(self.around, max(1, self.size // 2), self.size)

    @property
    def twice_share(self) -> float:
        """Return what twice as many serve of what it serves, the median of the rounds."""
        return share_of(self.around, 2 * self.size, self.size)

    @property
    def holds(self) -> bool:
        """Tell whether neither half of it serves as much, nor twice as many serve more than the noise."""
        enough = self.size == 1 or self.half_share < thresholds.POOL_ENOUGH
        return enough and self.twice_share * thresholds.POOL_ENOUGH <= 1


def share_of(levels: Sequence[Level], users: int, of_users: int) -> float:
    """Return the calls/s of so many users as a share of those of others, the median of the pairs of each round.

    In pairs, as what the machine did meanwhile met both of them.
    """
    rates = {level.users: level.rates for level in levels}
    pairs = zip(rates[users], rates[of_users], strict=True)
    return stats.median([one / other if other else 0.0 for one, other in pairs])


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


def advise_pool(
    run: RunStep, connections_most: int, *, rounds: int, chance: Random, report: Report
) -> PoolAdvice:
    """Return the pool that serves best, of 1, 2, 4, 8 … connections that never rest, and runs around it that show it.

    What a single run of each says is verified with half of it and twice as many, and corrected when that says otherwise.
    """
    sizes = [1]
    while sizes[-1] * 2 <= min(thresholds.POOL_MOST, connections_most // 2):
        sizes.append(sizes[-1] * 2)
    levels = run_levels(run, sizes, think_ms=0.0, rounds=1, chance=chance, report=report)
    most = max(level.rate for level in levels)
    size = next(level.users for level in levels if level.rate >= most * thresholds.POOL_ENOUGH)
    tried: set[int] = set()
    while True:
        tried.add(size)
        half, twice = max(1, size // 2), 2 * size
        around = run_levels(
            run, sorted({half, size, twice}), think_ms=0.0, rounds=rounds, chance=chance, report=report
        )
        better = _better(around, size)
        if better == size or better in tried or better > sizes[-1]:
            break
        size = better
    best = next(level for level in around if level.users == size)
    return PoolAdvice(
        levels=levels,
        law=fit([(level.users, level.rate) for level in levels if level.rate > 0]),
        size=size,
        around=around,
        saturation=saturation_of(best.steps[-1]),
    )


def _better(around: Sequence[Level], size: int) -> int:
    """Return half the size when that serves nearly as much, twice the size when that serves more, else the size."""
    if size > 1 and share_of(around, size // 2, size) >= thresholds.POOL_ENOUGH:
        return size // 2
    return 2 * size if share_of(around, 2 * size, size) * thresholds.POOL_ENOUGH > 1 else size
