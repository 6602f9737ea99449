"""The pool that serves best: connections that never rest, 1, 2, 4, 8 … of them in turns, and the smallest that is enough.

Every round runs all sizes, so that two of them are held against each other within the round, where what the machine did
meanwhile met both: one run of each would call the luckiest the best, and most of the larger ones are as good as it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from perfkit import stats
from perfkit.bench.load import thresholds
from perfkit.bench.load.bench import Level, Report, RunStep, run_levels
from perfkit.bench.load.saturation import Saturation, saturation_of
from perfkit.bench.load.scalability import Scalability, fit


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolAdvice:
    """The smallest pool that serves nearly as much as any; the last level is only there to be twice the largest pool."""

    levels: tuple[Level, ...]
    size: int

    @property
    def best(self) -> int:
        """Return the connections that served most."""
        return max(self.levels, key=lambda level: level.rate).users

    @property
    def best_share(self) -> float:
        """Return what it serves of the most, the median of the rounds."""
        return share_of(self.levels, self.size, self.best)

    @property
    def half_share(self) -> float:
        """Return what half of it serves of what it serves, the median of the rounds."""
        return share_of(self.levels, max(1, self.size // 2), self.size)

    @property
    def twice_share(self) -> float:
        """Return what twice as many serve of what it serves, the median of the rounds."""
        return share_of(self.levels, 2 * self.size, self.size)

    @property
    def holds(self) -> bool:
        """Tell whether it serves nearly the most by the median too, and not only within what the rounds differ."""
        return self.best_share >= thresholds.POOL_ENOUGH

    @property
    def around(self) -> tuple[Level, ...]:
        """Return the levels of half of it, of it, and of twice as many."""
        return tuple(
            level for level in self.levels if level.users in {self.size // 2, self.size, 2 * self.size}
        )

    @property
    def law(self) -> Scalability:
        """Return the law that the calls/s follow."""
        return fit([(level.users, level.rate) for level in self.levels if level.rate > 0])

    @property
    def saturation(self) -> Saturation:
        """Return what it uses up."""
        at = next(level for level in self.levels if level.users == self.size)
        return saturation_of(at.steps[-1])

    @property
    def others_share(self) -> float | None:
        """Return the share of this machine's processors that other programs took, None where the server is elsewhere."""
        shares = [step.others_share for level in self.levels for step in level.steps]
        known = [share for share in shares if share is not None]
        return stats.median(known) if known else None


def advise_pool(
    run: RunStep, sizes: Sequence[int], *, rounds: int, chance: Random, report: Report
) -> PoolAdvice:
    """Return the pool among the sizes, of which the last is only tried, and the runs that show it."""
    levels = run_levels(run, sizes, think_ms=0.0, rounds=rounds, chance=chance, report=report)
    return PoolAdvice(levels=levels, size=smallest_enough(levels))


def pool_sizes(connections_most: int) -> tuple[int, ...]:
    """Return the sizes that are tried, and twice the largest."""
    sizes = [1]
    while sizes[-1] * 2 <= min(thresholds.POOL_MOST, connections_most // 2):
        sizes.append(sizes[-1] * 2)
    return (*sizes, 2 * sizes[-1])


def smallest_enough(levels: Sequence[Level]) -> int:
    """Return the smallest pool that serves nearly the most, or as much in one of the rounds: the others may be luck.

    The largest, when only twice as many would do.
    """
    best = max(levels, key=lambda level: level.rate).users
    sizes = [level.users for level in levels[:-1]]
    return next((size for size in sizes if _is_enough(_pairs(levels, size, best))), sizes[-1])


def _is_enough(shares: Sequence[float]) -> bool:
    return stats.median(shares) >= thresholds.POOL_ENOUGH or max(shares) >= 1


def share_of(levels: Sequence[Level], users: int, of_users: int) -> float:
    """Return the calls/s of so many users as a share of those of others, the median of the pairs of each round."""
    return stats.median(_pairs(levels, users, of_users))


def _pairs(levels: Sequence[Level], users: int, of_users: int) -> list[float]:
    rates = {level.users: level.rates for level in levels}
    pairs = zip(rates[users], rates[of_users], strict=True)
    return [one / other if other else 0.0 for one, other in pairs]
