"""What a call of a case takes where it was not run: as a baseline has it, or by the planner's costs alone."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from enum import StrEnum

from perfkit import stats
from perfkit.catalog.workload import WeightedCase
from perfkit.indexes import thresholds
from perfkit.measure.model import CaseResult
from perfkit.plan.counters import count
from perfkit.plan.model import Plan
from perfkit.plan.runs import Runs, Session


class Times(StrEnum):
    """Where the times of the cases come from."""

    MEASURED = "measured"
    BASELINE = "baseline"
    COST = "cost"


def unmeasured_results(
    cases: Sequence[WeightedCase], plans: Mapping[str, Plan], known_ms: Mapping[str, float]
) -> tuple[CaseResult, ...]:
    """Return the cases that have a plan, as if each had taken what is known of it, by id, or what its cost lets expect.

    A cost is taken for as many ms as the cases that are known take by theirs, or else as is usual.
    """
    known = [
        known_ms[name] / cost for name, plan in plans.items() if name in known_ms and (cost := cost_of(plan))
    ]
    rate = stats.median(known) if known else thresholds.MS_PER_COST
    return tuple(
        _result(each, plan, known_ms.get(each.case.id, rate * cost_of(plan)))
        for each in cases
        if (plan := plans.get(each.case.id))
    )


def cost_of(plan: Plan) -> float:
    """Return what the planner takes the plan to cost in all."""
    return plan.root.total_cost or 0.0


def _result(weighted: WeightedCase, plan: Plan, ms: float) -> CaseResult:
    session = Session(at=datetime.now(UTC), execution_ms=(ms,), planning_ms=())
    return CaseResult(
        case=weighted.case,
        query=weighted.query,
        weight=weighted.weight,
        budget_ms=0.0,
        runs=Runs(plan=plan, counters=count(plan), counters_repeat=True, sessions=(session,)),
        problem=None,
        findings=(),
    )
