"""What is read of a database for index advice: tables with their statistics, keys, functions, on PostgreSQL 15 and 18."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from perfkit.catalog.load import load_catalog
from perfkit.catalog.workload import workload
from perfkit.db.guard import Guard
from perfkit.db.server import GuardedServer
from perfkit.db.tables import read_tables
from perfkit.indexes.candidates.offer import lookup_in, offer
from perfkit.indexes.gather import gather
from perfkit.indexes.unwritable import unwritable
from perfkit.measure.model import Manner
from perfkit.measure.run import measure
from perfkit.plan.tables import Tables
from perfkit.syntax.usage.read import read_usage
from tests.unit.indexes.candidate_tables import advised

SCHEMA = """
CREATE SCHEMA office;
CREATE TYPE office.status AS ENUM ('open', 'closed');
CREATE DOMAIN office.amount AS numeric(12, 2) CHECK (VALUE > 0);
CREATE FUNCTION office.folded(value text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT lower(value)';
CREATE FUNCTION office.today_is(value date) RETURNS boolean LANGUAGE sql STABLE AS 'SELECT value = current_date';
CREATE TABLE office.person (
    id bigint PRIMARY KEY, name text NOT NULL, code varchar(20) COLLATE "C", status office.status NOT NULL,
    born date, seen_at timestamptz, noted_at timestamp, tags text[], profile jsonb, boss_id bigint REFERENCES office.person,
    nickname varchar(30)
);
CREATE TABLE office.gift (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    person_id bigint NOT NULL REFERENCES office.person ON DELETE CASCADE, amount office.amount, note text
);
CREATE TABLE office.letter (person_id bigint, sent_at timestamptz, kind text) PARTITION BY RANGE (sent_at);
CREATE TABLE office.letter_2025 PARTITION OF office.letter FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
CREATE TABLE office.letter_2026 PARTITION OF office.letter FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
CREATE INDEX person_nickname_idx ON office.person (lower(nickname));
CREATE INDEX person_open_idx ON office.person (born) WHERE status = 'open';
CREATE VIEW office.open_person AS SELECT id, name, born FROM office.person WHERE status = 'open';
INSERT INTO office.person
SELECT n, 'Name ' || n, 'C' || n, (CASE WHEN n % 50 = 0 THEN 'open' ELSE 'closed' END)::office.status,
       DATE '1950-01-01' + n % 9000, now() - n * interval '1 hour', now(), ARRAY['t' || n % 9], '{}', n / 10 + 1, 'N' || n
FROM generate_series(1, 20000) AS n;
INSERT INTO office.gift (person_id, amount, note) SELECT n % 5000 + 1, n, 'a gift' FROM generate_series(1, 20000) AS n;
INSERT INTO office.letter SELECT n % 5000, timestamptz '2025-01-01' + n * interval '20 minutes', 'news' FROM generate_series(1, 20000) AS n;
ANALYZE office.person, office.gift, office.letter_2025;
"""  # fmt: skip


@pytest.fixture(scope="module", params=["postgres", "postgres15"])
def office(request: pytest.FixtureRequest) -> Iterator[str]:
    """Return the DSN of the database, made once for each server: nothing here changes it."""
    server = request.getfixturevalue(request.param)
    name = "index_advice"
    with psycopg.connect(server.dsn, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        connection.execute(f"ALTER DATABASE {name} SET search_path = office, public")
    with psycopg.connect(server.dsn_for(name), autocommit=True) as connection:
        connection.execute(SCHEMA)
    yield server.dsn_for(name)
    with psycopg.connect(server.dsn, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="module")
def tables(office: str) -> Tables:
    with psycopg.connect(office) as connection:
        return read_tables(connection)


def found(statement: str, tables: Tables) -> list[str]:
    advice = advised(statement, tables).values()
    return [each.definition.create().removeprefix("CREATE INDEX ON ") for each in advice]


def test_a_table_has_its_columns_statistics_and_keys(tables: Tables) -> None:
    person, gift = tables.tables["office.person"], tables.tables["office.gift"]
    assert person.rows == 20_000
    assert person.pages > 100
    status = person.columns["status"]
    assert (status.type, status.category, status.not_null, status.analyzed) == (
        "status",
        "E",
        True,
        True,
    )
    assert dict(zip(status.common_values, status.common_frequencies, strict=True))["open"] == pytest.approx(
        0.02, abs=0.005
    )
    assert (person.columns["code"].collation_is_c, gift.columns["amount"].type_name) == (True, "numeric")
    assert person.columns["id"].correlation == pytest.approx(1.0)
    assert {index.name: index.constraint for index in person.indexes}["person_pkey"] == "person_pkey"
    (key,) = gift.foreign_keys
    assert (key.columns, key.referenced, key.on_delete) == (("person_id",), "office.person", "c")
    assert tables.search_path[-2:] == ("office", "public")
    assert tables.find("", "gift") == "office.gift"


def test_a_partitioned_table_has_the_rows_of_its_partitions_and_statistics_of_the_largest(
    tables: Tables,
) -> None:
    letter = tables.tables["office.letter"]
    assert (letter.is_partitioned, letter.partition_key) == (True, ("sent_at",))
    assert letter.pages == sum(tables.tables[f"office.letter_{year}"].pages for year in (2025, 2026))
    assert tables.tables["office.letter_2025"].partition_of == "office.letter"
    assert letter.columns["kind"].analyzed


def test_tables_that_inherit_are_told_apart_from_partitions(office: str) -> None:
    with psycopg.connect(office) as connection:
        connection.execute("CREATE TABLE old_gift () INHERITS (gift)")
        seen = read_tables(connection).tables
        connection.rollback()
    assert {name for name, table in seen.items() if table.has_children} == {"office.gift"}
    assert {name for name, table in seen.items() if table.is_child} == {"office.old_gift"}


def test_standbys_are_looked_for_and_unknown_where_the_role_may_not_ask(office: str, tables: Tables) -> None:
    assert tables.has_replicas is False
    with psycopg.connect(office) as connection:
        connection.execute("SELECT pg_create_physical_replication_slot('far_away')")
        try:
            assert read_tables(connection).has_replicas is True
        finally:
            connection.execute("SELECT pg_drop_replication_slot('far_away')")
        connection.execute("CREATE ROLE looker")
        connection.execute("REVOKE SELECT ON pg_stat_replication FROM public")
        connection.execute("SET ROLE looker")
        assert read_tables(connection).has_replicas is None
        connection.rollback()


def test_what_a_role_may_not_read_has_no_statistics_but_is_there(office: str, tables: Tables) -> None:
    assert tables.tables["office.gift"].columns["note"].analyzed
    with psycopg.connect(office) as connection:
        connection.execute("CREATE ROLE passer_by")
        connection.execute("SET ROLE passer_by")
        seen = read_tables(connection)
        connection.rollback()
    assert seen.tables["office.gift"].rows == 20_000
    assert not seen.tables["office.gift"].columns["note"].analyzed


def test_only_immutable_expressions_become_keys(tables: Tables) -> None:
    assert found("SELECT id FROM person WHERE seen_at::date = $1", tables) == []
    assert found("SELECT id FROM person WHERE today_is(born)", tables) == []
    assert found("SELECT id FROM person WHERE to_char(born, 'MM') = $1", tables) == []
    assert found("SELECT id FROM person WHERE status::text = $1", tables) == []
    assert "office.person USING btree ((noted_at::date))" in found(
        "SELECT id FROM person WHERE noted_at::date = $1", tables
    )
    assert "office.person USING btree ((office.folded(name)))" in found(
        "SELECT id FROM person WHERE office.folded(name) = $1", tables
    )
    assert "office.person USING btree (((seen_at AT TIME ZONE 'UTC')::date))" in found(
        "SELECT id FROM person WHERE (seen_at AT TIME ZONE 'UTC')::date = $1", tables
    )


def test_an_index_that_exists_is_known_however_the_server_spells_it(tables: Tables) -> None:
    assert found("SELECT * FROM person WHERE lower(nickname) = lower($1)", tables) == []
    assert found("SELECT * FROM person WHERE id = $1", tables) == []
    kept = found("SELECT * FROM person WHERE status = 'open' AND born = $1", tables)
    assert not [each for each in kept if each.startswith("office.person USING btree (born) WHERE status")]


@pytest.mark.parametrize("schema", ["office", '"Far Away"'])
def test_an_index_by_an_operator_class_of_an_extension_is_known_wherever_that_is(
    schema: str, office: str
) -> None:
    statement = "SELECT * FROM person WHERE name ILIKE $1"
    with psycopg.connect(office) as connection:
        connection.execute('CREATE SCHEMA "Far Away"')
        connection.execute(f"CREATE EXTENSION pg_trgm SCHEMA {schema}")
        assert found(statement, read_tables(connection)) != []
        connection.execute(f"CREATE INDEX ON person USING gin (name {schema}.gin_trgm_ops)")
        assert found(statement, read_tables(connection)) == []
        connection.rollback()


def test_a_collation_that_sorts_by_bytes_needs_no_operator_class_for_patterns(tables: Tables) -> None:
    assert "office.person USING btree (code)" in found("SELECT * FROM person WHERE code LIKE 'C1%'", tables)


PAGES = """
CREATE TABLE page (id int PRIMARY KEY, kind text, url text, title text, payload jsonb);
INSERT INTO page
SELECT n, CASE WHEN n % 9 = 0 THEN 'age' ELSE 'name' END, 'url ' || n || more, 'title ' || n || more, jsonb_build_object('n', n)
FROM generate_series(1, 20000) AS n, repeat('x', CASE WHEN n % 7 = 0 THEN 250 ELSE 0 END) AS more;
ANALYZE page;
"""
# No compression makes it short.
LONG = "(SELECT string_agg(md5(n::text), '') FROM generate_series(1, 200) AS n)"


def test_a_row_that_an_index_by_a_cast_would_refuse_is_told(office: str) -> None:
    with psycopg.connect(office) as connection:
        connection.execute(PAGES)
        tables = read_tables(connection)
        offered = advised(
            "SELECT id FROM page WHERE kind = 'age' AND (payload ->> 'n')::int = $1", tables
        ).values()
        index = next(each.definition for each in offered if each.definition.keys[0].is_expression)
        assert index.predicate == ""
        assert unwritable(index, tables) == ("a row whose value is no int4 can then not be written",)
        connection.execute(index.create().encode())
        with pytest.raises(psycopg.errors.InvalidTextRepresentation):
            connection.execute("""INSERT INTO page VALUES (0, 'colour', '', '', '{"n": "red"}')""")
        connection.rollback()


def test_a_row_that_is_too_long_for_an_index_is_told_where_a_table_has_long_values(office: str) -> None:
    statement = "SELECT title FROM page WHERE url = $1"
    with psycopg.connect(office) as connection:
        connection.execute(PAGES)
        tables = read_tables(connection)
        (plain, covering) = (each.definition for each in advised(statement, tables).values())
        assert (plain.include, covering.include) == ((), ("title",))
        assert unwritable(plain, tables) == ()
        connection.execute(f"INSERT INTO page SELECT 0, '', '', {LONG}, '{{}}'")
        tables = read_tables(connection)
        (index,) = (each.definition for each in advised(statement, tables).values())
        assert index == plain
        assert unwritable(index, tables) == (
            "a row whose url takes more than 2,704 bytes can then not be written, and office.page has long values",
        )
        # Texts that are short as far as anybody knows are not suspected.
        short = advised("SELECT kind FROM page WHERE url = $1", tables).values()
        assert [each.definition.include for each in short] == [(), ("kind",)]
        connection.execute(index.create().encode())
        with pytest.raises(psycopg.errors.ProgramLimitExceeded):
            connection.execute(f"INSERT INTO page SELECT -1, '', {LONG}, '', '{{}}'")
        connection.rollback()


def test_a_brin_index_ends_heap_only_updates_where_the_server_s_version_lets_it(
    office: str, tables: Tables, tmp_path: Path
) -> None:
    with psycopg.connect(office) as connection:
        connection.execute("CREATE TABLE lent (id int PRIMARY KEY, year int) WITH (fillfactor = 50)")
        connection.execute("CREATE INDEX ON lent USING brin (year)")
        connection.execute("INSERT INTO lent SELECT n, n FROM generate_series(1, 9) AS n")
        connection.execute("UPDATE lent SET year = 0 WHERE id = 1")
        ((heap_only,),) = connection.execute(
            "SELECT pg_stat_get_xact_tuples_hot_updated('lent'::regclass)"
        ).fetchall()
        connection.rollback()
    (tmp_path / "note.sql").write_text(
        "-- name: note\n-- case: one\n-- allow: write  a note\nUPDATE office.gift SET note = 'new' WHERE id = 1;\n"
    )
    server = GuardedServer(dsn=office, guard=Guard(allow_writes=True, allow_superuser=True))
    chosen = workload(load_catalog(tmp_path), (), rows=server.rows, seed=0)
    manner = Manner(samples=1, plan_mode="custom", target_ms=100.0)
    (case,) = gather(measure(chosen, server, manner, lambda *_: None).results, tables).cases
    (write,) = case.writes
    assert write.brin_ends_heap_only == (heap_only == 0)


STATEMENTS = [
    "SELECT * FROM person WHERE status = 'open' AND born BETWEEN $1 AND $2 ORDER BY seen_at DESC NULLS LAST LIMIT 5",
    "SELECT name FROM person WHERE lower(name) LIKE $1 OR code ILIKE '%abc%'",
    "SELECT id FROM person WHERE tags && $1 AND profile @> $2 AND profile ->> 'x' = $3",
    "SELECT id FROM person WHERE to_tsvector('english', name) @@ plainto_tsquery($1)",
    "SELECT id FROM person WHERE name % $1 ORDER BY name <-> $1 LIMIT 3",
    "SELECT extract(year FROM born), count(*) FROM person GROUP BY 1",
    "SELECT coalesce(nickname, name), upper(code) || name FROM person ORDER BY 1, 2 LIMIT 3",
    "SELECT count(*) FROM letter WHERE sent_at >= $1 AND person_id = $2",
    "SELECT p.name, g.note FROM person p JOIN gift g ON g.person_id = p.id WHERE p.boss_id IS NULL AND g.amount > 3",
    "DELETE FROM person WHERE seen_at < $1",
    "SELECT name FROM open_person WHERE born < $1 ORDER BY born LIMIT 3",
    "SELECT id FROM person WHERE id = $1 AND name = $2",
    "SELECT CASE WHEN born IS NULL THEN name ELSE code END AS c FROM person ORDER BY c LIMIT 2",
    "SELECT id FROM person WHERE (profile -> 'a' -> 'b') ? $1 AND profile @? '$.a' AND nickname ~ '^N1'",
    "SELECT id FROM person WHERE date_trunc('month', noted_at) = $1 AND make_interval(days => id::int) > $2",
    "SELECT id FROM person WHERE (name || code) = $1 AND left(name, 3) = $2 AND id % 3 = 0 AND born + 1 > $3",
]


@pytest.mark.parametrize("statement", STATEMENTS)
def test_the_server_makes_every_index_that_is_offered(statement: str, office: str, tables: Tables) -> None:
    with psycopg.connect(office) as connection:
        offered = offer(read_usage(statement, lookup_in(tables)), tables, parameter_types=("numeric",))
        assert offered
        for each in offered:
            for needed in each.needs:
                connection.execute(needed.replace("EXTENSION", "EXTENSION IF NOT EXISTS").encode())
            connection.execute(each.definition.create().encode())
        connection.rollback()
