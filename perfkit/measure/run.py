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
    facts = server.facts(())
    outcomes: dict[int, Runs | Problem] = {}
    for places in _reads_and_writes(workload.cases):
        _run_all(workload.cases, places, outcomes, server, samples=samples, progress=progress)
        facts = _facts_after(facts, server, [outcomes[place] for place in places])
    progress(len(outcomes), len(outcomes), "")
    if not any(isinstance(outcome, Runs) for outcome in outcomes.values()):
        raise _nothing_measured(outcomes.values())
    results = (
        *(
            _result(weighted, outcomes[place], facts, target_ms)
            for place, weighted in enumerate(workload.cases)
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


def _reads_and_writes(cases: Sequence[WeightedCase]) -> tuple[list[int], list[int]]:
    """Return the places of the cases that read and of those that write.

    These run last: they leave dead rows, which the reads would meet.
    """
    writes = [place for place, weighted in enumerate(cases) if "write" in weighted.query.allowed]
    return [place for place in range(len(cases)) if place not in writes], writes


def _run_all(
    cases: Sequence[WeightedCase],
    places: Sequence[int],
    outcomes: dict[int, Runs | Problem],
    server: Server,
    *,
    samples: int,
    progress: Progress,
) -> None:
    """Run the cases at these places and put what came of each into `outcomes`."""
    lost = 0
    for place in places:
        query, case = cases[place].query, cases[place].case
        progress(len(outcomes), len(cases), case.id)
        if lost >= _LOST_CONNECTIONS:
            outcomes[place] = Problem(kind=ProblemKind.SKIPPED, message="the server can no longer be reached")
            continue
        try:
            outcomes[place] = server.run(statement_of(query, case), samples=samples)
            lost = 0
        except MeasureError as error:
            lost = lost + 1 if isinstance(error, ConnectError) else 0
            outcomes[place] = _problem(error)


def _facts_after(before: Facts, server: Server, outcomes: Sequence[Runs | Problem]) -> Facts:
    """Return the facts with the relations of these runs; what was known of a relation before its writes stays.

    A server that died in the middle takes its statistics with it, not what was measured before.
    """
    ran = [outcome for outcome in outcomes if isinstance(outcome, Runs)]
    if not ran:
        return before
    try:
        now = server.facts(runs.plan for runs in ran)
    except ConnectError:
        if len(ran) == len(outcomes):
            raise
        return before
    return replace(now, relations={**now.relations, **before.relations})


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
        budget_ms=target_ms if query.budget_ms is None else query.budget_ms,
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
        budget_ms=target_ms if query.budget_ms is None else query.budget_ms,
        runs=None,
        problem=replace(_problem(error), message=f"its cases could not be drawn: {error.message}"),
        findings=(),
    )


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
