"""What-if by HypoPG, on Debian's PostgreSQL 15 with its package; a server without it says so."""

import os
from collections.abc import Iterator, Sequence

import psycopg
import pytest

from perfkit.db.connect import connected
from perfkit.db.guard import Guard
from perfkit.db.hypopg import hypopg_what_if
from perfkit.embedded import PostgresServer
from perfkit.errors import GuardError, MeasureError
from perfkit.indexes.advise import Planner
from perfkit.indexes.workload import WorkloadCase
from perfkit.plan.runs import Statement
from perfkit.syntax.index import IndexDefinition, read_definition
from tests.db.health.looking import run

GUARD = Guard(allow_superuser=True)
SCHEMA = """
CREATE SCHEMA tools;
CREATE EXTENSION hypopg SCHEMA tools;
CREATE SCHEMA office;
CREATE TABLE office.person AS
SELECT n AS id, md5(n::text) AS name, n % 70 AS year, int4range(n, n + 1) AS stay FROM generate_series(1, 20000) AS n;
CREATE INDEX by_year ON office.person (year);
CREATE TABLE office.gift (person_id int, given date NOT NULL) PARTITION BY RANGE (given);
CREATE TABLE office.gift_2024 PARTITION OF office.gift FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TABLE office.gift_2025 PARTITION OF office.gift FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
INSERT INTO office.gift SELECT n, date '2024-01-01' + n % 700 FROM generate_series(1, 20000) AS n;
VACUUM (ANALYZE);
"""
STATEMENTS = {
    "by id": Statement(
        text="SELECT * FROM office.person WHERE id = $1",
        types=("int",),
        values=("7",),
        writes=False,
        volatile=False,
    ),
    "by name": Statement(
        text="SELECT * FROM office.person WHERE lower(name) LIKE 'x%'",
        types=(),
        values=(),
        writes=False,
        volatile=False,
    ),
    "by year": Statement(
        text="DELETE FROM office.person WHERE year = 5", types=(), values=(), writes=True, volatile=False
    ),
    "gifts": Statement(
        text="SELECT * FROM office.gift WHERE person_id = 5",
        types=(),
        values=(),
        writes=False,
        volatile=False,
    ),
}
NOTHING: frozenset[str] = frozenset()


def _on(text: str) -> IndexDefinition:
    return read_definition(f"CREATE INDEX ON office.{text}")


ID, WIDE, STAY = _on("person (id)"), _on("person (id, year)"), _on("person USING gist (stay)")
LOWER, GIFT = _on("person (lower(name) text_pattern_ops)"), _on("gift (person_id)")
YEAR = _on("person (year, id)")


@pytest.fixture
def server(postgres15: PostgresServer) -> PostgresServer:
    with psycopg.connect(postgres15.dsn) as connection:
        found = connection.execute("SELECT FROM pg_available_extensions WHERE name = 'hypopg'").fetchone()
    if found is None:
        reason = "no HypoPG here: Debian has it in postgresql-15-hypopg"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return postgres15


@pytest.fixture
def source(database: str) -> str:
    run(database, *SCHEMA.split(";\n"))
    return database


@pytest.fixture
def planner(source: str) -> Iterator[Planner]:
    with connected(source) as connection:
        yield hypopg_what_if(connection, GUARD, [ID, WIDE, STAY, LOWER, GIFT, YEAR], STATEMENTS)


def _used(planner: Planner, case_id: str, *configuration: IndexDefinition) -> Sequence[IndexDefinition]:
    case = WorkloadCase(id=case_id, weight=1, measured_ms=1, reads=frozenset())
    return sorted(
        planner.what_if.cost(case, frozenset(configuration), NOTHING).used, key=IndexDefinition.create
    )


def test_an_index_is_used_where_it_helps_and_gone_with_the_question(planner: Planner) -> None:
    assert _used(planner, "by id", ID, LOWER) == [ID]
    assert _used(planner, "by id", LOWER) == []
    assert _used(planner, "by name", ID, LOWER) == [LOWER]
    assert _used(planner, "by id") == []


def test_what_it_cannot_make_is_refused_with_the_reason(planner: Planner) -> None:
    assert list(planner.refused) == [STAY]
    assert "gist" in planner.refused[STAY]


def test_a_partitioned_table_has_an_index_on_each_partition(planner: Planner) -> None:
    assert _used(planner, "gifts", GIFT) == [GIFT]
    assert planner.what_if.size_bytes(GIFT) > 2 * 20_000 * 8


def test_an_existing_index_is_told_by_its_qualified_name(planner: Planner) -> None:
    case = WorkloadCase(id="by year", weight=1, measured_ms=1, reads=frozenset())
    assert planner.what_if.cost(case, frozenset(), NOTHING).used_existing == {"office.by_year"}


def test_more_questions_than_there_are_ids_can_be_asked(planner: Planner) -> None:
    for _ in range(1_500):
        assert len(_used(planner, "by id", ID, WIDE)) == 1


def test_the_session_cannot_write(source: str) -> None:
    with connected(source) as connection:
        hypopg_what_if(connection, GUARD, [], STATEMENTS)
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            connection.execute("DELETE FROM office.person")


def test_a_database_without_the_extension_says_so(database: str) -> None:
    with (
        connected(database) as connection,
        pytest.raises(MeasureError, match="the database has no extension hypopg"),
    ):
        hypopg_what_if(connection, GUARD, [ID], STATEMENTS)


def test_a_superuser_is_refused_unless_allowed(source: str) -> None:
    with connected(source) as connection, pytest.raises(GuardError, match="superuser"):
        hypopg_what_if(connection, Guard(), [ID], STATEMENTS)


def test_without_hiding_it_does_not_claim_to_know_of_drops(planner: Planner, source: str) -> None:
    with psycopg.connect(source) as connection:
        found = connection.execute(
            "SELECT EXISTS (SELECT FROM pg_proc WHERE proname = 'hypopg_hide_index')"
        ).fetchone()
    assert found == (planner.what_if.can_drop,)
    if planner.what_if.can_drop:
        case = WorkloadCase(id="by year", weight=1, measured_ms=1, reads=frozenset())
        dropped = planner.what_if.cost(case, frozenset(), frozenset({"office.by_year"}))
        assert dropped.used_existing == frozenset()
