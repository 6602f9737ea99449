"""Shapes of real plans: one for each statement on every major version, none with a person's data in it."""

import re
from collections import defaultdict
from itertools import count
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfkit.plan.diff import diff_plans
from perfkit.plan.parse import parse_plan
from perfkit.plan.shape import shape_from_text, shape_of
from tests.unit.plan.goldens import CALM, JSON_FILES, document, load, name_of

_MAJORS: defaultdict[str, list[int]] = defaultdict(list)
for _path in JSON_FILES:
    _MAJORS[_path.stem].append(int(_path.parent.name))
# Newer servers print another expression for a hashed subplan and an InitPlan's value, or plan EXCEPT in another way.
_NEW_WORDS = {"cte", "subplan_hashed", "subplan_not_in", "union"}
_STRING = re.compile(r"'((?:[^']|'')*)'(?=::)")
_NUMBER = re.compile(r"(?<![\w$.'\"])\d+(?![\w.'\"])")


@pytest.mark.parametrize("name", [name for name in _MAJORS if len(_MAJORS[name]) > 1])
def test_a_statement_has_one_shape_on_every_major(name: str) -> None:
    shapes = {shape_of(load(name, major)).text for major in _MAJORS[name]}
    assert (len(shapes) == 1) == (name not in _NEW_WORDS)


@pytest.mark.parametrize("path", JSON_FILES, ids=name_of)
def test_no_string_of_a_condition_is_in_the_shape(path: Any) -> None:
    plan = document(path.stem, int(path.parent.name))
    marks = (f"secret{number}" for number in count())
    marked = _in_conditions(plan, lambda text: _STRING.sub(lambda _: f"'{next(marks)}'", text))
    shape = shape_of(parse_plan(marked)).text
    assert "secret" not in shape
    assert shape == shape_of(parse_plan(plan)).text


@pytest.mark.parametrize("path", JSON_FILES, ids=name_of)
def test_no_digit_is_in_the_shape_but_in_names(path: Any) -> None:
    shape = shape_of(load(path.stem, int(path.parent.name))).text
    assert re.search(r"(?<!\w)[\d.]*\d", re.sub(r'"(?:[^"]|"")*"', "", shape)) is None


@CALM
@given(st.sampled_from(JSON_FILES), st.integers(0, 10**15), st.text(max_size=12))
def test_other_literals_do_not_change_the_shape_of_a_real_plan(path: Any, number: int, word: str) -> None:
    plan = document(path.stem, int(path.parent.name))
    quoted = word.replace("'", "''")

    def with_others(text: str) -> str:
        kept = re.split(r"""('(?:[^']|'')*'|"(?:[^"]|"")*"|(?:SubPlan|InitPlan) \d+)""", text)
        kept[::2] = [_NUMBER.sub(str(number), part) for part in kept[::2]]
        return _STRING.sub(lambda _: f"'{quoted}'", "".join(kept))

    other = _in_conditions(plan, with_others)
    assert shape_of(parse_plan(other)).text == shape_of(parse_plan(plan)).text


def _in_conditions(value: Any, change: Any, key: str = "") -> Any:
    """Return the document with the texts of its conditions changed."""
    if isinstance(value, dict):
        return {name: _in_conditions(item, change, name) for name, item in value.items()}
    if isinstance(value, list):
        return [_in_conditions(item, change, key) for item in value]
    return change(value) if isinstance(value, str) and key.endswith(("Cond", "Filter")) else value


@pytest.mark.parametrize("path", JSON_FILES, ids=name_of)
def test_a_stored_text_gives_the_shape_back(path: Any) -> None:
    shape = shape_of(load(path.stem, int(path.parent.name)))
    assert shape_from_text(shape.text) == shape
    assert diff_plans(shape_from_text(shape.text), shape).text == ""


@pytest.mark.parametrize(
    ("written", "mirrored"),
    [
        ("(p.id = g.person_id)", "(g.person_id = p.id)"),
        ("(g.amount > p.visits)", "(p.visits < g.amount)"),
        ("(g.amount >= 100)", "(7 <= g.amount)"),
        ("((g.a = 1) AND (g.b < 2))", "((g.b < 4) AND (3 = g.a))"),
    ],
)
@pytest.mark.parametrize("key", ["Filter", "Join Filter"])
def test_a_comparison_written_the_other_way_round_is_the_same_shape(
    key: str, written: str, mirrored: str
) -> None:
    assert _shape_with(key, written) == _shape_with(key, mirrored)


@pytest.mark.parametrize("other", ["(g.person_id < p.id)", "(p.id = g.id)", "(p.id > g.person_id)"])
def test_another_comparison_is_another_shape(other: str) -> None:
    assert _shape_with("Join Filter", "(p.id < g.person_id)") != _shape_with("Join Filter", other)


def _shape_with(key: str, condition: str) -> str:
    return shape_of(parse_plan([{"Plan": {"Node Type": "Nested Loop", key: condition}}])).text


def test_working_in_parallel_is_another_shape_and_a_worker_that_did_not_start_is_not() -> None:
    plan = document("workers")
    launched = shape_of(parse_plan(plan)).text
    assert "Gather" in launched
    assert "Parallel Seq Scan on alumni.gift" in launched
    gather = plan[0]["Plan"]["Plans"][0]["Plans"][0]["Plans"][0]
    assert gather["Node Type"] == "Gather"
    gather["Workers Launched"] = 0
    assert shape_of(parse_plan(plan)).text == launched


def test_an_index_that_is_lost_is_named_even_with_quotes_and_below_a_join() -> None:
    plan = document("nested_loop_index")
    inner = plan[0]["Plan"]["Plans"][1]
    assert inner["Parent Relationship"] == "Inner"
    before = parse_plan(plan)
    lost = inner.pop("Index Name")
    inner["Node Type"] = "Seq Scan"
    difference = diff_plans(before, parse_plan(plan))
    assert difference.indexes_lost == (lost,)
    assert difference.indexes_gained == ()
    inner |= {"Node Type": "Index Only Scan", "Index Name": 'By "Hand"'}
    assert diff_plans(before, parse_plan(plan)).indexes_gained == ('"By ""Hand"""',)
