"""Measures a workload: each case on the server, its plan through the rules, and the whole against the target."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from perfkit import stats
from perfkit.catalog.model import Case, Query
from perfkit.errors import ConnectError, GuardError, MeasureError, NothingMeasuredError, StatementError
from perfkit.measure.model import Analysis, CaseResult, Problem, ProblemKind, Progress, Server, Summary
from perfkit.plan.facts import Facts
from perfkit.plan.rules import find_problems
from perfkit.plan.runs import Runs, Statement

Workload = Sequence[tuple[Query, Case, float]]
"""Cases with their queries and weights, in calls per minute."""

# A server that is gone is not asked a hundred times more.
_LOST_CONNECTIONS = 3


def measure(
    workload: Workload, server: Server, *, samples: int, plan_mode: str, target_ms: float, progress: Progress
) -> Analysis:
    """Return the workload measured; one case that fails never stops the rest.

    Raises ConnectError when the server was never reached and NothingMeasuredError when no case ran.
    """
    measured_at = datetime.now(UTC)
    outcomes = _run_all(workload, server, samples, progress)
    ran = [runs for runs in outcomes if isinstance(runs, Runs)]
    if not ran:
        raise _nothing_measured(outcomes)
    facts = server.facts(runs.plan for runs in ran)
    results = tuple(
        _result(query, case, weight, outcome, facts, target_ms)
        for (query, case, weight), outcome in zip(workload, outcomes, strict=True)
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


def _run_all(workload: Workload, server: Server, samples: int, progress: Progress) -> list[Runs | Problem]:
    """Return the outcomes in the workload's order; what writes runs last, for it leaves dead rows that reads would meet."""
    order = sorted(range(len(workload)), key=lambda place: "write" in workload[place][0].allowed)
    outcomes: dict[int, Runs | Problem] = {}
    lost = 0
    for place in order:
        query, case, _ = workload[place]
        progress(len(outcomes), len(workload), case.id)
        if lost >= _LOST_CONNECTIONS:
            outcomes[place] = Problem(kind=ProblemKind.SKIPPED, message="the server can no longer be reached")
            continue
        try:
            outcomes[place] = server.run(statement_of(query, case), samples=samples)
            lost = 0
        except MeasureError as error:
            lost = lost + 1 if isinstance(error, ConnectError) else 0
            outcomes[place] = _problem(error)
    progress(len(outcomes), len(workload), "")
    return [outcomes[place] for place in range(len(workload))]


def _problem(error: MeasureError) -> Problem:
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


def _result(
    query: Query, case: Case, weight: float, outcome: Runs | Problem, facts: Facts, target_ms: float
) -> CaseResult:
    runs = outcome if isinstance(outcome, Runs) else None
    findings = find_problems(runs.plan, facts) if runs else ()
    return CaseResult(
        case=case,
        query=query,
        weight=weight,
        budget_ms=query.budget_ms if query.budget_ms is not None else target_ms,
        runs=runs,
        problem=outcome if isinstance(outcome, Problem) else None,
        findings=tuple(finding for finding in findings if finding.rule not in query.allowed),
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
