"""Plans that no server made: spoilt goldens give a result or an error of ours in every step, and depth is no limit."""

import json
import re
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfkit.errors import DamagedFileError, PerfkitError
from perfkit.plan.counters import count
from perfkit.plan.derive import derive
from perfkit.plan.diff import diff_plans
from perfkit.plan.label import label
from perfkit.plan.model import Plan, walk
from perfkit.plan.parse import parse_plan
from perfkit.plan.read import read_plan
from perfkit.plan.rules import find_problems
from perfkit.plan.shape import shape_of
from perfkit.report.data import to_data
from tests.unit.plan.goldens import CALM, JSON_FILES, document, load, name_of

_STRANGE: st.SearchStrategy[Any] = st.sampled_from(
    [
        *(None, True, -1, 2.5, 1e149, -1e149, 1e200, float("nan"), float("inf"), 10**400, 10**30),
        *("", "x", "'", "((", '"', "$1", "InitPlan 1", "CTE big", "(a = 1)"),
        *([], {}, [1], [[]], [None], {"a": 1}, ["(a = 1)", None]),
    ]
)


def _use(plan: Plan) -> None:
    """Take a plan through every step that a command takes it through."""
    derive(plan)
    count(plan)
    find_problems(plan)
    to_data(plan)
    assert diff_plans(plan, plan).text == ""
    assert diff_plans(load("cte"), shape_of(plan)).text is not None
    assert all(label(node) for node in walk(plan.root))


def _places(value: Any) -> list[tuple[Any, Any]]:
    """Return every container in a document with each of its keys."""
    places, pending = [], [value]
    while pending:
        item = pending.pop()
        if isinstance(item, dict | list):
            keys = list(item) if isinstance(item, dict) else range(len(item))
            places += [(item, key) for key in keys]
            pending += [item[key] for key in keys]
    return places


@CALM
@given(st.sampled_from(JSON_FILES), st.data())
def test_a_json_plan_with_strange_values_gives_results_or_an_error_of_ours(path: Any, data: Any) -> None:
    spoilt = deepcopy(document(path.stem, int(path.parent.name)))
    for container, key in data.draw(st.lists(st.sampled_from(_places(spoilt)), max_size=5)):
        container[key] = data.draw(_STRANGE)
    try:
        plan = parse_plan(spoilt)
    except PerfkitError:
        return
    _use(plan)


@CALM
@given(st.sampled_from(JSON_FILES), st.data())
def test_a_text_plan_with_strange_places_gives_results_or_an_error_of_ours(path: Any, data: Any) -> None:
    text = path.with_suffix(".txt").read_text("utf-8")
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(text)))
        piece = data.draw(st.sampled_from(["", "\n", "'", '"', "(", ": ", "-> ", "9" * 400, ".", "\0", "²"]))
        text = text[:start] + piece + text[start + data.draw(st.integers(0, 40)) :]
    try:
        plan = read_plan(text)
    except PerfkitError:
        return
    _use(plan)


@CALM
@given(st.sampled_from(JSON_FILES), st.floats(0, 1))
def test_a_json_plan_that_is_cut_off_is_told_with_its_file(path: Any, part: float) -> None:
    text = path.read_text("utf-8").strip()
    cut = text[: max(1, int(part * (len(text) - 1)))]
    with pytest.raises(DamagedFileError, match=r"^slow\.json: ") as caught:
        read_plan(cut, source="slow.json")
    assert caught.value.hint


@pytest.mark.parametrize(
    "operator", [{"Node Type": "Subquery Scan"}, {"Node Type": "Nested Loop", "Parent Relationship": "Inner"}]
)
def test_five_thousand_levels_pass_every_step(operator: dict[str, Any]) -> None:
    numbers = {"Plan Rows": 1, "Total Cost": 500.0, "Actual Rows": 50_000, "Actual Loops": 2_000}
    node: dict[str, Any] = {"Node Type": "Seq Scan", "Relation Name": "t", "Alias": "t", **numbers}
    for _ in range(5_000):
        node = {**operator, **numbers, "Actual Total Time": 9.0, "Shared Hit Blocks": 900, "Plans": [node]}
    plan = parse_plan([{"Plan": node}])
    _use(plan)
    assert len(derive(plan).nodes) == 5_001


def test_numbers_in_the_text_form_with_dots_in_strange_places_are_no_costs() -> None:
    plan = read_plan(
        "Limit  (cost=0.29..9.27 rows=1 width=4)\n  ->  Seq Scan on t  (cost=0.00..34..1 rows=1 width=4)"
    )
    assert plan.root.children[0].total_cost is None


@pytest.mark.parametrize("value", [1e200, 10**400, float("nan"), [[float("inf")]]])
def test_a_number_that_cannot_be_computed_with_is_told_with_its_key(value: Any) -> None:
    with pytest.raises(DamagedFileError, match='"Heap Fetches"'):
        parse_plan([{"Plan": {"Node Type": "Index Only Scan", "Heap Fetches": value}}])


@pytest.mark.parametrize("depth", [60, 5_000])
def test_a_value_that_is_nested_without_end_is_told_with_its_key(depth: int) -> None:
    text = '[{"Plan": {"Node Type": "Result", "Workers": ' + "[" * depth + "]" * depth + "}}]"
    with pytest.raises(DamagedFileError, match='"Workers"'):
        read_plan(text)


@pytest.mark.parametrize("path", JSON_FILES, ids=name_of)
def test_a_plan_without_the_names_of_its_tables_passes_every_step(path: Path) -> None:
    _use(parse_plan(re.sub(r'"Relation Name":"[^"]+",', "", path.read_text("utf-8"))))


def test_unknown_nodes_and_keys_pass_every_step() -> None:
    known = document("workers")
    known[0]["Plan"] |= {"Node Type": "Quantum Scan", "Spin": {"up": [1, True, None]}, "Jump": "(a = 1)"}
    plan = parse_plan(json.dumps(known))
    _use(plan)
    assert plan.root.extra["Spin"] == {"up": [1, True, None]}
    assert label(plan.root) == "Quantum Scan"
