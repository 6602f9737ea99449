"""Trial: a run that is to be believed. All cases are looked at, the doubtful ones again and again, with fresh data.

1. Screen: one or two rounds of every case, judged so that little that is real can slip by.
2. Look again: what might have changed is measured anew, in ever more rounds, until its interval leaves no doubt, the
   looks are over or the budget is spent. A case fails only when this second measurement, by itself, says so.

What an error proves needs no time: a case that cannot run, for a reason that does not pass by itself, fails also where
no time is left for a second look.

The second measurement alone carries the proof, so that its error rate is shared out among the few cases and looks that
it has (Bonferroni, Holm), not among all cases of the catalog: the chance that a run without any change fails for a time is at
most alpha.
"""

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from perfkit.baseline.judge import judge
from perfkit.baseline.model import QueryBaseline
from perfkit.baseline.sampling import Sampler
from perfkit.baseline.thresholds import THRESHOLDS, Level, Thresholds
from perfkit.baseline.timing import Ground, Timing
from perfkit.baseline.verdict import Cause, Gate, Judgement, Verdict, VerdictKind
from perfkit.measure.model import Analysis
from perfkit.measure.run import refuse_nothing_measured
from perfkit.measure.session import Stopwatch

SCREEN_ROUNDS = {True: 2, False: 1}  # paired, stored
# Rounds of each further look. On busy cores a parallel query takes twice as long when its workers must wait: two such
# sessions in a row were seen in 2 of 200 runs without a change, so that the first look takes four.
LOOKS = {True: (4, 4, 8, 16), False: (4, 4)}
# No further look begins when those after the first have taken as long as the screen, or this.
LOOKS_LEAST_MS = 20_000
# Classes of SQLSTATE whose reason lies in the statement and what it reads: a feature, a subquery's rows, data, names and
# rights. Others pass by themselves: a time or connection that ended, a lock, a full disk.
_LASTING_ERRORS = ("0A", "21", "22", "42")


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """The judgement, what was held against what, and how many cases were looked at again."""

    judgement: Judgement
    baseline: Mapping[str, QueryBaseline]
    analysis: Analysis
    looked_again: int


def run_trial(sampler: Sampler, thresholds: Thresholds = THRESHOLDS) -> Trial:
    """Return the trial of all cases that the sampler measures; raises what it and `judge` raise."""
    level = thresholds.paired if sampler.paired else thresholds.stored
    began = time.perf_counter()
    for number in range(SCREEN_ROUNDS[sampler.paired]):
        if number == 0 or not sampler.is_spent:
            sampler.round()
    baseline, analysis = sampler.evidence()
    refuse_nothing_measured(analysis)
    screen = Ground(paired=sampler.paired, level=level.for_screening(thresholds.screen_alpha))
    first = judge(baseline, analysis, screen, thresholds)
    limit_ms = max(LOOKS_LEAST_MS, (time.perf_counter() - began) * 1000)
    doubtful = _doubtful(first, thresholds, paired=sampler.paired)
    again = _look_again(sampler.fresh(), first, doubtful, level, limit_ms, thresholds) if doubtful else {}
    judgement = replace(
        first,
        verdicts=tuple(again.get(verdict.id, verdict) for verdict in first.verdicts),
        notes=(*first.notes, *_busy_notes(sampler.busy_ratio, thresholds)),
    )
    return Trial(judgement=judgement, baseline=baseline, analysis=analysis, looked_again=len(again))


def _busy_notes(ratio: float, thresholds: Thresholds) -> Iterator[str]:
    if ratio >= thresholds.busy_ratio:
        yield f"the machine was busy, fixed work took {ratio:.1f} times its best: small slowdowns may be missed"


def _doubtful(judgement: Judgement, thresholds: Thresholds, *, paired: bool) -> dict[str, Verdict]:
    """Return the verdicts that more data may well change."""
    return {
        verdict.id: verdict
        for verdict in judgement.verdicts
        if verdict.cause is Cause.SKIPPED
        or _is_doubtful(verdict, judgement.timings.get(verdict.id), thresholds, paired=paired)
    }


def _is_doubtful(verdict: Verdict, timing: Timing | None, thresholds: Thresholds, *, paired: bool) -> bool:
    """Tell whether a case failed, or its time seems another.

    Side by side, a case that does more as its data grew is in doubt until it is all but sure that it takes no longer.
    """
    if verdict.gate in {Gate.FAILED, Gate.ERROR}:
        return True
    if timing is None:
        return False
    if paired and verdict.kind is VerdictKind.DATA_GREW:
        sure = replace(thresholds.paired, alpha=thresholds.inconclusive_alpha)
        return not timing.at(sure).not_longer
    changed_plan = verdict.kind is VerdictKind.PLAN_CHANGED
    return timing.slower or timing.faster or (changed_plan and timing.longer)


def _look_again(
    sampler: Sampler,
    first: Judgement,
    doubtful: Mapping[str, Verdict],
    level: Level,
    limit_ms: float,
    thresholds: Thresholds,
) -> dict[str, Verdict]:
    """Return the verdicts of measuring the doubtful cases anew; one for which no time was left is inconclusive.

    A case is looked at no further when it fails, when its change is clear, and when it no longer looks like one. Those
    that fail leave the others a larger share of alpha (Holm, "A Simple Sequentially Rejective Multiple Test
    Procedure", 1979). The first look is taken whole, whatever the limit.
    """
    assert first.ground is not None
    looks = LOOKS[sampler.paired]
    found = {case: _unproved(verdict) for case, verdict in doubtful.items()}
    timings: dict[str, Timing] = {}
    left = set(doubtful)
    limit = Stopwatch(float("inf"))
    for number, rounds in enumerate(looks):
        for _ in range(rounds):
            if not sampler.is_spent:
                sampler.round(left)
        proved = sum(verdict.gate is Gate.FAILED for verdict in found.values())
        strict = replace(first.ground, level=level.shared_by((len(doubtful) - proved) * len(looks)))
        judgement = judge(*sampler.evidence(), strict, thresholds)
        for verdict in judgement.verdicts:
            if verdict.id in left and verdict.gate is not Gate.SKIPPED:
                found[verdict.id] = verdict
        timings |= {case: timing for case, timing in judgement.timings.items() if case in left}
        loose = still_doubtful(level, number, thresholds)
        left = {
            case
            for case in left
            if not _is_clear(found[case], timings.get(case), paired=sampler.paired)
            and _is_doubtful(found[case], timings[case].at(loose), thresholds, paired=sampler.paired)
        }
        limit = limit if number else Stopwatch(limit_ms)
        if not left or limit.is_over() or sampler.is_spent:
            break
    return {case: _told(verdict, timings.get(case), level, thresholds) for case, verdict in found.items()}


def still_doubtful(level: Level, look: int, thresholds: Thresholds) -> Level:
    """Return the level at which a case is still in doubt after a look (0 the first): each halves the chance to stay."""
    return level.for_screening(thresholds.screen_alpha / 2**look)


def _is_clear(verdict: Verdict, timing: Timing | None, *, paired: bool) -> bool:
    """Tell whether more sessions cannot change what is said of a case."""
    if timing is None or not timing.counts:
        return True
    if paired and verdict.kind is VerdictKind.MORE_WORK:
        return timing.longer or timing.not_longer
    return timing.longer or timing.shorter or verdict.gate in {Gate.FAILED, Gate.ERROR}


def _told(verdict: Verdict, timing: Timing | None, level: Level, thresholds: Thresholds) -> Verdict:
    """Return the verdict, inconclusive where "same" would be a guess: it seems slower, and may be so by what matters."""
    if verdict.kind is not VerdictKind.SAME or timing is None or not timing.counts:
        return verdict
    timing = timing.at(replace(level, alpha=thresholds.inconclusive_alpha))
    may_matter = (timing.high - 1) * timing.before_ms >= level.floor_ms
    seems_slower = timing.ratio**2 >= level.ratio
    if not (seems_slower and may_matter) or timing.high < thresholds.inconclusive_ratio:
        return verdict
    return replace(
        verdict,
        kind=VerdictKind.INCONCLUSIVE,
        gate=Gate.WARNING,
        cause=Cause.TOO_NOISY,
        message=(
            f"{verdict.id}: the same work, but its time may be {timing.low:.2f} to {timing.high:.2f} times what it was:"
            " too noisy to tell"
        ),
        hint="measure on a quieter machine, or for longer: --budget",
    )


def _unproved(verdict: Verdict) -> Verdict:
    """Return what is said of a case that looked changed, when no time was left to look again."""
    if verdict.gate not in {Gate.FAILED, Gate.ERROR} or _cannot_run(verdict):
        return verdict
    return replace(
        verdict,
        kind=VerdictKind.INCONCLUSIVE,
        gate=Gate.WARNING,
        message=f"{verdict.message}; seen once, and the budget was spent before a second look",
        hint="give more time: --budget",
    )


def _cannot_run(verdict: Verdict) -> bool:
    """Tell whether a case did not run for a reason that does not pass by itself."""
    sqlstate = str(verdict.evidence.get("sqlstate", ""))
    return verdict.gate is Gate.ERROR and (
        verdict.cause is Cause.REFUSED or sqlstate.startswith(_LASTING_ERRORS)
    )
