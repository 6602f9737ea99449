"""Benches now against those of a baseline, by the rules that the judge has for times against a stored baseline.

A sample is a session: the logarithm of now / before with Student's interval, the noise of all figures together standing
in where one has few samples, the machine's own change taken out, and the error rate shared among the figures.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from perfkit import stats
from perfkit.baseline.thresholds import THRESHOLDS, Level, Noise
from perfkit.baseline.timing import Timing, stored_noise, stored_timing
from perfkit.bench.result import BenchResult, Figure, Kind
from perfkit.plan.runs import Session

# Figures have units of all kinds; each is scaled so that its median before is this, as far from zero as times are.
_SCALED_MEDIAN = 1_000.0


class Outcome(StrEnum):
    """What became of a figure since the baseline."""

    SAME = "same"
    BETTER = "better"
    WORSE = "worse"
    UNCLEAR = "unclear"
    NEW = "new"
    MISSING = "missing"
    NOT_COMPARABLE = "not comparable"


@dataclass(frozen=True, slots=True, kw_only=True)
class FigureVerdict:
    """What the judge says of a figure; `before` and `now` are None where it was not measured.

    `ratio` is now / before with `low` and `high`, the ends of its interval, None where it is not told by samples.
    """

    bench: str
    figure: str
    unit: str
    outcome: Outcome
    before: float | None
    now: float | None
    ratio: float | None = None
    low: float | None = None
    high: float | None = None
    reason: str = ""

    @property
    def id(self) -> str:
        """Return "bench/figure"."""
        return f"{self.bench}/{self.figure}"


def judge_benches(
    before: Mapping[str, BenchResult], now: Mapping[str, BenchResult]
) -> tuple[FigureVerdict, ...]:
    """Return a verdict for each figure of the baseline's benches and of those that were measured since."""
    return tuple(
        verdict
        for bench in sorted({*before, *now})
        for verdict in _judge_bench(before.get(bench), now.get(bench))
    )


def _judge_bench(before: BenchResult | None, now: BenchResult | None) -> Iterable[FigureVerdict]:
    if before is None or now is None:
        present = before or now
        assert present is not None
        outcome = Outcome.MISSING if now is None else Outcome.NEW
        return [_unjudged(present.bench, figure, outcome, "") for figure in present.figures.values()]
    if problem := _not_comparable(before, now):
        return [
            _unjudged(now.bench, figure, Outcome.NOT_COMPARABLE, problem) for figure in now.figures.values()
        ]
    return _judge_figures(before, now)


def _not_comparable(before: BenchResult, now: BenchResult) -> str:
    """Return why two results cannot be compared, '' when they can."""
    for name in sorted({*before.options, *now.options}):
        was, became = before.options.get(name, "none"), now.options.get(name, "none")
        if was != became:
            return f"{name} was {was}, and is {became}"
    majors = [result.environment.server_version // 10_000 for result in (before, now)]
    if majors[0] != majors[1]:
        return f"PostgreSQL was {majors[0]}, and is {majors[1]}"
    machine = _machine_ratio(before, now)
    if not 1 / THRESHOLDS.machine_ratio <= machine <= THRESHOLDS.machine_ratio:
        return f"fixed work takes {machine:.1f} times as long as then: another machine, or a busy one"
    return ""


def _judge_figures(before: BenchResult, now: BenchResult) -> Iterable[FigureVerdict]:
    shared = [name for name in now.figures if name in before.figures]
    sampled = [name for name in shared if _is_sampled(before.figures[name], now.figures[name])]
    sessions = {
        name: _sessions(before.figures[name], now.figures[name], before.at, now.at) for name in sampled
    }
    noise = stored_noise(sessions.values(), THRESHOLDS.stored_noise)
    level = THRESHOLDS.stored.shared_by(len(sampled))
    machine = _machine_ratio(before, now)
    for name in shared:
        was, became = before.figures[name], now.figures[name]
        if name in sessions:
            ratio = machine if became.kind.follows_machine else 1.0
            yield _judge_samples(now.bench, was, became, _timing(*sessions[name], ratio, noise, level))
        else:
            yield _judge_count(now.bench, was, became)
    for name in now.figures.keys() - before.figures.keys():
        yield _unjudged(now.bench, now.figures[name], Outcome.NEW, "")
    for name in before.figures.keys() - now.figures.keys():
        yield _unjudged(now.bench, before.figures[name], Outcome.MISSING, "")


def _is_sampled(before: Figure, now: Figure) -> bool:
    return now.kind is not Kind.COUNT and min(*before.samples, *now.samples, before.median) > 0


def _timing(
    before: Sequence[Session], now: Sequence[Session], machine: float, noise: Noise, level: Level
) -> Timing:
    return stored_timing(
        before, now, machine_ratio=machine, counts=True, noise=noise, level=replace(level, floor_ms=0.0)
    )


def _sessions(
    before: Figure, now: Figure, before_at: datetime, now_at: datetime
) -> tuple[list[Session], list[Session]]:
    """Return the samples as sessions whose times grow when the figure gets worse."""

    def scaled(sample: float) -> float:
        ratio = sample / before.median
        return _SCALED_MEDIAN * (1 / ratio if now.kind.more_is_better else ratio)

    return (
        [Session(at=before_at, execution_ms=(scaled(each),), planning_ms=()) for each in before.samples],
        [Session(at=now_at, execution_ms=(scaled(each),), planning_ms=()) for each in now.samples],
    )


def _judge_samples(bench: str, before: Figure, now: Figure, timing: Timing) -> FigureVerdict:
    ratio, low, high = timing.ratio, timing.low, timing.high
    if now.kind.more_is_better:
        ratio, low, high = 1 / ratio, 1 / high, 1 / low
    if timing.longer:
        outcome = Outcome.WORSE
    elif timing.shorter:
        outcome = Outcome.BETTER
    elif (
        timing.at(replace(timing.level, alpha=THRESHOLDS.inconclusive_alpha)).high
        > THRESHOLDS.inconclusive_ratio
    ):
        outcome = Outcome.UNCLEAR
    else:
        outcome = Outcome.SAME
    return FigureVerdict(
        bench=bench,
        figure=now.id,
        unit=now.unit,
        outcome=outcome,
        before=before.median,
        now=now.median,
        ratio=ratio,
        low=low,
        high=high,
    )


def _judge_count(bench: str, before: Figure, now: Figure) -> FigureVerdict:
    """Return the verdict on what repeats exactly, or was nothing at all on one side."""
    change = (now.median - before.median) * (-1 if now.kind.more_is_better else 1)
    outcome = Outcome.SAME if not change else Outcome.WORSE if change > 0 else Outcome.BETTER
    return FigureVerdict(
        bench=bench,
        figure=now.id,
        unit=now.unit,
        outcome=outcome,
        before=before.median,
        now=now.median,
    )


def _unjudged(bench: str, figure: Figure, outcome: Outcome, reason: str) -> FigureVerdict:
    is_old = outcome is Outcome.MISSING
    return FigureVerdict(
        bench=bench,
        figure=figure.id,
        unit=figure.unit,
        outcome=outcome,
        before=figure.median if is_old else None,
        now=None if is_old else figure.median,
        reason=reason,
    )


def _machine_ratio(before: BenchResult, now: BenchResult) -> float:
    """Return how many times as long the fixed work took, 1 where nobody knows."""
    was, became = before.environment.calibration, now.environment.calibration
    ratios = [became[name] / was[name] for name in was.keys() & became.keys() if was[name] > 0]
    return stats.median(ratios) if ratios else 1.0
