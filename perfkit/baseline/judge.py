"""The judge: a measured workload held against its baseline, a verdict a case. Pure."""

from collections.abc import Iterator, Mapping

from perfkit.baseline.causes import lost_statistics
from perfkit.baseline.change import judge_change
from perfkit.baseline.comparable import (
    Obstacle,
    case_obstacle,
    differences,
    query_obstacle,
    refuse_incomparable,
    server_obstacle,
)
from perfkit.baseline.comparison import Comparison
from perfkit.baseline.model import CaseBaseline, QueryBaseline
from perfkit.baseline.thresholds import THRESHOLDS, Thresholds
from perfkit.baseline.times import Pair, Times, compare_times
from perfkit.baseline.timing import Ground
from perfkit.baseline.verdict import Cause, Gate, Judgement, Verdict, VerdictKind
from perfkit.baseline.work import judge_work
from perfkit.catalog.model import Case
from perfkit.measure.model import Analysis, CaseResult, Problem, ProblemKind
from perfkit.plan.shape import shape_of


def judge(
    baseline: Mapping[str, QueryBaseline],
    analysis: Analysis,
    ground: Ground | None = None,
    thresholds: Thresholds = THRESHOLDS,
) -> Judgement:
    """Return the verdicts on every case of the run and of the baseline; both hold the same chosen queries.

    Without a `ground` the run is held against a stored baseline: it raises NotComparableError when version, plan mode or
    planner settings make the whole run incomparable. On paired ground what differs may be a cause instead.
    """
    ground = ground or Ground(paired=False, level=thresholds.stored)
    if not ground.paired:
        refuse_incomparable(baseline, analysis)
    times = compare_times(_pairs(baseline, analysis), baseline, analysis, ground, thresholds)
    measured = (_judge_result(result, baseline, analysis, times, thresholds) for result in analysis.results)
    return Judgement(
        verdicts=(*measured, *_missing(baseline, analysis)),
        notes=times.notes,
        ground=times.ground,
        timings=times.timings,
    )


def _pairs(baseline: Mapping[str, QueryBaseline], analysis: Analysis) -> dict[str, Pair]:
    found = {}
    for result in analysis.results:
        query = baseline.get(result.query.name)
        before = query.cases.get(result.case.name) if query else None
        if before and result.runs:
            found[result.case.id] = Pair(before=before, now=result.runs, shape=shape_of(result.runs.plan))
    return found


def _judge_result(
    result: CaseResult,
    baseline: Mapping[str, QueryBaseline],
    analysis: Analysis,
    times: Times,
    thresholds: Thresholds,
) -> Verdict:
    query = baseline.get(result.query.name)
    before = query.cases.get(result.case.name) if query else None
    if result.problem:
        return _judge_problem(result, result.problem, was_measured=before is not None)
    paired = times.ground.paired
    obstacle = _obstacle(result, query, before, analysis, paired=paired)
    if obstacle:
        return _not_comparable(result.case, obstacle)
    if query is None or before is None or result.runs is None:
        return _new(result.case, paired=paired)
    shape = shape_of(result.runs.plan)
    accepted = before.accepted_with(shape)
    comparison = Comparison(
        case=result.case,
        query=query,
        before=before,
        accepted=accepted,
        runs=result.runs,
        shape=shape,
        facts=analysis.facts,
        writes="write" in result.query.allowed,
        weight=result.weight,
        timing=times.timings[result.case.id],
        paired=paired,
        differences=differences(query, result.query, analysis) if paired else (),
    )
    is_known = accepted is not None or shape == before.shape
    verdict = judge_work(comparison, thresholds) if is_known else judge_change(comparison, thresholds)
    if verdict.cause is not Cause.STATISTICS_LOST or paired:
        return verdict
    why = dict(lost_statistics(comparison))[verdict.cause]
    return _not_comparable(
        result.case, Obstacle(cause=verdict.cause, reason=why, hint="ANALYZE it, and measure again")
    )


def _obstacle(
    result: CaseResult,
    query: QueryBaseline | None,
    before: CaseBaseline | None,
    analysis: Analysis,
    *,
    paired: bool,
) -> Obstacle | None:
    if query is None:
        return None
    around = None if paired else query_obstacle(query, result.query) or server_obstacle(query, analysis)
    return around or (case_obstacle(before, result.case) if before else None)


def _judge_problem(result: CaseResult, problem: Problem, *, was_measured: bool) -> Verdict:
    """Return the verdict on a case that did not run.

    A refusal is an error where the same case ran before, as the gate would go blind, but not for a write: whether
    writes may run is a choice of the user's.
    """
    case = result.case
    refused = problem.kind is ProblemKind.REFUSED
    is_choice = refused and ("write" in result.query.allowed or not was_measured)
    if problem.kind is ProblemKind.SKIPPED or is_choice:
        cause = Cause.REFUSED if refused else Cause.SKIPPED
        return _unjudged(case, VerdictKind.SKIPPED, cause, f"was not run: {problem.message}", problem.hint)
    cause, what = (Cause.REFUSED, "is refused now") if refused else (Cause.STATEMENT_FAILED, "failed")
    return Verdict(
        query=case.query,
        case=case.name,
        kind=VerdictKind.ERROR,
        gate=Gate.ERROR,
        cause=cause,
        message=f"{case.id} {what}: {problem.message}",
        evidence={"sqlstate": problem.sqlstate} if problem.sqlstate else {},
        hint=problem.hint,
    )


def _new(case: Case, *, paired: bool) -> Verdict:
    if paired:
        return _unjudged(case, VerdictKind.NEW, Cause.NOT_IN_BASELINE, "is new: nothing to compare with", "")
    hint = f"record it: perfkit baseline --only {case.query}"
    return _unjudged(case, VerdictKind.NEW, Cause.NOT_IN_BASELINE, "is not in the baseline", hint)


def _not_comparable(case: Case, obstacle: Obstacle) -> Verdict:
    what = f"is not comparable: {obstacle.reason}"
    return _unjudged(case, VerdictKind.NOT_COMPARABLE, obstacle.cause, what, obstacle.hint)


def _unjudged(case: Case, kind: VerdictKind, cause: Cause, what: str, hint: str) -> Verdict:
    return Verdict(
        query=case.query,
        case=case.name,
        kind=kind,
        gate=Gate.SKIPPED,
        cause=cause,
        message=f"{case.id} {what}",
        evidence={},
        hint=hint,
    )


def _missing(baseline: Mapping[str, QueryBaseline], analysis: Analysis) -> Iterator[Verdict]:
    """Yield a verdict on every case that the baseline has and the run has not."""
    ran = {result.case.id for result in analysis.results}
    for query in baseline.values():
        for name in query.cases:
            if f"{query.query}/{name}" not in ran:
                yield Verdict(
                    query=query.query,
                    case=name,
                    kind=VerdictKind.MISSING,
                    gate=Gate.SKIPPED,
                    cause=Cause.NOT_IN_RUN,
                    message=f"{query.query}/{name} is in the baseline, but not in this run",
                    evidence={},
                    hint="record the whole catalog when it was removed on purpose: perfkit baseline",
                )
