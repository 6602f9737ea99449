"""The scratch copy of a table, and the ways of importing into it: all store the same rows, and leave nothing."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg.sql import SQL, Identifier

from perfkit.bench.imports.model import PartKind, Trial, Way
from perfkit.bench.imports.source import Source
from perfkit.bench.imports.thresholds import SAMPLED_PAGES
from perfkit.db.guard import Guard
from perfkit.db.importing.job import Job
from perfkit.db.importing.stage import Stage, import_stage
from perfkit.db.importing.validated import Manner
from perfkit.db.importing.writers import write
from perfkit.errors import GuardError, MeasureError, NothingMeasuredError, StatementError, UsageError
from tests.db.office import Office

GUARD = Guard(allow_superuser=True, allow_writes=True)
SCHEMA = """
CREATE EXTENSION btree_gist;
CREATE SCHEMA "Alumni Office";
SET search_path = "Alumni Office";
CREATE TYPE mood AS ENUM ('sad', 'very happy');
CREATE TABLE school (code char(3) PRIMARY KEY, city text);
INSERT INTO school VALUES ('ENG', 'Troy'), ('LAW', NULL);
CREATE TABLE seen (id bigint);
CREATE FUNCTION see() RETURNS trigger LANGUAGE plpgsql AS
    $$BEGIN INSERT INTO "Alumni Office".seen VALUES (NEW.id); RETURN NULL; END$$;
CREATE TABLE "Person" (
    id bigserial PRIMARY KEY,
    number int GENERATED ALWAYS AS IDENTITY,
    "Family Name" text NOT NULL CHECK (length("Family Name") < 100),
    school char(3) REFERENCES school,
    mood mood,
    born date,
    seen_at timestamptz,
    gpa numeric(3, 2),
    is_member boolean,
    code uuid DEFAULT '00000000-0000-0000-0000-000000000000',
    profile jsonb NOT NULL DEFAULT '{}',
    tags text[] NOT NULL DEFAULT '{}',
    upper_name text GENERATED ALWAYS AS (upper("Family Name")) STORED,
    room int,
    stay daterange,
    spouse bigint REFERENCES "Person",
    EXCLUDE USING gist (room WITH =, stay WITH &&)
);
CREATE INDEX "by name" ON "Person" ("Family Name") WHERE is_member;
CREATE INDEX ON "Person" USING gin (tags);
CREATE TRIGGER see AFTER INSERT ON "Person" FOR EACH ROW EXECUTE FUNCTION see();
INSERT INTO "Person" ("Family Name", school, mood, born, seen_at, gpa, is_member, profile, tags, room, stay)
SELECT
    (ARRAY['O''Hara', '"quoted", with comma', E'two\\nlines', '\\N', '', 'Zoé', '=1+1'])[1 + n % 7] || repeat('x', n % 3),
    CASE WHEN n % 3 = 0 THEN 'ENG' END, CASE WHEN n % 2 = 0 THEN 'very happy'::mood END, date '1950-01-01' + n,
    timestamptz '2020-01-01 12:00+02' + n * interval '1 hour', n % 4 + 0.25, n % 2 = 0, jsonb_build_object('n', n, 'q', '"'),
    CASE n % 3 WHEN 0 THEN '{}'::text[] WHEN 1 THEN ARRAY['a b', 'c"d', NULL, 'NULL', ''] ELSE ARRAY['x,y', 'plain'] END,
    n, daterange('2020-01-01', '2020-01-05')
FROM generate_series(1, 60) AS n;
UPDATE "Person" SET spouse = id - 1 WHERE id > 1;
DELETE FROM seen;
RESET search_path;
ANALYZE;
"""
TABLE = '"Alumni Office"."Person"'


@pytest.fixture
def people(database: str) -> str:
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(SCHEMA)
    return database


@pytest.fixture
def stage(people: str) -> Iterator[Stage]:
    with import_stage(people, GUARD, TABLE) as found:
        yield found


def rows(
    connection: psycopg.Connection, table: Identifier, columns: tuple[str, ...]
) -> list[tuple[object, ...]]:
    query = SQL("SELECT {} FROM {} ORDER BY id").format(SQL(", ").join(map(Identifier, columns)), table)
    return connection.execute(query).fetchall()


def job(stage: Stage, way: Way, columns: tuple[str, ...], path: Path) -> Job:
    return Job(
        dsn="",
        way=way,
        path=str(path),
        schema=stage.run.schema,
        table="Person",
        columns=columns,
        bases=tuple(stage.table.column(name).base for name in columns),
        rows=60,
        batch=7,
        defined_by=TABLE,
    )


@pytest.mark.both_servers
def test_every_way_stores_the_same_rows(stage: Stage) -> None:
    clean = stage.sampled(rows=100, seed=1)
    assert clean.rows == 60
    # A range is not written in binary; without it there is nothing to be excluded.
    columns = tuple(name for name in clean.columns if name != "stay")
    path = clean.path.with_name("narrow.csv")
    _write_narrow(stage, columns, path)
    expected = rows(stage.session, stage.real, columns)
    for way in Way:
        if way is Way.ON_ERROR and stage.server_version < 170_000:
            continue
        with stage.session.transaction(force_rollback=True):
            assert write(stage.session, job(stage, way, columns, path)) == 60
            assert rows(stage.session, stage.scratch, columns) == expected, way


def _write_narrow(stage: Stage, columns: tuple[str, ...], path: Path) -> None:
    from perfkit.db.importing.sample import export

    query = SQL("SELECT {} FROM {}").format(SQL(", ").join(map(Identifier, columns)), stage.real)
    assert export(stage.session, query, path) == 60


def test_the_copy_has_all_that_a_row_must_pass(stage: Stage) -> None:
    described = """
        SELECT 'index', count(*) FROM pg_index WHERE indrelid = %(table)s::regclass
        UNION ALL SELECT 'check', count(*) FROM pg_constraint WHERE conrelid = %(table)s::regclass AND contype IN ('c', 'f', 'x')
        UNION ALL SELECT 'trigger', count(*) FROM pg_trigger WHERE tgrelid = %(table)s::regclass AND NOT tgisinternal
        UNION ALL SELECT 'generated', count(*) FROM pg_attribute
            WHERE attrelid = %(table)s::regclass AND (attgenerated <> '' OR attidentity <> '')
    """
    real = stage.session.execute(described, {"table": TABLE}).fetchall()
    copy = stage.session.execute(described, {"table": f'"{stage.run.schema}"."Person"'}).fetchall()
    assert copy == real
    assert len(stage.table.parts) == 4 + 1 + 2
    assert stage.notes == ()


def test_numbers_are_drawn_from_sequences_of_its_own(stage: Stage) -> None:
    query = 'SELECT last_value FROM "Alumni Office"."Person_id_seq"'
    before = stage.session.execute(query).fetchone()
    stage.session.execute(SQL("INSERT INTO {} (\"Family Name\") VALUES ('A'), ('B')").format(stage.scratch))
    assert stage.session.execute(query).fetchone() == before


def test_nobody_who_works_with_referenced_rows_is_held_up(stage: Stage, people: str) -> None:
    with stage.session.transaction(force_rollback=True):
        stage.session.execute(
            SQL("INSERT INTO {} (\"Family Name\", school) VALUES ('A', 'LAW')").format(stage.scratch)
        )
        with psycopg.connect(people, autocommit=True) as other:
            other.execute("SET lock_timeout = '1s'")
            assert other.execute("DELETE FROM \"Alumni Office\".school WHERE code = 'LAW'").rowcount == 1


def test_trials_measure_and_leave_nothing(stage: Stage) -> None:
    clean = stage.sampled(rows=60, seed=1)
    ground = stage.ground(clean, into_table=False, key=())
    for part in (None, *stage.parts):
        measurement = ground.measure(Trial(way=Way.COPY, rows=clean.rows, without=part))
        assert (measurement.rows, measurement.elapsed_ms > 0, measurement.wal_bytes > 0) == (60, True, True)
    together, reads = ground.watched(Trial(way=Way.COPY, rows=clean.rows, workers=3))
    assert (together.rows, reads.lock_waits) == (60, 0)
    assert together.server_bytes is None or together.server_bytes > 1_000_000
    assert rows(stage.session, stage.scratch, ("id",)) == []
    assert stage.session.execute('SELECT count(*) FROM "Alumni Office".seen').fetchone() == (0,)
    assert PartKind.TRIGGER in {part.kind for part in stage.parts}


def test_after_it_nothing_is_there(people: str) -> None:
    with import_stage(people, GUARD, TABLE) as stage:
        schema, folder = stage.run.schema, stage.run.folder
        assert folder.exists()
    assert not folder.exists()
    with psycopg.connect(people) as connection:
        assert connection.execute("SELECT to_regnamespace(%s)", [schema]).fetchone() == (None,)


def test_a_partitioned_table_becomes_one(people: str) -> None:
    with psycopg.connect(people, autocommit=True) as connection:
        connection.execute(
            "CREATE TABLE mail (id int, at date, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);"
            "CREATE TABLE mail_2020 PARTITION OF mail FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');"
            "INSERT INTO mail SELECT n, '2020-05-05' FROM generate_series(1, 50) AS n; ANALYZE mail"
        )
    with import_stage(people, GUARD, "mail") as stage:
        clean = stage.sampled(rows=20, seed=1)
        assert clean.rows == 20
        ground = stage.ground(clean, into_table=False, key=())
        assert ground.measure(Trial(way=Way.COPY, rows=20)).rows == 20
        assert "partitioned" in stage.notes[0]


@pytest.mark.both_servers
@pytest.mark.parametrize("table", ["letter", "letter_2020"])
def test_a_key_to_a_partitioned_table_is_one(people: str, table: str) -> None:
    with psycopg.connect(people, autocommit=True) as connection:
        connection.execute(
            "CREATE TABLE mail (id int PRIMARY KEY) PARTITION BY RANGE (id);"
            "CREATE TABLE mail_1 PARTITION OF mail FOR VALUES FROM (1) TO (50);"
            "CREATE TABLE mail_2 PARTITION OF mail FOR VALUES FROM (50) TO (100);"
            "INSERT INTO mail SELECT generate_series(1, 99); ANALYZE mail_1; ANALYZE mail_2;"
            "CREATE TABLE letter (at date, mail int REFERENCES mail) PARTITION BY RANGE (at);"
            "CREATE TABLE letter_2020 PARTITION OF letter FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');"
            "INSERT INTO letter SELECT '2020-05-05', generate_series(1, 99); ANALYZE letter"
        )
    with import_stage(people, GUARD, table) as stage:
        (key,) = stage.table.foreign_keys
        assert (key.referenced_name, key.referenced_rows, stage.table.rows) == ("mail", 99, 99)
        clean = stage.sampled(rows=99, seed=1)
        ground = stage.ground(clean, into_table=False, key=())
        assert ground.measure(Trial(way=Way.STAGED, rows=99)).rows == 99


@pytest.mark.parametrize("into_table", [False, True])
def test_records_that_refer_to_each_other_are_stored_and_not_timed(
    people: str, tmp_path: Path, *, into_table: bool
) -> None:
    with psycopg.connect(people, autocommit=True) as connection:
        connection.execute(
            "CREATE TABLE employer (id int PRIMARY KEY, name text, parent int REFERENCES employer);"
            "INSERT INTO employer VALUES (9, 'Zenith')"
        )
    path = tmp_path / "employers.csv"
    path.write_text("id,name,parent\n2,Acme UK,1\n1,Acme,\n3,Zenith UK,9\n4,Nobody's,8\n")
    with import_stage(people, GUARD, "employer") as stage:
        source = Source(path=path, name=path.name)
        manner = Manner(target=stage.scratch)
        accounts, clean = stage.accounted(source, manner, rows=9, into_table=into_table, tell=None)
        assert (accounts.stored, [each.line for each in accounts.examples]) == (3, [5])
        assert sorted(clean.path.read_text().splitlines()) == ["1,Acme,\x01", "3,Zenith UK,9"]
        ground = stage.ground(clean, into_table=into_table, key=())
        for way in (Way.ROW_INSERT, Way.STAGED):
            assert ground.measure(Trial(way=way, rows=clean.rows, batch=1)).rows == 2


def test_a_sample_reads_few_pages_of_a_large_table(people: str) -> None:
    with psycopg.connect(people, autocommit=True) as connection:
        connection.execute(
            "CREATE TABLE large (id int) WITH (fillfactor = 10);"
            "INSERT INTO large SELECT generate_series(1, 120000); ANALYZE large"
        )
    with import_stage(people, GUARD, "large") as stage:
        assert stage.table.pages > SAMPLED_PAGES
        for rows in (1, 500):
            before = _blocks_fetched(stage)
            assert stage.sampled(rows=rows, seed=1).rows == rows
            assert _blocks_fetched(stage) - before < 100


def _blocks_fetched(stage: Stage) -> int:
    stage.session.execute("SELECT pg_stat_force_next_flush()")
    ((blocks,),) = stage.session.execute("SELECT pg_stat_get_blocks_fetched('large'::regclass)").fetchall()
    return int(blocks)


def test_a_sample_takes_no_longer_than_a_statement_may(people: str) -> None:
    guard = Guard(allow_superuser=True, statement_timeout_ms=1_000, lock_timeout_ms=0)
    with import_stage(people, guard, TABLE) as stage, psycopg.connect(people) as other:
        other.execute("SET idle_in_transaction_session_timeout = '20s'")
        other.execute(f"LOCK TABLE {TABLE}")
        with pytest.raises(StatementError, match="statement timeout"):
            stage.sampled(rows=10, seed=1)


def test_triggers_are_left_out_where_writes_are_not_allowed(people: str) -> None:
    with import_stage(people, Guard(allow_superuser=True), TABLE) as stage:
        assert "triggers were left out" in stage.notes[0]
        assert PartKind.TRIGGER not in {part.kind for part in stage.parts}


def test_who_may_not_make_a_schema_is_told(office: Office) -> None:
    with psycopg.connect(office.superuser_dsn, autocommit=True) as connection:
        name = connection.info.dbname
        connection.execute(SQL("ALTER DATABASE {} OWNER TO postgres").format(Identifier(name)))
    with (
        pytest.raises(MeasureError, match="may not make a scratch schema") as raised,
        import_stage(office.dsn, Guard(), '"Alumni Office"."Person"'),
    ):
        pass
    assert office.password not in str(raised.value)


def test_a_superuser_is_refused(people: str) -> None:
    with pytest.raises(GuardError, match="superuser"), import_stage(people, Guard(), TABLE):
        pass


def test_an_empty_table_has_nothing_to_import(people: str) -> None:
    with import_stage(people, GUARD, '"Alumni Office".seen') as stage, pytest.raises(NothingMeasuredError):
        stage.sampled(rows=10, seed=1)


def test_a_view_is_no_table(people: str) -> None:
    with pytest.raises(UsageError, match="is no table"), import_stage(people, GUARD, "pg_catalog.pg_views"):
        pass
