"""Counters and derived numbers: totals over loops and workers, own time, estimates that can be judged."""

from pathlib import Path
from typing import Any

import pytest

from perfkit.plan.counters import count
from perfkit.plan.derive import derive
from perfkit.plan.model import walk
from perfkit.plan.parse import parse_plan
from tests.unit.plan.goldens import JSON_FILES, find, load, name_of


def _node(
    node_type: str, *children: dict[str, Any], rows: float = 1, ms: float = 1.0, loops: int = 1, **keys: Any
) -> Any:
    """Return a node of a made plan; `ms` is its time for each loop."""
    return {
        "Node Type": node_type,
        "Plan Rows": 1,
        "Actual Rows": rows,
        "Actual Loops": loops,
        "Actual Total Time": ms,
        "Plans": list(children),
        **{key.replace("_", " "): value for key, value in keys.items()},
    }


@pytest.mark.parametrize("path", JSON_FILES, ids=name_of)
def test_own_numbers_are_within_the_whole(path: Path) -> None:
    tree = derive(load(path.stem, int(path.parent.name)))
    for node in tree.nodes:
        numbers = tree.numbers[node]
        assert 0 <= numbers.share <= 1
        assert 0 <= numbers.total_share <= 1
        assert 0 <= numbers.own_blocks <= tree.total_blocks or tree.total_blocks == 0
    assert sum(tree.numbers[node].own_blocks for node in tree.nodes) == tree.total_blocks
    temp_written = tree.plan.root.buffers.temp_written if tree.plan.root.buffers else 0
    assert sum(tree.numbers[node].own_temp_written for node in tree.nodes) == temp_written


def test_counters_are_the_root_s() -> None:
    plan = load("sort_spill")
    counters = count(plan)
    assert plan.root.buffers is not None
    assert counters.shared_blocks == plan.root.buffers.shared_hit + plan.root.buffers.shared_read
    assert counters.temp_written_blocks == plan.root.buffers.temp_written > 0
    assert counters.rows == 60_000


def test_rows_of_workers_are_added_up_and_their_time_is_not() -> None:
    plan = parse_plan(
        [
            {
                "Plan": _node(
                    "Gather",
                    _node("Seq Scan", rows=100, ms=30.0, loops=3),
                    rows=300,
                    ms=33.0,
                    Workers_Launched=2,
                )
            }
        ]
    )
    tree = derive(plan)
    scan = tree.numbers[find(plan, "Seq Scan")]
    assert scan.rows == 300
    assert scan.elapsed_ms == 30.0
    assert tree.numbers[plan.root].own_ms == pytest.approx(3.0)


def test_the_inner_side_of_a_loop_in_workers_takes_its_part_of_the_clock() -> None:
    inner = _node("Index Scan", ms=0.01, loops=3_000, Parent_Relationship="Inner")
    loop = _node(
        "Nested Loop", _node("Seq Scan", rows=1_000, ms=5.0, loops=3), inner, rows=1_000, ms=20.0, loops=3
    )
    plan = parse_plan([{"Plan": _node("Gather", loop, rows=3_000, ms=21.0)}])
    tree = derive(plan)
    assert tree.numbers[find(plan, "Index Scan")].elapsed_ms == pytest.approx(10.0)
    assert tree.numbers[find(plan, "Nested Loop")].own_ms == pytest.approx(5.0)


def test_a_cte_is_paid_for_once_by_those_who_scan_it() -> None:
    cte = _node("Aggregate", ms=80.0, Parent_Relationship="InitPlan", Subplan_Name="CTE big")
    first = _node("CTE Scan", ms=90.0, CTE_Name="big")
    second = _node("CTE Scan", ms=4.0, CTE_Name="big")
    plan = parse_plan([{"Plan": _node("Hash Join", cte, first, second, ms=100.0)}])
    own = [derive(plan).numbers[node].own_ms for node in walk(plan.root)]
    assert own == pytest.approx([6.0, 80.0, 10.0, 4.0])


@pytest.mark.parametrize(
    ("name", "use"), [("InitPlan 1 (returns $0)", "$0"), ("InitPlan 1", "(InitPlan 1).col1")]
)
def test_an_init_plan_is_paid_for_by_the_node_that_uses_it(name: str, use: str) -> None:
    init = _node("Aggregate", ms=70.0, Parent_Relationship="InitPlan", Subplan_Name=name)
    scan = _node("Seq Scan", ms=75.0, Filter=f"(a = {use})")
    plan = parse_plan([{"Plan": _node("Limit", init, _node("Sort", scan, ms=78.0), ms=79.0)}])
    own = [derive(plan).numbers[node].own_ms for node in walk(plan.root)]
    assert own == pytest.approx([1.0, 70.0, 3.0, 5.0])


def test_without_times_shares_are_of_blocks() -> None:
    plan = load("timing_off")
    numbers = derive(plan).numbers[plan.root]
    assert numbers.own_ms is None
    assert numbers.share == 1.0


def test_without_analyze_shares_are_of_cost() -> None:
    plan = load("cost_only")
    tree = derive(plan)
    assert tree.numbers[plan.root].total_share == 1.0
    assert sum(numbers.share for numbers in tree.numbers.values()) == pytest.approx(1.0, abs=0.01)


def test_nodes_that_were_stopped_early_or_never_ran_are_no_wrong_estimates() -> None:
    limited = load("limit_order_cheap")
    assert derive(limited).numbers[find(limited, "Index Scan")].q_error is None
    never = load("never_executed")
    assert all(derive(never).numbers[node].q_error is None for node in walk(never.root) if not node.executed)


def test_more_rows_than_expected_are_wrong_even_below_a_limit() -> None:
    scan = _node("Seq Scan", rows=5_000, ms=1.0)
    plan = parse_plan([{"Plan": _node("Limit", scan, rows=1)}])
    assert derive(plan).numbers[find(plan, "Seq Scan")].q_error == 5_000


def test_a_plan_of_five_thousand_levels_is_derived() -> None:
    inner: dict[str, Any] = _node("Seq Scan")
    for _ in range(5_000):
        inner = _node("Subquery Scan", inner)
    plan = parse_plan([{"Plan": inner}])
    assert len(derive(plan).nodes) == 5_001
