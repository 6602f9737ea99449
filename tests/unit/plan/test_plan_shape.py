"""Shapes: the same for the same way of working, whatever the numbers and literals; another for another way."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfkit.plan.diff import diff_plans
from perfkit.plan.expression import split_list, tokens, without_literals
from perfkit.plan.parse import parse_plan
from perfkit.plan.read import read_plan
from perfkit.plan.shape import shape_from_text, shape_of
from tests.unit.plan.goldens import CALM, JSON_FILES, chain, document, load


def _shape(node: dict[str, Any], **beside: Any) -> str:
    return shape_of(parse_plan([{"Plan": node, **beside}])).text


def _scan(alias: str, relation: str = "person", **keys: Any) -> dict[str, Any]:
    named = {key.replace("_", " "): value for key, value in keys.items()}
    return {"Node Type": "Seq Scan", "Relation Name": relation, "Alias": alias, "Schema": "alumni"} | named


@pytest.mark.parametrize(
    ("written", "general"),
    [
        ("(a = 'it''s'::text)", "(a = ?)"),
        (r"(a = E'it\'s'::text)", "(a = ?)"),
        ("(t1.c2 = 5)", "(t1.c2 = ?)"),
        ('("quoted 1"."t 2" > 1.5e10)', '("quoted 1"."t 2" > ?)'),
        ("(a = $1)", "(a = ?)"),
        ("(a = ANY ('{1,2,3}'::integer[]))", "(a = ANY (?))"),
        ("(a = ANY (ARRAY['x'::text, 'y'::text]))", "(a = ANY (ARRAY[?]))"),
        ("((a)::numeric(10,2) = '1'::numeric(10,2))", "((a)::numeric(?) = ?)"),
        ("(a > '2024-01-01'::timestamp(3) without time zone)", "(a > ?)"),
        ("(a > (now() - '1 day'::interval day to second))", "(a > (now() - ?))"),
        ("(a = B'101' AND b = X'1F' AND c = .5)", "(a = ? AND b = ? AND c = ?)"),
        ("((data ->> 'city'::text) = 'Rome'::text)", "((data ->> ?) = ?)"),
        ("(NOT (hashed SubPlan 12))", "(NOT (hashed SubPlan ?))"),
        ("(größe2 = 3)", "(größe2 = ?)"),
        ("(a = 'never closed", "(a = ?"),
        ("(x = pg_temp_12.f(y))", "(x = pg_temp.f(y))"),
    ],
)
def test_literals_go_and_names_stay(written: str, general: str) -> None:
    assert without_literals(written, {}) == general


@CALM
@given(st.text(max_size=40))
def test_tokens_lose_nothing(text: str) -> None:
    assert "".join(token.text for token in tokens(text)) == text


@CALM
@given(st.text(min_size=1).filter(lambda value: value.strip("?")), st.integers(0, 10**12))
def test_no_literal_is_left_in_a_shape(word: str, number: int) -> None:
    quoted = word.replace("'", "''")
    shape = _shape(_scan("p", Filter=f"((a = '{quoted}'::text) AND (b < {number}))"))
    assert shape == _shape(_scan("p", Filter="((a = 'x'::text) AND (b < 7))"))


@CALM
@given(st.sampled_from(JSON_FILES), st.integers(1, 1_000))
def test_numbers_do_not_change_a_shape(path: Any, factor: int) -> None:
    decoded = document(path.stem, int(path.parent.name))
    before = shape_of(parse_plan(decoded))
    assert shape_of(parse_plan(_scaled(decoded, factor))) == before


def _scaled(value: Any, factor: int) -> Any:
    if isinstance(value, dict):
        return {key: _scaled(item, factor) for key, item in value.items()}
    if isinstance(value, list):
        return [_scaled(item, factor) for item in value]
    return value * factor if isinstance(value, int | float) and not isinstance(value, bool) else value


def test_a_self_join_keeps_its_sides_apart() -> None:
    def join(outer: str, inner: str) -> str:
        sides = [
            _scan(outer, Parent_Relationship="Outer"),
            _scan(inner, Parent_Relationship="Inner", Filter="(a = 1)"),
        ]
        return _shape({"Node Type": "Nested Loop", "Plans": sides})

    assert join("p", "q") != join("q", "p")
    assert "outer: Seq Scan on alumni.person p" in join("p", "q")
    assert "inner: Seq Scan on alumni.person q" in join("p", "q")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"Node Type": "Aggregate", "Strategy": "Hashed"}, {"Node Type": "Aggregate", "Strategy": "Sorted"}),
        ({"Node Type": "Hash Join", "Join Type": "Inner"}, {"Node Type": "Hash Join", "Join Type": "Left"}),
        (_scan("p"), _scan("p", Parallel_Aware=True)),
        (_scan("p"), _scan("p") | {"Schema": "archive"}),
        ({"Node Type": "Index Scan", "Index Name": "a"}, {"Node Type": "Index Scan", "Index Name": "b"}),
        (
            {"Node Type": "Index Scan", "Scan Direction": "Forward"},
            {"Node Type": "Index Scan", "Scan Direction": "Backward"},
        ),
        ({"Node Type": "Sort", "Sort Key": ["a"]}, {"Node Type": "Sort", "Sort Key": ["a DESC"]}),
        (_scan("p", Filter="(a = 1)"), _scan("p", Filter="(b = 1)")),
    ],
)
def test_another_way_of_working_is_another_shape(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert _shape(one) != _shape(other)


@pytest.mark.parametrize(
    "key",
    [
        *(
            "Index Cond",
            "Recheck Cond",
            "TID Cond",
            "Hash Cond",
            "Merge Cond",
            "Join Filter",
            "Order By",
            "Filter",
        ),
        *("One-Time Filter", "Run Condition", "Cache Key", "Cache Mode", "Conflict Resolution", "Remote SQL"),
        *("Sort Key", "Presorted Key", "Group Key", "Grouping Sets", "Conflict Arbiter Indexes"),
    ],
)
def test_what_a_node_goes_by_is_part_of_its_shape(key: str) -> None:
    assert len({_shape(_scan("p") | {key: name}) for name in ("a", "b")} | {_shape(_scan("p"))}) == 3


@pytest.mark.parametrize(
    "key", ["Output", "Rows Removed by Filter", "Sort Method", "Hash Buckets", "Peak Memory Usage"]
)
def test_what_a_run_happened_to_take_is_no_part_of_the_shape(key: str) -> None:
    assert _shape(_scan("p") | {key: "x"}) == _shape(_scan("p"))


def test_jit_and_its_options_are_part_of_the_shape() -> None:
    plain = _shape(_scan("p"))
    compiled = _shape(_scan("p"), JIT={"Functions": 3, "Options": {"Inlining": False, "Expressions": True}})
    inlined = _shape(_scan("p"), JIT={"Functions": 3, "Options": {"Inlining": True, "Expressions": True}})
    assert len({plain, compiled, inlined}) == 3
    assert compiled.endswith("JIT: expressions")


def test_a_temporary_table_has_the_same_shape_in_every_session() -> None:
    assert _shape(_scan("t") | {"Schema": "pg_temp_3"}) == _shape(_scan("t") | {"Schema": "pg_temp_41"})


def _month(number: int, *, node_type: str = "Seq Scan") -> dict[str, Any]:
    alias = f"message_{number}"
    return _scan(alias, f"message_2026_{number:02}", Filter=f"({alias}.subject = 'x'::text)") | {
        "Node Type": node_type
    }


def _append(*members: dict[str, Any]) -> str:
    return _shape(
        {"Node Type": "Append", "Plans": [member | {"Parent Relationship": "Member"} for member in members]}
    )


def test_another_month_is_the_same_shape() -> None:
    alone = _shape(_scan("message", "message_2026_03", Filter="(message.subject = 'x'::text)"))
    assert _append(*(_month(number) for number in range(1, 13))) == _append(_month(4), _month(5)) == alone
    assert alone == "Seq Scan on alumni.message_* message | Filter: (message.subject = ?)"


def test_partitions_that_are_read_in_two_ways_are_two_lines_in_any_order() -> None:
    index = _month(2, node_type="Index Scan")
    assert _append(_month(1), index, _month(3)) == _append(index, _month(4))
    assert _append(_month(1), index).count("\n") == 2


def test_partitions_without_a_date_in_their_names_are_folded_too() -> None:
    members = [_scan(f"t_{number}", f"t_p{number}") for number in range(1, 5)]
    assert _append(*members) == _append(*members[:2]) == "Seq Scan on alumni.[partition] t"


def test_a_union_of_tables_keeps_all_its_arms() -> None:
    assert _append(_scan("person"), _scan("person_1")).count("\n") == 2
    assert _append(_scan("p"), _scan("p_1", "gift")) == (
        "Append\n  Seq Scan on alumni.person p\n  Seq Scan on alumni.gift p_1"
    )


def test_real_partitions_are_folded() -> None:
    assert shape_of(load("partitions_all")).text == (
        "Seq Scan on alumni.message_* message | Filter: ((message.sent_at)::date = ?)"
    )


def test_a_shape_of_three_thousand_levels_is_made() -> None:
    assert shape_of(read_plan(chain(3_000))).text.count("\n") == 3_000


def test_a_digest_is_short_and_follows_the_text() -> None:
    shape = shape_of(load("cte"))
    assert re.fullmatch(r"[0-9a-f]{16}", shape.digest)
    assert shape_from_text(shape.text) == shape
    assert shape_of(load("union")).digest != shape.digest


def test_a_difference_names_nodes_and_indexes_from_texts_alone() -> None:
    old, new = shape_of(load("bitmap_exact")), shape_of(load("seq_scan_all"))
    difference = diff_plans(shape_from_text(old.text), new)
    assert difference.indexes_lost == ("archive_pkey",)
    assert difference.indexes_gained == ()
    assert [line.split(" | ")[0] for line in difference.nodes_lost] == [
        "Bitmap Heap Scan on alumni.archive",
        "Bitmap Index Scan on archive_pkey",
    ]
    assert difference.nodes_gained == ("Seq Scan on alumni.gift | Filter: (gift.amount >= ?)",)
    assert "-Bitmap Heap Scan on alumni.archive" in difference.text
    assert "+Seq Scan on alumni.gift" in difference.text


def test_what_is_the_same_has_no_difference() -> None:
    difference = diff_plans(load("cte"), load("cte"))
    assert difference.text == ""
    assert difference.nodes_lost == difference.nodes_gained == ()


def test_a_node_that_only_moved_is_neither_lost_nor_gained() -> None:
    left, right = _scan("p", Parent_Relationship="Outer"), _scan("q", Parent_Relationship="Inner")
    turned = [right | {"Parent Relationship": "Outer"}, left | {"Parent Relationship": "Inner"}]
    plans = [
        parse_plan([{"Plan": {"Node Type": "Hash Join", "Plans": sides}}])
        for sides in ([left, right], turned)
    ]
    difference = diff_plans(*plans)
    assert difference.text
    assert difference.nodes_lost == difference.nodes_gained == ()


def test_lists_are_split_at_their_own_commas_only() -> None:
    assert split_list("a, f(b, c) DESC, 'x, y', \"d, e\", ARRAY[1, 2]") == [
        "a", "f(b, c) DESC", "'x, y'", '"d, e"', "ARRAY[1, 2]",
    ]  # fmt: skip
