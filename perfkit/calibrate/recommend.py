"""The thresholds that suit a server and a catalog: the finest at which the judge raises no alarm of its own. Pure."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from perfkit import stats
from perfkit.baseline.thresholds import Thresholds
from perfkit.calibrate.pairs import CasePairs
from perfkit.calibrate.power import Rate, false_alarms

# One run in a hundred may raise a false alarm: a gate that does so more often is soon ignored.
RATE_MOST = 0.01
SLOWDOWNS = (1.05, 1.1, 1.15, 1.2, 1.3, 1.5, 2.0)
# Less than 0.2 ms a call nobody can feel.
FLOORS_MS = (0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
# What one pair in twenty shows with nothing changed is no slowdown that a pair can tell.
DIFFERENCES_BELOW = 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class Recommendation:
    """The recommended thresholds, and how often a run without a change fails at them."""

    slowdown: float
    floor_ms: float
    rate: Rate

    @property
    def holds(self) -> bool:
        """Tell whether the false alarms are few enough; if not, these are the widest there are."""
        return self.rate.share <= RATE_MOST


def with_level(thresholds: Thresholds, *, slowdown: float, floor_ms: float) -> Thresholds:
    """Return the thresholds with another slowdown (a ratio) and floor of a paired run."""
    return replace(thresholds, paired=replace(thresholds.paired, ratio=slowdown, floor_ms=floor_ms))


def recommend(cases: Sequence[CasePairs], thresholds: Thresholds, *, seed: int) -> Recommendation:
    """Return the smallest slowdown, and with it the smallest floor, at which at most 1 % of the runs fail.

    A floor is raised no further than to what the pairs themselves differ by: it is not there to hide slowdowns.
    """
    for slowdown in SLOWDOWNS:
        for floor_ms in _floors(cases, slowdown):
            level = with_level(thresholds, slowdown=slowdown, floor_ms=floor_ms)
            rate = false_alarms(cases, level, seed=seed).rate
            found = Recommendation(slowdown=slowdown, floor_ms=floor_ms, rate=rate)
            if found.holds:
                return found
    return found


def _floors(cases: Sequence[CasePairs], slowdown: float) -> Iterator[float]:
    """Yield the floors in ms, up to the first that 95 % of the pairs keep below in the cases so quick that it decides."""
    for floor_ms in FLOORS_MS:
        yield floor_ms
        differences_ms = [
            abs(math.expm1(log)) * case.median_ms
            for case in cases
            if case.median_ms * (slowdown - 1) < floor_ms
            for log in case.logs
        ]
        if not differences_ms or stats.quantile(differences_ms, DIFFERENCES_BELOW) < floor_ms:
            return
