"""Where a rule begins: real plans with a number changed to stand just before its threshold, and on it."""

from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import pytest

from perfkit.findings import Severity
from perfkit.plan.parse import parse_plan
from perfkit.plan.rules import find_problems
from tests.unit.plan.goldens import document


@dataclass(frozen=True, slots=True)
class Edge:
    """A golden and a node of it, by a key and its value ("" for the document): what to change it to."""

    rule: str
    golden: str
    key: str
    value: str
    silent: dict[str, Any]
    fires: dict[str, Any]
    major: int = 18


def _removed(rows: int, **others: Any) -> dict[str, Any]:
    return {"Rows Removed by Filter": rows} | {key.replace("_", " "): value for key, value in others.items()}


def _bitmap(lossy: int, rechecked: int, **others: Any) -> dict[str, Any]:
    counts = {"Lossy Heap Blocks": lossy, "Rows Removed by Index Recheck": rechecked}
    return counts | {key.replace("_", " "): value for key, value in others.items()}


def _triggers(time_ms: float, execution_ms: float) -> dict[str, Any]:
    return {
        "Triggers": [{"Trigger Name": "audit", "Time": time_ms, "Calls": 9}],
        "Execution Time": execution_ms,
    }


def _compiled(total_ms: float) -> dict[str, Any]:
    return {"JIT": {"Functions": 8, "Timing": {"Total": total_ms}}, "Execution Time": 50.0}


EDGES = [
    # 10,000 rows removed; 90 % of those read
    Edge("seq-scan", "seq_scan_loss", "Node Type", "Seq Scan", _removed(9_999), _removed(10_000)),
    Edge(
        *("seq-scan", "seq_scan_loss", "Node Type", "Seq Scan"),
        _removed(89_999, Actual_Rows=10_001),
        _removed(90_000, Actual_Rows=10_000),
    ),
    # 1,000 rows removed; 100 for each one returned
    Edge("limit-order-scan", "limit_order", "Node Type", "Index Scan", _removed(999), _removed(1_000)),
    Edge(
        *("limit-order-scan", "limit_order", "Node Type", "Index Scan"),
        _removed(1_999, Actual_Rows=20),
        _removed(2_000, Actual_Rows=20),
    ),
    # ten times as many rows as expected, and 1,000 of them
    Edge(
        "row-misestimate", "misestimate", "Node Type", "Seq Scan", {"Plan Rows": 6_001}, {"Plan Rows": 6_000}
    ),
    Edge(
        *("row-misestimate", "misestimate", "Node Type", "Seq Scan"),
        {"Plan Rows": 10, "Actual Rows": 999},
        {"Plan Rows": 10, "Actual Rows": 1_000},
    ),
    # 1,000 loops; 30 % of 37.855 ms in a sequential scan; half of 71.061 ms in lookups
    Edge(
        *("nested-loop", "nested_loop_seq", "Relation Name", "Odd Name"),
        {"Actual Loops": 999, "Actual Total Time": 0.02},
        {"Actual Loops": 1_000, "Actual Total Time": 0.02},
    ),
    Edge(
        *("nested-loop", "nested_loop_seq", "Relation Name", "Odd Name"),
        {"Actual Loops": 1_000, "Actual Total Time": 0.0113},
        {"Actual Loops": 1_000, "Actual Total Time": 0.0114},
    ),
    Edge(
        *("nested-loop", "nested_loop_index", "Relation Name", "person"),
        {"Actual Loops": 1_000, "Actual Total Time": 0.0355},
        {"Actual Loops": 1_000, "Actual Total Time": 0.0356},
    ),
    Edge(
        *("correlated-subplan", "subplan_correlated", "Parent Relationship", "SubPlan"),
        {"Actual Loops": 999},
        {"Actual Loops": 1_000},
    ),
    Edge(
        *("or-join-filter", "or_join", "Node Type", "Nested Loop"),
        {"Rows Removed by Join Filter": 9_999},
        {"Rows Removed by Join Filter": 10_000},
    ),
    # a tenth of 524 exact blocks and the lossy ones; 1,000 rows rechecked in vain; half of those fetched
    Edge("lossy-bitmap", "bitmap_lossy", "Node Type", "Bitmap Heap Scan", _bitmap(58, 0), _bitmap(59, 0)),
    Edge(
        *("lossy-bitmap", "bitmap_lossy", "Node Type", "Bitmap Heap Scan"),
        _bitmap(0, 999, Actual_Rows=20),
        _bitmap(0, 1_000, Actual_Rows=20),
    ),
    Edge(
        *("lossy-bitmap", "bitmap_lossy", "Node Type", "Bitmap Heap Scan"),
        _bitmap(0, 2_999, Actual_Rows=3_000),
        _bitmap(0, 3_000, Actual_Rows=3_000),
    ),
    # a tenth of 27,090 rows; 1,000 of 5,000
    Edge(
        *("heap-fetches", "heap_fetches", "Node Type", "Index Only Scan"),
        {"Heap Fetches": 2_708},
        {"Heap Fetches": 2_709},
    ),
    Edge(
        *("heap-fetches", "heap_fetches", "Node Type", "Index Only Scan"),
        {"Heap Fetches": 999, "Actual Rows": 5_000},
        {"Heap Fetches": 1_000, "Actual Rows": 5_000},
    ),
    # 20 rows of a page and 1,000 before it
    Edge(
        *("large-offset", "offset_large", "Node Type", "Index Scan"),
        {"Actual Rows": 1_019},
        {"Actual Rows": 1_020},
    ),
    # 1,667 blocks: 50 a row; 1,000 blocks in all
    Edge("read-efficiency", "bloat", "Node Type", "Seq Scan", {"Actual Rows": 34}, {"Actual Rows": 33}),
    Edge(
        *("read-efficiency", "bloat", "Node Type", "Seq Scan"),
        {"Shared Hit Blocks": 999},
        {"Shared Hit Blocks": 1_000},
    ),
    # a fifth of the time; 10 ms, and as much as the execution; a fifth of the time and 1 ms
    Edge("jit-time", "jit", "", "", _compiled(9.99), _compiled(10.0), major=15),
    Edge("planning-time", "planning", "", "", {"Planning Time": 9.99}, {"Planning Time": 10.0}),
    Edge("planning-time", "planning", "", "", {"Execution Time": 33.0}, {"Execution Time": 32.0}),
    Edge("trigger-time", "trigger_foreign_key", "", "", _triggers(39.9, 200.0), _triggers(40.0, 200.0)),
    Edge("trigger-time", "trigger_foreign_key", "", "", _triggers(0.99, 4.0), _triggers(1.0, 4.0)),
]


def _rules(decoded: Any) -> set[str]:
    return {finding.rule for finding in find_problems(parse_plan(decoded))}


def _changed(edge: Edge, values: dict[str, Any]) -> Any:
    decoded = deepcopy(document(edge.golden, edge.major))
    if not edge.key:
        decoded[0] |= values
        return decoded
    pending = [decoded[0]["Plan"]]
    while pending:
        node = pending.pop()
        pending += node.get("Plans", [])
        if node.get(edge.key) == edge.value:
            node |= values
    return decoded


@pytest.mark.parametrize("edge", EDGES, ids=lambda edge: f"{edge.rule}-{'-'.join(edge.fires)}")
def test_a_rule_begins_at_its_threshold(edge: Edge) -> None:
    assert edge.rule not in _rules(_changed(edge, edge.silent))
    assert edge.rule in _rules(_changed(edge, edge.fires))


@pytest.mark.parametrize(("blocks", "fires"), [(7_010, True), (7_011, False)])
def test_a_scan_of_less_than_a_tenth_of_time_and_blocks_is_no_matter(blocks: int, *, fires: bool) -> None:
    decoded = document("seq_scan_loss")
    scan = decoded[0]["Plan"]
    decoded[0] |= {
        "Plan": scan
        | {"Node Type": "Sort", "Shared Hit Blocks": blocks, "Actual Total Time": 900.0, "Plans": [scan]},
        "Execution Time": 900.0,
    }
    assert ("seq-scan" in _rules(decoded)) is fires


@pytest.mark.parametrize(("expected", "severity"), [(61, Severity.WARNING), (60, Severity.ERROR)])
def test_a_thousand_times_the_expected_rows_below_a_join_is_an_error(
    expected: int, severity: Severity
) -> None:
    edge = Edge("row-misestimate", "misestimate_join", "Relation Name", "gift", {}, {"Plan Rows": expected})
    findings = find_problems(parse_plan(_changed(edge, edge.fires)))
    assert {finding.severity for finding in findings if finding.rule == edge.rule} == {severity}


@pytest.mark.parametrize(
    ("partitions", "used", "fires"), [(8, 2, True), (8, 3, False), (4, 1, True), (3, 0, False)]
)
def test_few_of_many_partitions_have_rows(partitions: int, used: int, *, fires: bool) -> None:
    decoded = document("partitions_all")
    append = decoded[0]["Plan"]
    append["Plans"] = append["Plans"][:partitions]
    for number, member in enumerate(append["Plans"]):
        member["Actual Rows"] = 10 if number < used else 0
    assert ("partition-pruning" in _rules(decoded)) is fires
