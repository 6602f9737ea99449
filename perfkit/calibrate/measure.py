"""Calibrating: the catalog measured beside itself, and what the judge would make of it."""

from collections.abc import Callable
from dataclasses import dataclass

from perfkit.baseline.sampling import Sampler
from perfkit.baseline.thresholds import Thresholds
from perfkit.calibrate.pairs import CasePairs, pairs_of
from perfkit.calibrate.power import Rate, false_alarms, smallest_slowdown
from perfkit.calibrate.recommend import Recommendation, recommend
from perfkit.measure.model import Analysis
from perfkit.measure.run import refuse_nothing_measured

# Of fewer pairs a case, what is rare is not among them; of more than the judge's longest look draws twice, all is known.
ROUNDS_LEAST, ROUNDS_MOST = 6, 64


@dataclass(frozen=True, slots=True, kw_only=True)
class CalibratedCase:
    """A case, and the smallest slowdown that is found with 95 % power (0.1 is 10 %), None when even a huge one is not."""

    pairs: CasePairs
    smallest_slowdown: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """What calibrating gave: the judge at its present thresholds, and those that are recommended."""

    analysis: Analysis
    rounds: int
    busy_ratio: float
    thresholds: Thresholds
    rate: Rate
    cases: tuple[CalibratedCase, ...]
    recommended: Recommendation


def measure_pairs(sampler: Sampler, is_over: Callable[[], bool]) -> int:
    """Measure rounds until the time is over, and no fewer and no more than are of use; return how many."""
    rounds = 0
    while rounds < ROUNDS_LEAST or (rounds < ROUNDS_MOST and not is_over()):
        sampler.round()
        rounds += 1
    return rounds


def calibration_of(sampler: Sampler, rounds: int, thresholds: Thresholds, *, seed: int) -> Calibration:
    """Return what the pairs of a paired sampler say of the judge; NothingMeasuredError when there are none."""
    baseline, analysis = sampler.evidence()
    refuse_nothing_measured(analysis)
    pairs = pairs_of(baseline, analysis)
    alarms = false_alarms(pairs, thresholds, seed=seed)
    return Calibration(
        analysis=analysis,
        rounds=rounds,
        busy_ratio=sampler.busy_ratio,
        thresholds=thresholds,
        rate=alarms.rate,
        cases=tuple(
            CalibratedCase(
                pairs=each,
                smallest_slowdown=smallest_slowdown(each, alarms.screens, thresholds, seed=seed),
            )
            for each in pairs
        ),
        recommended=recommend(pairs, thresholds, seed=seed),
    )
