"""Measures a workload: each case on the server, its plan through the rules, and the whole against the target."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime

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
from perfkit.measure.model import Analysis, CaseResult, Problem, ProblemKind, Progress, Server, Summary
from perfkit.plan.facts import Facts
from perfkit.plan.model import Plan, walk
from perfkit.plan.rules import find_problems
from perfkit.plan.runs import Runs, Statement

# A server that is gone is not asked a hundred times more.
_LOST_CONNECTIONS = 3


def measure(
    workload: Workload, server: Server, *, samples: int, plan_mode: str, target_ms: float, progress: Progress
) -> Analysis:
    """Return the workload measured; one case that fails never stops the rest.

    Raises ConnectError when the server was never reached and NothingMeasuredError when no case ran.
    """
    measured_at = datetime.now(UTC)
    outcomes, facts = _run_all(workload.cases, server, samples, progress)
    if not any(isinstance(outcome, Runs) for outcome in outcomes):
        raise _nothing_measured(outcomes)
    results = (
        *(
            _result(weighted, outcome, facts, target_ms)
            for weighted, outcome in zip(workload.cases, outcomes, strict=True)
        ),
        *(_undrawn_result(undrawn, target_ms) for undrawn in workload.undrawn),
    )
    return Analysis(
        measured_at=measured_at,
        samples=samples,
        plan_mode=plan_mode,
        facts=facts,
        results=results,
        summary=summarise(results, target_ms),
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


def _run_all(
    cases: Sequence[WeightedCase], server: Server, samples: int, progress: Progress
) -> tuple[list[Runs | Problem], Facts]:
    """Return the outcomes in the workload's order, and the facts.

    What writes runs last, for it leaves dead rows that reads would meet. A relation's facts are those of the moment
    when it was first met: later, writes may have made it larger, or autovacuum smaller, than the cases saw it.
    """
    facts = server.facts(())
    order = sorted(range(len(cases)), key=lambda place: "write" in cases[place].query.allowed)
    outcomes: dict[int, Runs | Problem] = {}
    lost = 0
    for place in order:
        query, case = cases[place].query, cases[place].case
        progress(len(outcomes), len(cases), case.id)
        if lost >= _LOST_CONNECTIONS:
            outcomes[place] = Problem(kind=ProblemKind.SKIPPED, message="the server can no longer be reached")
            continue
        try:
            outcomes[place] = runs = server.run(statement_of(query, case), samples=samples)
            facts = _with_relations_of(runs.plan, facts, server)
            lost = 0
        except MeasureError as error:
            lost = lost + 1 if isinstance(error, ConnectError) else 0
            outcomes.setdefault(place, _problem(error))
    progress(len(outcomes), len(cases), "")
    return [outcomes[place] for place in range(len(cases))], facts


def _with_relations_of(plan: Plan, facts: Facts, server: Server) -> Facts:
    names = {f"{node.schema}.{node.relation}" for node in walk(plan.root) if node.schema and node.relation}
    if names <= facts.relations.keys():
        return facts
    return replace(facts, relations={**server.facts([plan]).relations, **facts.relations})


def _problem(error: PerfkitError) -> Problem:
    return Problem(
        kind=ProblemKind.REFUSED if isinstance(error, GuardError) else ProblemKind.ERROR,
        message=error.message,
        hint=error.hint,
        sqlstate=error.sqlstate if isinstance(error, StatementError) else "",
    )


def _nothing_measured(outcomes: Iterable[Runs | Problem]) -> NothingMeasuredError:
    problem = next((outcome for outcome in outcomes if isinstance(outcome, Problem)), None)
    if problem is None:
        return NothingMeasuredError(
            "no case was measured: the selection is empty", hint="see: perfkit catalog list"
        )
    return NothingMeasuredError(f"no case was measured: {problem.message}", hint=problem.hint)


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
        problem=replace(_problem(error), message=f"its cases could not be drawn: {error.message}"),
        findings=(),
    )


def _budget_ms(query: Query, target_ms: float) -> float:
    return target_ms if query.budget_ms is None else query.budget_ms


def summarise(results: Sequence[CaseResult], target_ms: float) -> Summary:
    """Return the workload's mean and share within budget, by weight, over the cases that ran (at least one)."""
    ran = [result for result in results if result.runs]
    weights = [result.weight for result in ran]
    kinds = [result.problem.kind for result in results if result.problem]
    return Summary(
        measured=len(ran),
        failed=kinds.count(ProblemKind.ERROR),
        refused=kinds.count(ProblemKind.REFUSED),
        skipped=kinds.count(ProblemKind.SKIPPED),
        mean_ms=stats.weighted_mean([result.median_ms or 0.0 for result in ran], weights),
        target_ms=target_ms,
        share_within_budget=stats.weighted_mean(
            [float(bool(result.within_budget)) for result in ran], weights
        ),
    )
