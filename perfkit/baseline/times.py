"""The times of all cases of a run: the machine's own change and the noise are told first, then each case by them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from perfkit import stats
from perfkit.baseline.comparison import blocks_of
from perfkit.baseline.model import AcceptedPlan, CaseBaseline, QueryBaseline
from perfkit.baseline.thresholds import Thresholds
from perfkit.baseline.timing import (
    Ground,
    Timing,
    machine_ratio,
    paired_noise,
    paired_timing,
    stored_noise,
    stored_timing,
)
from perfkit.measure.model import Analysis
from perfkit.plan.runs import Runs, Session
from perfkit.plan.shape import Shape
from perfkit.units import format_share


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """What was and what is of a case that both sides measured, and the shape of its plan now."""

    before: CaseBaseline
    now: Runs
    shape: Shape

    @property
    def accepted(self) -> AcceptedPlan | None:
        """Return the accepted plan that it has now, if that is one."""
        return self.before.accepted_with(self.shape)

    @property
    def sessions(self) -> tuple[Sequence[Session], Sequence[Session]]:
        """Return the sessions before and now: those of the plan that it has now, where that was recorded."""
        return (self.accepted and self.accepted.sessions) or self.before.sessions, self.now.sessions

    @property
    def is_timed(self) -> bool:
        """Tell whether the times can be compared: see AcceptedPlan."""
        return self.accepted is None or bool(self.accepted.sessions and self.accepted.calibration)

    @property
    def did_the_same(self) -> bool:
        """Tell whether plan and work are the same."""
        return (
            blocks_of(self.before.counters) == blocks_of(self.now.counters)
            and self.before.counters.rows == self.now.counters.rows
            and self.before.shape == self.shape
        )


Pairs = Mapping[str, Pair]
"""By case id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """The timing of each case by id, the ground that the run gave, and sentences about it."""

    timings: Mapping[str, Timing]
    ground: Ground
    notes: tuple[str, ...]


def compare_times(
    pairs: Pairs,
    baseline: Mapping[str, QueryBaseline],
    analysis: Analysis,
    ground: Ground,
    thresholds: Thresholds,
) -> Times:
    """Return the times of a run against those of its baseline, or of the other side."""
    sessions = {case: pair.sessions for case, pair in pairs.items()}
    if ground.paired:
        return _paired(sessions, ground, thresholds)
    return _stored(sessions, pairs, baseline, analysis, ground, thresholds)


_Calibration = Mapping[str, float]
_Sessions = Mapping[str, tuple[Sequence[Session], Sequence[Session]]]


def _paired(sessions: _Sessions, ground: Ground, thresholds: Thresholds) -> Times:
    noise = ground.noise or paired_noise(sessions.values(), thresholds.paired_noise)
    return Times(
        timings={
            case: paired_timing(before, now, noise=noise, level=ground.level)
            for case, (before, now) in sessions.items()
        },
        ground=Ground(paired=True, level=ground.level, noise=noise, machine=1.0),
        notes=(),
    )


def _stored(
    sessions: _Sessions,
    pairs: Pairs,
    baseline: Mapping[str, QueryBaseline],
    analysis: Analysis,
    ground: Ground,
    thresholds: Thresholds,
) -> Times:
    noise = ground.noise or stored_noise(sessions.values(), thresholds.stored_noise)
    cases = ground.machine if ground.noise else _ratio_of_cases(pairs, thresholds)
    recorded = [query.recorded.calibration for query in baseline.values()]
    ratio = _within_fixed_work(cases or 1.0, recorded, analysis, thresholds)

    def timing(case: str, pair: Pair) -> Timing:
        own = ratio
        if pair.accepted:
            since = _since_acceptance(cases, recorded, pair.accepted)
            own = _within_fixed_work(since, [pair.accepted.calibration], analysis, thresholds)
        return stored_timing(
            *sessions[case],
            machine_ratio=own,
            counts=pair.is_timed and _is_much_the_same(own, thresholds),
            noise=noise,
            level=ground.level,
        )

    timings = {case: timing(case, pair) for case, pair in pairs.items()}
    is_the_same = _is_much_the_same(ratio, thresholds)
    return Times(
        timings=timings,
        ground=Ground(paired=False, level=ground.level, noise=noise, machine=cases),
        notes=() if is_the_same else (_machine_note(ratio, timings.values()),),
    )


def _is_much_the_same(ratio: float, thresholds: Thresholds) -> bool:
    return 1 / thresholds.machine_ratio <= ratio <= thresholds.machine_ratio


def _ratio_of_cases(pairs: Pairs, thresholds: Thresholds) -> float | None:
    """Return how many times slower the machine is, as the cases with the same plan and work say."""
    unchanged = (
        (stats.median(pair.before.execution_ms), stats.median(pair.now.execution_ms))
        for pair in pairs.values()
        if pair.did_the_same
    )
    return machine_ratio(unchanged, thresholds.machine_least_cases)


def _since_acceptance(cases: float | None, recorded: Sequence[_Calibration], accepted: AcceptedPlan) -> float:
    """Return how many times slower the machine is than at the acceptance, 1 where that cannot be told.

    The cases say how much slower it is than at the baseline, fixed work by how much it changed between the two.
    """
    changed = _ratio_of_fixed_work(recorded, accepted.calibration)
    return cases / changed if cases and changed else 1.0


def _within_fixed_work(
    ratio: float, recorded: Sequence[_Calibration], analysis: Analysis, thresholds: Thresholds
) -> float:
    """Return the ratio as far as the fixed work beside the cases, then and now, bears it out."""
    fixed = _ratio_of_fixed_work(recorded, analysis.calibration)
    if fixed is None:
        return ratio
    return min(max(ratio, fixed / thresholds.machine_tolerance), fixed * thresholds.machine_tolerance)


def _ratio_of_fixed_work(before: Sequence[_Calibration], now: _Calibration) -> float | None:
    """Return how many times as long fixed work took, None where it did not run on both sides."""
    ratios = [
        now[name] / each[name] for each in before for name in each.keys() & now.keys() if each[name] > 0
    ]
    return stats.median(ratios) if ratios else None


def _machine_note(ratio: float, timings: Iterable[Timing]) -> str:
    how = f"{format_share(ratio - 1)} slower" if ratio > 1 else f"{format_share(1 - ratio)} faster"
    any_counts = any(timing.counts for timing in timings)
    which = "times count only of plans accepted since" if any_counts else "times do not count"
    return f"the machine is {how} than when the baseline was recorded: {which}, counters do"
