"""Derived numbers of real plans, held to what the same numbers give by hand."""

from copy import deepcopy
from pathlib import Path

import pytest

from perfkit.plan.counters import count
from perfkit.plan.derive import Numbers, derive
from perfkit.plan.model import Node, Plan, walk
from perfkit.plan.parse import parse_plan
from tests.unit.plan.goldens import JSON_FILES, document, find, load, name_of

MAJORS = (14, 15, 16, 17, 18)
# Workers share the work in another way in every run, and a write finds what the one before it wrote.
_REPEATABLE = [
    path.stem
    for path in JSON_FILES
    if path.parent.name == "18" and not path.stem.startswith(("workers", "write", "trigger"))
]


def _total_ms(node: Node) -> float:
    assert node.actual is not None
    assert node.actual.total_ms is not None
    return node.actual.total_ms


def _numbers(plan: Plan) -> list[tuple[Node, Numbers]]:
    """Return the nodes in EXPLAIN's order, each with its numbers."""
    tree = derive(plan)
    return [(node, tree.numbers[node]) for node in tree.nodes]


@pytest.mark.parametrize("major", MAJORS)
def test_three_processes_add_up_rows_and_blocks_and_not_time(major: int) -> None:
    plan = load("workers", major)
    (_, limit), (sort, _), (_, whole), (gather, gathered), (partial, _), (scan, scanned) = _numbers(plan)
    assert scanned.loops == 3
    assert scanned.rows == pytest.approx(59_760, abs=2)
    assert scanned.removed_by_filter == pytest.approx(240, abs=2)
    assert scanned.own_blocks == scanned.blocks == 701
    assert [gathered.own_blocks, whole.own_blocks, limit.own_blocks] == [0, 0, 0]
    assert scanned.own_ms == scanned.elapsed_ms == pytest.approx(_total_ms(scan))
    assert gathered.own_ms == pytest.approx(max(0.0, _total_ms(gather) - _total_ms(partial)))
    assert limit.own_ms == pytest.approx(_total_ms(plan.root) - _total_ms(sort))


@pytest.mark.parametrize("path", [path for path in JSON_FILES if "workers" not in path.stem], ids=name_of)
def test_own_times_add_up_to_the_whole(path: Path) -> None:
    plan = load(path.stem, int(path.parent.name))
    numbers = [numbers for _, numbers in _numbers(plan)]
    # EXPLAIN rounds the time of a loop to a microsecond.
    rounding_ms = 0.01 + sum(0.0005 * one.loops for one in numbers)
    if plan.timed:
        assert sum(one.own_ms or 0.0 for one in numbers) == pytest.approx(
            _total_ms(plan.root), abs=rounding_ms, rel=0.02
        )


@pytest.mark.parametrize("major", MAJORS)
def test_a_cte_is_paid_for_by_its_two_scans_and_its_blocks_are_its_own(major: int) -> None:
    named = [(node, numbers) for node, numbers in _numbers(load("cte", major))]
    cte = next(node for node, _ in named if node.subplan_name == "CTE big")
    init_plan = next(node for node, _ in named if (node.subplan_name or "").startswith("InitPlan"))
    scans = [(node, numbers) for node, numbers in named if node.type == "CTE Scan"]
    spent = sum(_total_ms(node) for node, _ in scans) - _total_ms(cte) - _total_ms(init_plan)
    assert sum(numbers.own_ms or 0.0 for _, numbers in scans) == pytest.approx(max(0.0, spent), abs=0.1)
    assert sum(numbers.own_blocks for _, numbers in scans) == 0
    assert next(numbers for node, numbers in named if node.relation == "gift").own_blocks == 701


@pytest.mark.parametrize("major", MAJORS)
def test_what_never_ran_took_nothing_and_estimated_nothing(major: int) -> None:
    plan = load("never_executed", major)
    scan = derive(plan).numbers[find(plan, "Seq Scan")]
    assert (scan.rows, scan.loops, scan.own_ms, scan.blocks, scan.share) == (0, 0, 0, 0, 0)
    assert scan.q_error is None


@pytest.mark.parametrize("major", MAJORS)
def test_a_scan_that_a_limit_stopped_is_no_wrong_estimate(major: int) -> None:
    plan = load("limit_order", major)
    (_, limit), (scan, scanned) = _numbers(plan)
    assert (limit.rows, scanned.rows, scanned.removed_by_filter) == (3, 3, 8_706)
    assert limit.q_error is None
    assert scanned.q_error is None
    assert limit.own_ms == pytest.approx(_total_ms(plan.root) - _total_ms(scan))
    assert limit.own_blocks == 0


@pytest.mark.parametrize("major", MAJORS)
def test_without_timing_there_are_blocks_and_errors_of_estimate_and_no_times(major: int) -> None:
    plan = load("timing_off", major)
    numbers = derive(plan).numbers[plan.root]
    assert (numbers.elapsed_ms, numbers.own_ms, derive(plan).total_ms) == (None, None, None)
    assert (numbers.rows, numbers.removed_by_filter, numbers.own_blocks) == (30, 59_970, 701)
    assert plan.root.plan_rows is not None
    assert numbers.q_error == pytest.approx(max(30 / plan.root.plan_rows, plan.root.plan_rows / 30))


def test_an_inner_side_takes_its_time_and_rows_once_for_each_loop() -> None:
    plan = load("nested_loop_seq")
    inner = find(plan, "Nested Loop").children[1]
    numbers = derive(plan).numbers[inner]
    assert inner.actual is not None
    assert numbers.loops == 2_999
    assert numbers.elapsed_ms == pytest.approx(_total_ms(inner) * 2_999)
    assert numbers.rows == pytest.approx(inner.actual.rows * 2_999)


@pytest.mark.parametrize("major", MAJORS)
def test_a_cached_inner_side_ran_as_often_as_the_cache_missed(major: int) -> None:
    _, (_, joined), (_, outer), (memoize, cached), (index, searched) = _numbers(
        load("nested_loop_memoize", major)
    )
    assert (outer.rows, cached.loops, cached.rows, joined.rows) == (60_000,) * 4
    assert memoize.number("Cache Misses") == searched.loops == searched.rows == 50
    assert searched.elapsed_ms == pytest.approx(_total_ms(index) * 50)
    assert cached.own_ms == pytest.approx(max(0.0, _total_ms(memoize) * 60_000 - _total_ms(index) * 50))
    assert (searched.own_blocks, cached.own_blocks, cached.blocks, outer.own_blocks) == (150, 0, 150, 701)
    assert cached.q_error is None


def test_an_init_plan_is_taken_from_the_scan_that_uses_its_value() -> None:
    (scan, scanned), (aggregate, summed), (table, read) = _numbers(load("subplan_once"))
    assert aggregate.relationship == "InitPlan"
    assert scanned.own_ms == pytest.approx(_total_ms(scan) - _total_ms(aggregate))
    assert summed.own_ms == pytest.approx(_total_ms(aggregate) - _total_ms(table))
    assert (scanned.own_blocks, summed.own_blocks, read.own_blocks) == (3, 0, 109)
    assert (scanned.own_ms or 0.0) < 0.1 * _total_ms(scan)


@pytest.mark.parametrize("major", MAJORS)
def test_a_write_counts_the_rows_it_changed_and_the_log_it_wrote(major: int) -> None:
    update, upsert = count(load("write", major)), count(load("write_upsert", major))
    assert update.rows == 49
    assert upsert.rows == 9
    for name, counters in (("write", update), ("write_upsert", upsert)):
        said = document(name, major)[0]["Plan"]
        assert (counters.wal_records, counters.wal_bytes) == (said["WAL Records"], said["WAL Bytes"])
        assert counters.wal_records > counters.rows


@pytest.mark.parametrize("form", ["json", "txt"])
@pytest.mark.parametrize("major", [15, 17, 18])
def test_rows_that_a_write_left_alone_are_not_counted(major: int, form: str) -> None:
    """Hold 14 rows: 5 conflict, or 9 are inserted, 4 updated and 1 is passed over."""
    assert count(load("write_nothing", major, form=form)).rows == 9
    assert count(load("write_merge", major, form=form)).rows == 13


@pytest.mark.parametrize("major", MAJORS)
def test_counters_add_up_loops_and_workers_of_all_nodes(major: int) -> None:
    counters = count(load("workers", major))
    assert (counters.workers_planned, counters.workers_launched) == (2, 2)
    assert (counters.rows, counters.loops, counters.shared_blocks) == (4, 10, 701)


def test_blocks_are_counted_wherever_they_came_from() -> None:
    plan = document("seq_scan_loss")
    cold = deepcopy(plan)
    cold[0]["Plan"] |= {"Shared Hit Blocks": 1, "Shared Read Blocks": 700, "Local Read Blocks": 3}
    warm, read = count(parse_plan(plan)), count(parse_plan(cold))
    assert (warm.shared_blocks, warm.shared_read_blocks, warm.local_blocks) == (701, 0, 0)
    assert (read.shared_blocks, read.shared_read_blocks, read.local_blocks) == (701, 700, 3)


@pytest.mark.parametrize("name", _REPEATABLE)
def test_json_and_text_are_counted_alike(name: str) -> None:
    from_json, from_text = count(load(name)), count(load(name, form="txt"))
    assert from_json.shared_blocks == from_text.shared_blocks
    assert (from_json.rows, from_json.loops) == (from_text.rows, from_text.loops)
    assert from_json.temp_written_blocks == from_text.temp_written_blocks


def test_counters_of_a_plan_that_was_not_run_are_nothing() -> None:
    counters = count(load("cost_only"))
    assert (counters.rows, counters.loops, counters.shared_blocks, counters.wal_records) == (0, 0, 0, 0)
    assert all(node.actual is None for node in walk(load("cost_only").root))
