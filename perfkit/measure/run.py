"""Measures a workload: each case on the server, its plan through the rules, and the whole against the target."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from types import MappingProxyType

from perfkit import stats
from perfkit.catalog.model import Case, Query
from perfkit.catalog.workload import Undrawn, WeightedCase, Workload
from perfkit.errors import (
    ConnectError,
    GuardError,
    MeasureError,
    NothingMeasuredError,
    PerfkitError,
    StatementError,
)
from perfkit.measure.model import (
    Analysis,
    CaseResult,
    Manner,
    Problem,
    ProblemKind,
    Progress,
    Server,
    Summary,
)
from perfkit.measure.session import run_case
from perfkit.plan.facts import Facts
from perfkit.plan.model import Plan, walk
from perfkit.plan.rules import find_problems
from perfkit.plan.runs import Runs, Statement

# A server that is gone is not asked a hundred times more.
_LOST_CONNECTIONS = 3
_NONE: Mapping[str, float] = MappingProxyType({})


def measure(workload: Workload, server: Server, manner: Manner, progress: Progress) -> Analysis:
    """Return the workload measured, each plan with its nodes' times; one case that fails never stops the rest.

    Raises ConnectError when the server was never reached and NothingMeasuredError when no case ran.
    """
    measured_at = datetime.now(UTC)
    run = partial(run_case, server, samples=manner.samples, timed=True)
    outcomes, facts = run_all(workload.cases, server, run, progress)
    analysis = analysis_of(workload, outcomes, facts, manner, measured_at=measured_at)
    refuse_nothing_measured(analysis)
    return analysis


def analysis_of(
    workload: Workload,
    outcomes: Mapping[str, Runs | Problem],
    facts: Facts,
    manner: Manner,
    *,
    measured_at: datetime,
    calibration: Mapping[str, float] = _NONE,
) -> Analysis:
    """Return what the outcomes of a workload's cases, by id, say."""
    results = (
        *(
            _result(weighted, outcomes[weighted.case.id], facts, manner.target_ms)
            for weighted in workload.cases
            if weighted.case.id in outcomes
        ),
        *(_undrawn_result(undrawn, manner.target_ms) for undrawn in workload.undrawn),
    )
    return Analysis(
        measured_at=measured_at,
        samples=manner.samples,
        plan_mode=manner.plan_mode,
        facts=facts,
        results=results,
        summary=summarise(results, manner.target_ms),
        calibration=calibration,
    )


def statement_of(query: Query, case: Case) -> Statement:
    """Return what is to be executed for a case."""
    return Statement(
        text=query.statement,
        types=tuple(param.type for param in query.params),
        values=tuple(case.values[param.name] for param in query.params),
        writes="write" in query.allowed,
        volatile="volatile" in query.allowed,
    )


def run_all(
    cases: Sequence[WeightedCase],
    server: Server,
    run: Callable[[Statement], Runs],
    progress: Progress,
) -> tuple[dict[str, Runs | Problem], Facts]:
    """Return the outcome of `run` for each case, by id, and the facts.

    What writes runs last, for it leaves dead rows that reads would meet. A relation's facts are those of the moment
    when it was first met: later, writes may have made it larger, or autovacuum smaller, than the cases saw it.
    """
    facts = server.facts(())
    outcomes: dict[str, Runs | Problem] = {}
    lost = 0
    for weighted in writes_last(cases):
        case = weighted.case
        progress(len(outcomes), len(cases), case.id)
        if lost >= _LOST_CONNECTIONS:
            outcomes[case.id] = Problem(
                kind=ProblemKind.SKIPPED, message="the server can no longer be reached"
            )
            continue
        try:
            outcomes[case.id] = runs = run(statement_of(weighted.query, case))
            facts = with_relations_of(runs.plan, facts, server)
            lost = 0
        except MeasureError as error:
            lost = lost + 1 if isinstance(error, ConnectError) else 0
            outcomes.setdefault(case.id, problem_of(error))
    progress(len(outcomes), len(cases), "")
    return outcomes, facts


def writes_last(cases: Iterable[WeightedCase]) -> list[WeightedCase]:
    """Return the cases in their order, but those that write after those that read."""
    return sorted(cases, key=may_write)


def may_write(weighted: WeightedCase) -> bool:
    """Tell whether the case's query is allowed to write."""
    return "write" in weighted.query.allowed


def with_relations_of(plan: Plan, facts: Facts, server: Server) -> Facts:
    """Return the facts with those of the plan's relations that they lack."""
    names = {f"{node.schema}.{node.relation}" for node in walk(plan.root) if node.schema and node.relation}
    if names <= facts.relations.keys():
        return facts
    return replace(facts, relations={**server.facts([plan]).relations, **facts.relations})


def problem_of(error: PerfkitError) -> Problem:
    """Return why a case has no runs, from the error that kept it from running."""
    return Problem(
        kind=ProblemKind.REFUSED if isinstance(error, GuardError) else ProblemKind.ERROR,
        message=error.message,
        hint=error.hint,
        sqlstate=error.sqlstate if isinstance(error, StatementError) else "",
    )


def refuse_nothing_measured(analysis: Analysis) -> None:
    """Raise NothingMeasuredError when no case ran, with the first reason that is one."""
    if analysis.summary.measured:
        return
    problems = [result.problem for result in analysis.results if result.problem]
    problem = min(problems, key=lambda each: each.kind is ProblemKind.SKIPPED, default=None)
    if problem is None:
        raise NothingMeasuredError(
            "no case was measured: the selection is empty", hint="see: perfkit catalog list"
        )
    raise NothingMeasuredError(f"no case was measured: {problem.message}", hint=problem.hint)


def _result(weighted: WeightedCase, outcome: Runs | Problem, facts: Facts, target_ms: float) -> CaseResult:
    query = weighted.query
    runs = outcome if isinstance(outcome, Runs) else None
    findings = find_problems(runs.plan, facts) if runs else ()
    return CaseResult(
        case=weighted.case,
        query=query,
        weight=weighted.weight,
        budget_ms=_budget_ms(query, target_ms),
        runs=runs,
        problem=outcome if isinstance(outcome, Problem) else None,
        findings=tuple(finding for finding in findings if finding.rule not in query.allowed),
    )


def _undrawn_result(undrawn: Undrawn, target_ms: float) -> CaseResult:
    """Return the result that stands for all the cases that a query should have had."""
    query, error = undrawn.query, undrawn.error
    return CaseResult(
        case=Case(query=query.name, name="draw", values={}, line=query.draws[0].line),
        query=query,
        weight=0.0,
        budget_ms=_budget_ms(query, target_ms),
        runs=None,
        problem=replace(problem_of(error), message=f"its cases could not be drawn: {error.message}"),
        findings=(),
    )


def _budget_ms(query: Query, target_ms: float) -> float:
    return target_ms if query.budget_ms is None else query.budget_ms


def summarise(results: Sequence[CaseResult], target_ms: float) -> Summary:
    """Return the workload's mean and share within budget, by weight, over the cases that ran; 0 when none did."""
    ran = [result for result in results if result.runs]
    weights = [result.weight for result in ran] or [1.0]
    kinds = [result.problem.kind for result in results if result.problem]
    return Summary(
        measured=len(ran),
        failed=kinds.count(ProblemKind.ERROR),
        refused=kinds.count(ProblemKind.REFUSED),
        skipped=kinds.count(ProblemKind.SKIPPED),
        mean_ms=stats.weighted_mean([result.median_ms or 0.0 for result in ran] or [0.0], weights),
        target_ms=target_ms,
        share_within_budget=stats.weighted_mean(
            [float(bool(result.within_budget)) for result in ran] or [0.0], weights
        ),
    )
