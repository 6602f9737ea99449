"""EXPLAIN's text format: the same tree as JSON where it says the same."""

from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfkit.errors import PerfkitError
from perfkit.plan.model import Buffers, Node, Plan, Wal, walk
from perfkit.plan.read import read_plan
from perfkit.plan.shape import shape_of
from tests.unit.plan.goldens import CALM, FOLDER, JSON_FILES, name_of

# Two runs of these differ in more than time: by how the workers shared the work, by what the first one wrote.
_DIFFER = {
    "workers",
    "workers_hash",
    "workers_sort",
    "write",
    "write_upsert",
    "write_merge",
    "write_nothing",
    "trigger",
    "trigger_foreign_key",
}
_TEXTS = sorted(FOLDER.glob("*/*.txt"))


def _facts(node: Node) -> dict[str, Any]:
    """Return what both formats say of a node, without times, zeros, and how many blocks were in the cache."""
    said: dict[str, Any] = {
        field.name: getattr(node, field.name)
        for field in fields(node)
        if field.name not in {"actual", "buffers", "wal", "extra", "children"}
    }
    if node.actual:
        said["actual"] = node.actual.rows, node.actual.loops, node.actual.total_ms is None
    said["blocks"] = (node.buffers or Buffers()).touched
    said["wal"] = node.wal or Wal()
    # Text says that the inner side is unique with VERBOSE only.
    left_out = {"Workers", "Inner Unique"}
    said |= {
        key: value for key, value in node.extra.items() if value and "Time" not in key and key not in left_out
    }
    return said


@pytest.mark.parametrize("path", [path for path in JSON_FILES if path.stem not in _DIFFER], ids=name_of)
def test_text_and_json_give_the_same_tree(path: Path) -> None:
    from_json, from_text = _both(path)
    assert [_facts(node) for node in walk(from_text.root)] == [_facts(node) for node in walk(from_json.root)]


@pytest.mark.parametrize("path", JSON_FILES, ids=name_of)
def test_text_and_json_give_the_same_shape_and_surroundings(path: Path) -> None:
    from_json, from_text = _both(path)
    assert shape_of(from_text).text == shape_of(from_json).text
    assert from_text.settings == from_json.settings
    assert from_text.query_identifier == from_json.query_identifier
    assert (from_text.execution_ms is None) == (from_json.execution_ms is None)
    assert [(one.name, one.constraint, one.calls) for one in from_text.triggers] == [
        (one.name, one.constraint, one.calls) for one in from_json.triggers
    ]
    assert (from_text.jit and from_text.jit.options) == (from_json.jit and from_json.jit.options)


def _both(path: Path) -> tuple[Plan, Plan]:
    return read_plan(path.read_text("utf-8")), read_plan(path.with_suffix(".txt").read_text("utf-8"))


def test_a_condition_with_a_line_break_in_it_stays_whole() -> None:
    plan = read_plan(
        "Seq Scan on t  (cost=0.00..35.50 rows=10 width=4) (actual time=0.1..0.2 rows=1 loops=1)\n"
        "  Filter: (a = 'one\ntwo'::text)\n  Rows Removed by Filter: 9\n"
    )
    assert plan.root.text("Filter") == "(a = 'one\ntwo'::text)"
    assert plan.root.number("Rows Removed by Filter") == 9


def test_each_worker_has_its_own_numbers() -> None:
    plan = read_plan(
        "Gather  (cost=1.00..2.00 rows=1 width=4) (actual rows=2 loops=1)\n"
        "  Workers Planned: 1\n  Workers Launched: 1\n"
        "  ->  Sort  (cost=1.00..2.00 rows=1 width=4) (actual rows=1 loops=2)\n"
        "        Sort Key: a\n        Sort Method: quicksort  Memory: 25kB\n"
        "        Worker 0:  actual rows=1 loops=1\n          Sort Method: external merge  Disk: 80kB\n"
        "        ->  Parallel Seq Scan on t  (cost=0.00..1.00 rows=1 width=4) (actual rows=1 loops=2)\n"
    )
    sort = plan.root.children[0]
    assert sort.text("Sort Method") == "quicksort"
    assert sort.extra["Workers"][0]["Sort Space Used"] == 80
    assert sort.children[0].parallel_aware
    assert (plan.root.workers_planned, plan.root.workers_launched) == (1, 1)


def test_a_plan_without_costs_is_known_by_its_first_operator() -> None:
    assert (
        read_plan("Nested Loop\n  ->  Seq Scan on a\n  ->  Seq Scan on b\n").root.children[1].relation == "b"
    )


def test_a_text_plan_of_two_thousand_levels_is_read() -> None:
    lines = ["Limit  (cost=0.00..1.00 rows=1 width=4)"]
    lines += [f"{'  ' * level}->  Limit  (cost=0.00..1.00 rows=1 width=4)" for level in range(1, 2_000)]
    assert sum(1 for _ in walk(read_plan("\n".join(lines)).root)) == 2_000


@CALM
@given(st.data())
def test_damaged_text_gives_a_plan_or_an_error_of_ours(data: st.DataObject) -> None:
    text = data.draw(st.sampled_from(_TEXTS)).read_text("utf-8")
    for _ in range(data.draw(st.integers(1, 6))):
        start = data.draw(st.integers(0, len(text)))
        end = min(len(text), start + data.draw(st.integers(0, 40)))
        text = text[:start] + data.draw(st.text(max_size=6)) + text[end:]
    try:
        plan = read_plan(text)
    except PerfkitError:
        return
    assert plan.root.type is not None
    shape_of(plan)
