"""The judge: a measured workload held against its baseline, a verdict a case. Pure."""

from collections.abc import Iterator, Mapping

from perfkit import stats
from perfkit.baseline.change import judge_change
from perfkit.baseline.comparable import (
    Obstacle,
    case_obstacle,
    query_obstacle,
    refuse_incomparable,
    server_obstacle,
)
from perfkit.baseline.comparison import Comparison, blocks_of
from perfkit.baseline.model import CaseBaseline, QueryBaseline
from perfkit.baseline.thresholds import THRESHOLDS, Thresholds
from perfkit.baseline.timing import compare_times, machine_ratio
from perfkit.baseline.verdict import Cause, Gate, Judgement, Verdict, VerdictKind
from perfkit.baseline.work import judge_work
from perfkit.catalog.model import Case
from perfkit.measure.model import Analysis, CaseResult, Problem, ProblemKind
from perfkit.plan.counters import Counters
from perfkit.plan.runs import Runs
from perfkit.plan.shape import Shape, shape_of


def judge(
    baseline: Mapping[str, QueryBaseline], analysis: Analysis, thresholds: Thresholds = THRESHOLDS
) -> Judgement:
    """Return the verdicts on every case of the run and of the baseline; both hold the same chosen queries.

    Raises NotComparableError when version, plan mode or planner settings make the whole run incomparable.
    """
    refuse_incomparable(baseline, analysis)
    ratio = machine_ratio(_unchanged_medians(baseline, analysis), thresholds)
    measured = (_judge_result(result, baseline, analysis, ratio, thresholds) for result in analysis.results)
    return Judgement(verdicts=(*measured, *_missing(baseline, analysis)))


def _judge_result(
    result: CaseResult,
    baseline: Mapping[str, QueryBaseline],
    analysis: Analysis,
    ratio: float,
    thresholds: Thresholds,
) -> Verdict:
    query = baseline.get(result.query.name)
    before = query.cases.get(result.case.name) if query else None
    if result.problem:
        return _judge_problem(result, result.problem, was_measured=before is not None)
    obstacle = _obstacle(result, query, before, analysis)
    if obstacle:
        return _not_comparable(result.case, obstacle)
    if query is None or before is None or result.runs is None:
        return _new(result.case)
    known = _known_counters(before, shape := shape_of(result.runs.plan))
    comparison = Comparison(
        case=result.case,
        query=query,
        before=before,
        reference=known or before.counters,
        accepted=shape != before.shape and known is not None,
        runs=result.runs,
        shape=shape,
        facts=analysis.facts,
        writes="write" in result.query.allowed,
        timing=compare_times(
            before.execution_ms, result.runs.execution_ms, machine_ratio=ratio, thresholds=thresholds
        ),
    )
    return judge_work(comparison, thresholds) if known else judge_change(comparison, thresholds)


def _known_counters(before: CaseBaseline, shape: Shape) -> Counters | None:
    """Return what a plan of this shape counted when it was recorded or accepted, None for a plan that is neither."""
    if shape == before.shape:
        return before.counters
    return next((plan.counters for plan in before.accepted if plan.shape == shape), None)


def _obstacle(
    result: CaseResult, query: QueryBaseline | None, before: CaseBaseline | None, analysis: Analysis
) -> Obstacle | None:
    if query is None:
        return None
    obstacle = query_obstacle(query, result.query) or server_obstacle(query, analysis)
    return obstacle or (case_obstacle(before, result.case) if before else None)


def _unchanged_medians(
    baseline: Mapping[str, QueryBaseline], analysis: Analysis
) -> Iterator[tuple[float, float]]:
    """Yield the medians before and now of every case with the same plan and the same work."""
    for result in analysis.results:
        query = baseline.get(result.query.name)
        before = query.cases.get(result.case.name) if query else None
        if before and result.runs and _is_unchanged(before, result.runs):
            yield stats.median(before.execution_ms), stats.median(result.runs.execution_ms)


def _is_unchanged(before: CaseBaseline, runs: Runs) -> bool:
    return (
        blocks_of(before.counters) == blocks_of(runs.counters)
        and before.counters.rows == runs.counters.rows
        and before.shape == shape_of(runs.plan)
    )


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


def _new(case: Case) -> Verdict:
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
