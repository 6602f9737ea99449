"""The thresholds that suit a server and a catalog: the finest at which the judge raises no alarm of its own. Pure."""

import math
from collections.abc import Sequence
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
    """Return the smallest slowdown, with the floor that goes with it, at which at most 1 % of the runs fail."""
    for slowdown in SLOWDOWNS:
        floor_ms = floor_for(cases, slowdown)
        level = with_level(thresholds, slowdown=slowdown, floor_ms=floor_ms)
        found = Recommendation(
            slowdown=slowdown, floor_ms=floor_ms, rate=false_alarms(cases, level, seed=seed).rate
        )
        if found.holds:
            break
    return found


def floor_for(cases: Sequence[CasePairs], slowdown: float) -> float:
    """Return the smallest floor in ms that 95 % of the pairs keep below, in the cases so quick that it decides."""
    for floor_ms in FLOORS_MS:
        differences_ms = [
            abs(math.expm1(log)) * case.median_ms
            for case in cases
            if case.median_ms * (slowdown - 1) < floor_ms
            for log in case.logs
        ]
        if not differences_ms or stats.quantile(differences_ms, DIFFERENCES_BELOW) < floor_ms:
            break
    return floor_ms
