"""What is never offered: what exists, what narrows nothing, what no index can have, and tables too small for one."""

from dataclasses import replace

import pytest

from perfkit.plan.tables import Tables
from tests.unit.indexes.candidate_tables import advised, column, database, table


def _people(*indexes: str, rows: float = 100_000) -> Tables:
    people = table(
        "person",
        rows,
        column("id", "int8"),
        column("name", "text", -0.5),
        column("year", "int4", 90),
        column("alike", "int4", 1),
        column("kind", "text", 3, common_values=("a", "b"), common_frequencies=(0.7, 0.2)),
        column("seen_at", "timestamptz", -0.9),
        column("essay", "text", -1, width_bytes=2_000),
        column("profile", "jsonb"),
        indexes=indexes,
    )
    return database(people)


@pytest.mark.parametrize(
    ("existing", "statement", "never"),
    [
        ("INDEX ON public.person (name)", "SELECT * FROM person WHERE name = $1", "person (name)"),
        ("INDEX ON public.person (name, year)", "SELECT * FROM person WHERE name = $1", "person (name)"),
        ("INDEX ON public.person (year DESC)", "SELECT * FROM person ORDER BY year LIMIT 3", "person (year)"),
        ("INDEX ON public.person (lower((name)::text))", "SELECT * FROM person WHERE lower(name) = $1", "person ((lower(name)))"),
        (
            "INDEX ON public.person (year) WHERE (kind = 'b'::text)",
            "SELECT * FROM person WHERE year = $1 AND kind = 'b'",
            "person (year) WHERE kind = 'b'",
        ),
        ("INDEX ON public.person USING gin (name gin_trgm_ops)", "SELECT * FROM person WHERE name ILIKE $1", "person USING gin (name gin_trgm_ops)"),
        ("UNIQUE INDEX ON public.person (id)", "SELECT * FROM person WHERE id = $1 AND year = $2", "person (id, year)"),
        ("INDEX ON public.person (name) INCLUDE (id, year)", "SELECT id, year FROM person WHERE name = $1", "person (name) INCLUDE (id, year)"),
    ],
)  # fmt: skip
def test_an_index_that_exists_is_not_offered_again(existing: str, statement: str, never: str) -> None:
    assert not [
        each
        for each in advised(statement, _people(existing))
        if each == never or each == f"{never[:-1]} DESC)"
    ]
    assert never in advised(statement, _people()) or "id" in existing


def test_an_index_in_another_order_or_on_other_rows_does_not_stand_in_the_way() -> None:
    statement = "SELECT * FROM person WHERE name = $1 ORDER BY year DESC NULLS LAST LIMIT 3"
    for existing in ("INDEX ON public.person (year, name)", "INDEX ON public.person (name) WHERE kind = 'b'"):
        assert "person (name)" in advised(statement, _people(existing))


def test_an_invalid_index_does_not_stand_in_the_way() -> None:
    tables = _people("INDEX ON public.person (name)")
    person = tables.tables["public.person"]
    broken = replace(person, indexes=(replace(person.indexes[0], valid=False),))
    assert "person (name)" in advised("SELECT * FROM person WHERE name = $1", database(broken))


def test_a_small_table_is_offered_nothing() -> None:
    assert advised("SELECT * FROM person WHERE name = $1", _people(rows=500)) == {}


@pytest.mark.parametrize(
    "condition",
    [
        "alike = $1",
        "alike = 1",
        "kind = 'a'",
        "essay = $1",
        "profile = $1",
        "seen_at::date = $1",
        "date_trunc('month', seen_at) = $1",
        "random_name(name) = $1",
        "to_tsvector(name) @@ $1",
        "unknown_function(name) = $1",
        "name <> 'x'",
        "year + $1 = 3",
        "name = name",
        "true",
    ],
)
def test_a_condition_that_no_index_can_serve_is_offered_none(condition: str) -> None:
    assert advised(f"SELECT * FROM person WHERE {condition}", _people()) == {}


def test_a_constant_that_changes_from_call_to_call_is_no_predicate() -> None:
    offered = advised("SELECT * FROM person WHERE year = 2026 AND name = $1", _people())
    assert not [each for each in offered if "WHERE" in each]
    assert not [
        each
        for each in advised("SELECT * FROM person WHERE kind = $1 AND name = $2", _people())
        if "WHERE" in each
    ]


def test_a_statement_without_tables_or_with_unknown_ones_is_offered_nothing() -> None:
    assert advised("SELECT 1", _people()) == {}
    assert advised("SELECT * FROM elsewhere WHERE a = $1", _people()) == {}
    assert advised("INSERT INTO person (id) VALUES (1)", _people()) == {}
