"""Conditions taken apart: what of a table is compared, and how."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfkit.plan.condition import comparisons, has_or
from tests.unit.plan.goldens import CALM


@pytest.mark.parametrize(
    ("text", "alias", "expected"),
    [
        ("(g.campaign = 'x'::text)", "g", [("campaign", True, "equal")]),
        ("((amount >= 1) AND (amount < 5))", "g", [("amount", True, "range"), ("amount", True, "range")]),
        ("((email)::text = 'x'::text)", "p", [("email", True, "equal")]),
        ("(lower((p.last_name)::text) = 'x'::text)", "p", [("lower((last_name)::text)", False, "equal")]),
        ("((profile ->> 'city'::text) = 'x'::text)", "p", [("(profile ->> 'city'::text)", False, "equal")]),
        ("((g.id)::numeric = '77'::numeric)", "g", [("((id)::numeric)", False, "equal")]),
        ("(id = ANY ('{1,2}'::integer[]))", "g", [("id", True, "equal")]),
        ('(o."t 1" = (l.amount)::text)', "o", [('"t 1"', True, "equal")]),
        ('((l.amount)::text = o."t 1")', "o", [('"t 1"', True, "equal")]),
        ("(5 < p.visits)", "p", [("visits", True, "range")]),
        ("(note ~~ 'abc%'::text)", "g", [("note", True, "prefix")]),
        ("(note ~~ '%abc'::text)", "g", [("note", True, "infix")]),
        ("(note ~~* 'abc%'::text)", "g", [("note", True, "infix")]),
        ("(profile @> '{\"a\": 1}'::jsonb)", "p", [("profile", True, "contains")]),
        ("(b.total > (InitPlan 2).col1)", "b", [("total", True, "range")]),
        ("(b.total > $0)", "b", [("total", True, "range")]),
        ("(sent_at > (now() - '1 day'::interval))", "m", [("sent_at", True, "range")]),
        ("(p.id = g.person_id)", "x", [("", False, "other")]),
        ("(given_on = booked_on)", "g", [("", False, "other")]),
        ("((a = 1) OR (b = 2))", "g", [("", False, "other")]),
        ("(note IS NULL)", "g", [("", False, "other")]),
        ("(NOT (hashed SubPlan 1))", "g", [("", False, "other")]),
        ("('x'::text = ANY (tags))", "g", [("", False, "other")]),
        ("", "g", []),
    ],
)
def test_what_is_compared_is_seen(text: str, alias: str, expected: list[tuple[str, bool, str]]) -> None:
    assert [(one.key, one.bare, one.kind) for one in comparisons(text, alias)] == expected


def test_a_cast_to_text_is_part_of_the_key_where_the_column_is_known_to_be_no_text() -> None:
    text = """(((p.id)::text = '7'::text) AND ((p."Ref")::text = 'x'::text) AND ((p.kind)::oid = '1'::oid))"""
    found = comparisons(text, "p", frozenset({'"Ref"', "kind"}))
    assert [(one.key, one.bare) for one in found] == [
        ("id", True),
        ('(("Ref")::text)', False),
        ("kind", True),
    ]


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("((p.id = g.id) OR (p.email = g.note))", True),
        ("((a = 1) AND ((b = 2) OR (c = 3)))", True),
        ("(note = 'this OR that'::text)", False),
        ('("OR" = 1)', False),
    ],
)
def test_an_or_is_an_or_outside_of_texts(text: str, *, answer: bool) -> None:
    assert has_or(text) is answer


@CALM
@given(st.text(alphabet="()[]ab.:'\"=<>~ ANDOR15,$", max_size=40))
def test_any_text_can_be_taken_apart(text: str) -> None:
    for one in comparisons(text, "a"):
        assert one.text in text
    has_or(text)
