"""Harvested query files: names, weights, cases and parameters that the catalog reads back as they were."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfkit.catalog.assignment import read_assignments
from perfkit.catalog.harvest.names import numbered, plain, query_name
from perfkit.catalog.harvest.spell import case_line, draw_lines, weight_text, with_names
from perfkit.catalog.load import read_queries
from perfkit.syntax.usage.places import read_places


@pytest.mark.parametrize(
    ("statement", "named"),
    [
        ("a = $1 AND b = $2::int", "a = :x AND b = :y::int"),
        ("a[$1:$2]", "a[:x : :y]"),
        ("a[1:n] = $1", "a[1: n] = :x"),
        ("a = '$1' AND b = $1", "a = '$1' AND b = :x"),
    ],
)
def test_parameters_get_their_names_and_nothing_else_becomes_one(statement: str, named: str) -> None:
    assert with_names(statement, {1: "x", 2: "y"}) == named


@given(
    st.dictionaries(
        st.from_regex(r"[a-z]{1,5}", fullmatch=True),
        st.none() | st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"])),
        min_size=1,
    )
)
def test_a_case_is_read_back_as_it_was_written(values: dict[str, str | None]) -> None:
    line = case_line("typical", values)
    assert dict(read_assignments(line.removeprefix("-- case: typical"))) == values


def test_a_value_that_no_line_can_hold_is_refused() -> None:
    with pytest.raises(ValueError, match="line break"):
        case_line("typical", {"a": "x\ny"})


def test_a_draw_of_several_lines_is_read_back() -> None:
    text = f"-- name: q\n-- param: a int\n{draw_lines(3, 'SELECT a' + chr(10) + 'FROM t')}\nSELECT :a;\n"
    problems: list[Any] = []
    (query,) = read_queries(text, Path("q.sql"), problems)
    assert not problems
    assert (query.draws[0].count, query.draws[0].sql.split()) == (3, ["SELECT", "a", "FROM", "t"])


def test_weights_keep_three_digits() -> None:
    assert [weight_text(w) for w in (12345.6, 12.345, 0.0012345, 0)] == [
        "12346",
        "12.3",
        "0.00123",
        "0.000001",
    ]


def test_names_say_what_a_statement_does_and_are_the_same_each_time() -> None:
    def name(statement: str) -> str:
        usage, places = read_places(statement, lambda _schema, _name: None)
        return query_name(statement, usage, places.values())

    assert (
        name('SELECT * FROM "Alumni" a JOIN gift g ON g.a = a.id WHERE a.year = $1')
        == "select_alumni_gift_by_year"
    )
    assert name("UPDATE gift SET a = $1 WHERE id = $2") == "update_gift_by_id"
    assert name("INSERT INTO gift VALUES ($1)") == "insert_gift"
    assert name("SELECT 1 FROM gift WHERE a = $1 OR b = $2") == "select_gift_by_a_b"
    assert name("SELECT office.total($1)") == "select_total"
    assert len(name("SELECT * FROM " + ", ".join(f"table_number_{n}" for n in range(20)))) <= 60
    assert numbered("a", {"a", "a_2"}) == "a_3"
    assert plain("Größe (cm)") == "gr_e_cm"
