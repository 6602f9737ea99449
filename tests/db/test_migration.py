"""A migration on a copy: every kind of statement runs, what would leave the copy is refused, and statistics follow."""

from pathlib import Path

import psycopg
import pytest

from perfkit.db.copies import template_copies
from perfkit.db.migration import apply_migration, read_migration, settle
from perfkit.errors import GuardError, MeasureError, UsageError

_SCHEMA = """
CREATE TABLE person (id int PRIMARY KEY, name text, year int);
INSERT INTO person SELECT n, 'Name ' || n, 1950 + n % 70 FROM generate_series(1, 5000) AS n;
CREATE TABLE gift (id int PRIMARY KEY, person_id int, amount int);
INSERT INTO gift SELECT n, n, n FROM generate_series(1, 5000) AS n;
CREATE TABLE "Old Names" (id int, name text);
INSERT INTO "Old Names" SELECT n, 'Old ' || n FROM generate_series(1, 500) AS n;
"""
_ALL_KINDS = """
-- It's a comment; with a semicolon
CREATE INDEX CONCURRENTLY "by year" ON person (year);
DO $$
BEGIN
    PERFORM 1;
    EXECUTE 'CREATE TABLE made_by_block (id int)';
END
$$;
CREATE FUNCTION twice(n int) RETURNS int LANGUAGE plpgsql AS $$BEGIN n := n * 2; RETURN n; END$$;
CREATE FUNCTION thrice(n int) RETURNS int BEGIN ATOMIC SELECT 1; SELECT CASE WHEN n > 0 THEN n * 3 ELSE 0 END; END;
BEGIN;
UPDATE gift SET amount = twice(amount) WHERE person_id % 100 = 0;
COMMIT;
CREATE TABLE percent AS SELECT thrice(2) AS six, '100 %' AS text
"""


@pytest.fixture
def filled(database: str) -> str:
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(_SCHEMA)
        connection.execute("VACUUM (ANALYZE)")
    return database


def _file(folder: Path, text: str, name: str = "change.sql") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def _statistics(dsn: str, table: str) -> object:
    """Return all that the planner knows of a table, as the catalog stores it."""
    query = (
        "SELECT reltuples, relpages, relallvisible, (SELECT string_agg(statistic::text, '' ORDER BY staattnum)"
        " FROM pg_statistic AS statistic WHERE starelid = pg_class.oid) FROM pg_class WHERE oid = %s::regclass"
    )
    with psycopg.connect(dsn) as connection:
        return connection.execute(query, [table]).fetchone()


@pytest.mark.both_servers
def test_statements_of_every_kind_run_one_by_one(filled: str, tmp_path: Path) -> None:
    path = _file(tmp_path, _ALL_KINDS)
    with template_copies(filled) as copies:
        apply_migration(copies.head, [path])
        with psycopg.connect(copies.head) as connection:
            query = (
                "SELECT (SELECT six FROM percent), twice(2), to_regclass('made_by_block') IS NOT NULL,"
                " (SELECT indisvalid FROM pg_index WHERE indexrelid = '\"by year\"'::regclass)"
            )
            assert connection.execute(query).fetchone() == (6, 4, True, True)


@pytest.mark.both_servers
def test_the_tables_that_changed_get_new_statistics_and_the_others_keep_theirs(
    filled: str, tmp_path: Path
) -> None:
    path = _file(tmp_path, f'{_ALL_KINDS}; ALTER TABLE "Old Names" ALTER name TYPE varchar(20), ADD year int')
    with template_copies(filled) as copies:
        apply_migration(copies.head, [path])
        assert settle(copies.base, copies.head) == (
            "public.Old Names", "public.gift", "public.made_by_block", "public.percent",
        )  # fmt: skip
        assert _statistics(copies.head, "person") == _statistics(copies.base, "person")
        assert _statistics(copies.head, "gift") != _statistics(copies.base, "gift")
        assert settle(copies.base, copies.base) == ()


@pytest.mark.parametrize(
    ("statement", "changed"),
    [
        ("CREATE INDEX ON person (year)", ()),
        ("CREATE INDEX ON person (lower(name))", ("public.person",)),
        ("CREATE STATISTICS pairs (dependencies) ON name, year FROM person", ("public.person",)),
        ("TRUNCATE person", ("public.person",)),
        ("ALTER TABLE person DROP year", ("public.person",)),
        ("ALTER TABLE person RENAME TO people", ("public.people",)),
        ("DELETE FROM person WHERE id = 1", ("public.person",)),
        ("CREATE MATERIALIZED VIEW seen AS SELECT 1 AS one", ("public.seen",)),
        ("DROP TABLE person", ()),
    ],
)
def test_what_counts_as_a_change_of_a_table(
    filled: str, tmp_path: Path, statement: str, changed: tuple[str, ...]
) -> None:
    with template_copies(filled) as copies:
        apply_migration(copies.head, [_file(tmp_path, statement)])
        assert settle(copies.base, copies.head) == changed


def test_files_run_in_order_each_in_a_session_of_its_own(database: str, tmp_path: Path) -> None:
    first = _file(
        tmp_path, "CREATE SCHEMA office; SET search_path = office; CREATE TABLE here (id int)", "1.sql"
    )
    second = _file(tmp_path, "CREATE TABLE there AS SELECT * FROM office.here", "2.sql")
    apply_migration(database, [first, second])
    with psycopg.connect(database) as connection:
        assert connection.execute("SELECT to_regclass('public.there') IS NOT NULL").fetchone() == (True,)


@pytest.mark.both_servers
@pytest.mark.parametrize(
    ("script", "line", "message"),
    [
        ("SELECT 1;\n\nSELECT\n  nothing\nFROM person;", 4, 'column "nothing" does not exist'),
        ("SELECT 1;\n-- why\nSELECT 1 / 0;", 3, "division by zero"),
        ("SELECT 1;\nSELEC 1;", 2, 'syntax error at or near "SELEC"'),
        ("SELECT 'ü\n', 1;\nSELECT 'ü', nothing;", 3, 'column "nothing" does not exist'),
    ],
)
def test_a_statement_that_fails_is_named_with_its_line(
    filled: str, tmp_path: Path, script: str, line: int, message: str
) -> None:
    path = _file(tmp_path, script)
    with pytest.raises(MeasureError) as caught:
        apply_migration(filled, [path])
    assert caught.value.message == f"{path}:{line}: {message}"


def test_the_servers_hint_is_passed_on(filled: str, tmp_path: Path) -> None:
    with pytest.raises(MeasureError) as caught:
        apply_migration(filled, [_file(tmp_path, "SELECT nam FROM person")])
    assert "person.name" in caught.value.hint


def test_a_statement_over_its_time_limit_ends(database: str, tmp_path: Path) -> None:
    path = _file(tmp_path, "SELECT 1;\nSELECT pg_sleep(60)")
    with pytest.raises(MeasureError, match=r"change.sql:2: canceling statement due to statement timeout"):
        apply_migration(database, [path], statement_timeout_ms=50)


def test_a_transaction_without_its_end_is_named(database: str, tmp_path: Path) -> None:
    with pytest.raises(MeasureError, match=r"change.sql: its last transaction has no COMMIT"):
        apply_migration(database, [_file(tmp_path, "BEGIN; CREATE TABLE lost (id int);")])


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE DATABASE other",
        "alter database other SET work_mem = '1MB'",
        "DROP  DATABASE /* really */ other",
        "ALTER SYSTEM SET work_mem = '1MB'",
        "CREATE ROLE app",
        "CREATE USER app",
        "ALTER ROLE app SUPERUSER",
        "DROP GROUP app",
        "CREATE TABLESPACE fast LOCATION '/fast'",
        "CREATE SUBSCRIPTION s CONNECTION '' PUBLICATION p",
        "COMMENT ON ROLE app IS 'x'",
        "REASSIGN OWNED BY app TO postgres",
        "DROP OWNED BY app",
        "GRANT CONNECT ON DATABASE alumni TO app",
        "REVOKE ALL ON PARAMETER work_mem FROM app",
        "GRANT staff TO app",
        "PREPARE TRANSACTION 'later'",
        "COPY person TO PROGRAM 'cat'",
        "COPY person FROM PROGRAM 'cat'",
        "COPY person TO '/tmp/people.csv'",
        "DO $$ BEGIN IF true THEN CREATE ROLE app; END IF; END $$",
        "DO $$ BEGIN EXECUTE 'alter  system set work_mem = 1'; END $$",
    ],
)
def test_what_would_reach_beyond_the_copy_is_refused_before_anything_runs(
    database: str, tmp_path: Path, statement: str
) -> None:
    path = _file(tmp_path, f"CREATE TABLE first (id int);\n\n{statement};")
    with pytest.raises(GuardError, match=r"change.sql:3: .* reaches beyond the copy"):
        apply_migration(database, [path])
    with psycopg.connect(database) as connection:
        assert connection.execute("SELECT to_regclass('first')").fetchone() == (None,)


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE USER MAPPING FOR app SERVER other",
        "GRANT SELECT ON person TO app",
        "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO app",
        "CREATE TABLE role (program text)",
        "COMMENT ON TABLE role IS 'create role app'",
        "COPY person FROM '/tmp/people.csv'",
        "CREATE INDEX ON role (program)",
        "DO $$ BEGIN PERFORM create_role(); END $$",
    ],
)
def test_what_stays_in_the_copy_is_taken(tmp_path: Path, statement: str) -> None:
    (read,) = read_migration([_file(tmp_path, statement)])
    assert [part.text for part in read.statements] == [statement]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "has no statement"),
        (b"-- nothing\n;", "has no statement"),
        (b"\xff\xfe", "is not UTF-8 text"),
        (b"SELECT 1;\n\\d\n", "2: a psql meta-command"),
        (b"SELECT 1;\nSELECT 'x", "2: the string that begins here never ends"),
        (b"SELECT 1;\nCOPY person FROM STDIN;\n1\tit's\n\\.\n", "2: COPY with the client's data"),
        (b"COPY (SELECT 1) TO STDOUT", "1: COPY with the client's data"),
    ],
)
def test_a_file_that_is_no_migration_is_named(tmp_path: Path, content: bytes, problem: str) -> None:
    path = tmp_path / "change.sql"
    path.write_bytes(content)
    with pytest.raises(UsageError) as caught:
        read_migration([path])
    assert str(caught.value).startswith(str(path))
    assert problem in str(caught.value)


def test_a_file_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"missing.sql: No such file"):
        read_migration([tmp_path / "missing.sql"])


def test_a_byte_order_mark_is_no_part_of_the_first_statement(tmp_path: Path) -> None:
    path = tmp_path / "change.sql"
    path.write_bytes(b"\xef\xbb\xbfSELECT 1")
    assert read_migration([path])[0].statements[0].text == "SELECT 1"
