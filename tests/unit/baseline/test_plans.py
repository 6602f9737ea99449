"""Plans that were not run are judged by shape and cost: twice the cost fails, another shape is told, an error is one."""

import pytest

import tests.unit.baseline.workloads as w
from perfkit.baseline.plans import judge_plans
from perfkit.baseline.verdict import Cause, Gate, VerdictKind
from perfkit.catalog.workload import WeightedCase
from perfkit.plan.model import Plan
from perfkit.plan.parse import parse_plan
from perfkit.twin.compare import Planned, agreements


def _plan(kind: str, cost: float) -> Plan:
    node = {
        "Node Type": kind,
        "Schema": "alumni",
        "Relation Name": "person",
        "Alias": "person",
        "Startup Cost": 0.0,
        "Total Cost": cost,
        "Plan Rows": 10,
        "Plan Width": 8,
    }
    return parse_plan([{"Plan": node | ({"Index Name": "person_idx"} if kind == "Index Scan" else {})}])


INDEX, SEQ = "Index Scan", "Seq Scan"


def _judged(before: Planned, after: Planned) -> tuple[VerdictKind, Gate, Cause, str]:
    result = w.result(w.runs(w.index_plan()))
    case = WeightedCase(query=result.query, case=result.case, weight=1)
    (found,) = agreements((case,), {case.case.id: before}, {case.case.id: after})
    (verdict,) = judge_plans([found]).verdicts
    return verdict.kind, verdict.gate, verdict.cause, verdict.message


@pytest.mark.parametrize(
    ("before", "after", "kind", "gate"),
    [
        ((INDEX, 8.0), (INDEX, 8.0), VerdictKind.SAME, Gate.PASSED),
        ((INDEX, 8.0), (INDEX, 16.0), VerdictKind.SAME, Gate.PASSED),
        ((INDEX, 8.0), (INDEX, 16.1), VerdictKind.MORE_WORK, Gate.FAILED),
        ((INDEX, 0.0), (INDEX, 0.0), VerdictKind.SAME, Gate.PASSED),
        ((INDEX, 0.01), (INDEX, 0.05), VerdictKind.SAME, Gate.PASSED),
        ((INDEX, 0.0), (SEQ, 800.0), VerdictKind.PLAN_CHANGED, Gate.FAILED),
        ((INDEX, 8.0), (INDEX, 4.0), VerdictKind.LESS_WORK, Gate.PASSED),
        ((INDEX, 8.0), (SEQ, 800.0), VerdictKind.PLAN_CHANGED, Gate.FAILED),
        ((SEQ, 8.0), (INDEX, 8.1), VerdictKind.PLAN_CHANGED, Gate.WARNING),
        ((SEQ, 800.0), (INDEX, 8.0), VerdictKind.PLAN_CHANGED, Gate.PASSED),
    ],
)
def test_shape_and_cost_decide(
    before: tuple[str, float], after: tuple[str, float], kind: VerdictKind, gate: Gate
) -> None:
    judged = _judged(Planned(plan=_plan(*before)), Planned(plan=_plan(*after)))
    assert judged[:2] == (kind, gate)


def test_the_message_has_the_costs() -> None:
    message = _judged(Planned(plan=_plan(INDEX, 8.0)), Planned(plan=_plan(SEQ, 800.0)))[3]
    assert "cost 8.00 -> 800.00 (100x); the plan changed for the worse" in message


def test_a_statement_that_can_be_planned_no_more_is_an_error() -> None:
    broken = Planned(plan=None, problem="column year does not exist")
    kind, gate, cause, message = _judged(Planned(plan=_plan(INDEX, 8.0)), broken)
    assert (kind, gate, cause) == (VerdictKind.ERROR, Gate.ERROR, Cause.STATEMENT_FAILED)
    assert "column year does not exist" in message


def test_one_that_never_could_is_not_judged_and_one_that_now_can_is_new() -> None:
    broken = Planned(plan=None, problem="no such table")
    assert _judged(broken, broken)[:2] == (VerdictKind.SKIPPED, Gate.SKIPPED)
    assert _judged(broken, Planned(plan=_plan(INDEX, 8.0)))[:2] == (VerdictKind.NEW, Gate.SKIPPED)
