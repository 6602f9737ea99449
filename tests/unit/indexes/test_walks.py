"""Walks through an index that end early: only rows that lie together in its order make them take more than they cost."""

from typing import Any

import pytest

from perfkit.indexes.walks import Node, WalkedIndex, unseen_cost

# A walk of 1,000 in all, of which the planner hopes to need a tenth.
SCAN = {
    "Node Type": "Index Scan",
    "Index Name": "by_name",
    "Startup Cost": 0.0,
    "Total Cost": 1_000.0,
    "Plan Rows": 200,
    "Parent Relationship": "Outer",
}


def _above(kind: str, *children: Node, cost: float = 1_000.0, **more: Any) -> Node:
    return {
        "Node Type": kind,
        "Startup Cost": 0.0,
        "Total Cost": cost,
        "Plan Rows": 20,
        "Parent Relationship": "Outer",
        "Plans": children,
        **more,
    }


def _limit(child: Node) -> Node:
    return _above("Limit", child, cost=100.0)


def _unseen(child: Node, keys: tuple[str, ...] = ("name",), rows: float = 1_000.0) -> float:
    return unseen_cost([_limit(child)], lambda _: WalkedIndex(keys, rows))


def test_what_lies_together_is_found_halfway_through_the_rest() -> None:
    # A fifth of the rows pass, so that two fifths of them are read before; the planner counts a tenth.
    assert _unseen(SCAN | {"Filter": "(name ~~ 'M%'::text)"}) == pytest.approx(300)


@pytest.mark.parametrize(
    ("keys", "more"),
    [
        (("name",), {}),
        (("name",), {"Filter": "(city = 'name'::text)"}),
        (("name", "city"), {"Filter": "(city ~~ 'M%'::text)"}),
        (("name",), {"Filter": "(name ~~ 'M%'::text)", "Plan Rows": 1_000}),
    ],
)
def test_rows_that_are_spread_cost_what_the_planner_says(
    keys: tuple[str, ...], more: dict[str, object]
) -> None:
    assert _unseen(SCAN | more, keys) == 0


@pytest.mark.parametrize(
    ("keys", "looked_up"),
    [
        (("city", "name"), "(city = 'Oslo'::text)"),
        (("lower(name)", "id"), ""),
        (('"Name"',), ""),
    ],
)
def test_the_first_key_that_is_not_looked_up_orders_the_walk(keys: tuple[str, ...], looked_up: str) -> None:
    scan = SCAN | {"Filter": """((lower(p.name) ~~ 'm%') AND ("Name" <> 'x'))"""}
    assert _unseen(scan | ({"Index Cond": looked_up} if looked_up else {}), keys) == pytest.approx(300)


def test_a_walk_is_seen_through_what_hands_on_its_rows_and_no_further() -> None:
    scan = SCAN | {"Filter": "(name ~~ 'M%'::text)"}
    inner = SCAN | {"Parent Relationship": "Inner"}
    assert _unseen(_above("Nested Loop", _above("Incremental Sort", scan), inner)) == pytest.approx(300)
    assert _unseen(_above("Nested Loop", inner, scan | {"Parent Relationship": "Inner"})) == 0
    assert _unseen(_above("Sort", scan)) == 0


def test_without_the_table_s_rows_half_of_the_index_is_walked() -> None:
    assert _unseen(SCAN | {"Filter": "(name ~~ 'M%'::text)"}, rows=0) == pytest.approx(400)
