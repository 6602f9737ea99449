"""The planner twin: what it is built from holds no rows, and its planner makes of a statement what the source's makes."""

import gzip
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from perfkit.db.connect import connect, connected
from perfkit.db.copies import read_source
from perfkit.db.guard import Guard, guarded
from perfkit.db.probe import Probe, probe_indexes
from perfkit.db.server import GuardedServer
from perfkit.db.snapshot import read_planner_data
from perfkit.db.twin import forget_ends, restore_planner_data
from perfkit.db.twin_candidates import make_candidates, size_new_indexes
from perfkit.embedded.schema import dump_schema
from perfkit.plan.model import Plan, walk
from perfkit.plan.runs import Statement
from perfkit.twin.build import Database, Twin, built_twin
from perfkit.twin.codec import decode, encode
from perfkit.twin.export import snapshot_of
from perfkit.twin.known_texts import KnownTexts
from perfkit.twin.snapshot import Redaction, Snapshot
from tests.db.health.looking import run

GUARD = Guard(allow_superuser=True, analyze_on_primary=True)
DATABASE = Database(
    connect=connect,
    restore=restore_planner_data,
    forget_ends=forget_ends,
    make_candidates=make_candidates,
    size_new_indexes=size_new_indexes,
)
EXACT, REDACTED = Redaction(values=False), Redaction()

SCHEMA = """
CREATE SCHEMA office;
SET search_path = office;
CREATE TABLE person (
    id int PRIMARY KEY, name text NOT NULL, year int, tags text[], profile jsonb, words tsvector, born date,
    stay int4range, made timestamptz, dropped int, city varchar(40), code char(3)
);
INSERT INTO person
SELECT
    n, 'Person ' || md5(n::text), CASE WHEN n % 11 > 0 THEN 1950 + (n * n) % 70 END, ARRAY['t' || n % 7, 'u' || n % 501],
    jsonb_build_object('k', n % 13, 'c', 'c' || n % 97),
    to_tsvector('simple', 'w' || n % 301 || ' v' || n % 17), date '1940-01-01' + n % 9999,
    int4range(n % 100, n % 100 + 1 + n % 7), timestamptz '2020-01-01' + n * interval '1 hour', 0,
    (ARRAY['Oslo', 'Rome', 'Lima'])[1 + n % 3], 'c' || n % 40
FROM generate_series(1, 20000) AS n;
ALTER TABLE person DROP COLUMN dropped;
CREATE INDEX person_year ON person (year DESC NULLS LAST, name);
CREATE INDEX person_name ON person (lower(name) text_pattern_ops);
CREATE INDEX person_recent ON person (made) INCLUDE (name) WHERE year > 2000;
CREATE INDEX person_tags ON person USING gin (tags);
CREATE INDEX person_profile ON person USING gin (profile jsonb_path_ops);
CREATE INDEX person_words ON person USING gin (words) WITH (fastupdate = off);
CREATE INDEX person_made ON person USING brin (made) WITH (pages_per_range = 8);
CREATE INDEX person_city ON person USING hash (city);
CREATE INDEX person_stay ON person USING gist (stay);
CREATE STATISTICS person_place (ndistinct, dependencies, mcv) ON city, code, year FROM person;
CREATE STATISTICS person_month ON (extract(month FROM born)) FROM person;
CREATE TABLE gift (id int, person_id int REFERENCES person, given date NOT NULL, amount numeric)
PARTITION BY RANGE (given);
CREATE TABLE gift_2024 PARTITION OF gift FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TABLE gift_2025 PARTITION OF gift FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
INSERT INTO gift SELECT n, 1 + n % 20000, date '2024-01-01' + n % 700, n % 1000 FROM generate_series(1, 30000) AS n;
CREATE INDEX gift_person ON gift (person_id, given);
CREATE MATERIALIZED VIEW by_year AS SELECT year, count(*) AS people FROM person GROUP BY year;
CREATE TABLE empty (id int PRIMARY KEY);
VACUUM (ANALYZE);
"""
STATEMENTS = (
    "SELECT * FROM office.person WHERE id = 17",
    "SELECT * FROM office.person WHERE id > 19990",
    "SELECT name FROM office.person WHERE year = 1980 ORDER BY name LIMIT 10",
    "SELECT * FROM office.person WHERE year IS NULL",
    "SELECT * FROM office.person ORDER BY year DESC NULLS LAST LIMIT 5",
    "SELECT * FROM office.person WHERE lower(name) LIKE 'person a%'",
    "SELECT name FROM office.person WHERE year > 2010 AND made > timestamptz '2021-06-01'",
    "SELECT * FROM office.person WHERE tags @> '{t3,u17}'",
    'SELECT * FROM office.person WHERE profile @> \'{"k": 3, "c": "c5"}\'',
    "SELECT * FROM office.person WHERE words @@ to_tsquery('simple', 'w5 & v3')",
    "SELECT count(*) FROM office.person WHERE made BETWEEN '2020-03-01' AND '2020-03-05'",
    "SELECT * FROM office.person WHERE city = 'Oslo' AND code = 'c3' AND year = 1987",
    "SELECT city, code, count(*) FROM office.person GROUP BY city, code",
    "SELECT * FROM office.person WHERE extract(month FROM born) = 3",
    "SELECT * FROM office.person WHERE stay && int4range(7, 9)",
    """SELECT p.name, sum(amount) FROM office.person AS p JOIN office.gift AS g ON g.person_id = p.id
    WHERE g.given >= date '2025-03-01' AND p.city = 'Rome' GROUP BY p.name ORDER BY 2 DESC LIMIT 10""",
    "SELECT * FROM office.gift WHERE person_id = 5 AND given BETWEEN '2024-02-01' AND '2024-03-01'",
    "SELECT * FROM office.by_year JOIN office.person USING (year) WHERE people > 200",
    "SELECT * FROM office.empty JOIN office.person USING (id)",
    "UPDATE office.person SET city = 'Bern' WHERE code = 'c7'",
)

TEXTUAL = (
    "SELECT FROM office.person WHERE city = 'Rome'",
    "SELECT FROM office.person WHERE city < 'Rome'",
    "SELECT FROM office.person WHERE code = 'c7'",
)
UNKNOWN = "SELECT FROM office.person WHERE city = 'Lima'"


def _snapshot(dsn: str, redaction: Redaction = EXACT) -> Snapshot:
    data = read_planner_data(dsn, GUARD, redaction)
    made = snapshot_of(read_source(dsn), data, dump_schema, is_redacted=redaction.values)
    return decode(encode(made), Path("a.twin"))


@contextmanager
def _twin(snapshot: Snapshot, directory: Path) -> Iterator[Twin]:
    with built_twin(snapshot, directory, DATABASE) as twin:
        yield twin


def _plan(dsn: str, sql: str) -> Plan:
    statement = Statement(text=sql, types=(), values=(), writes=False, volatile=False)
    return GuardedServer(dsn=dsn, guard=GUARD).plan(statement)


def _nodes(plan: Plan) -> list[tuple[object, ...]]:
    return [
        (
            node.type,
            node.index or node.relation,
            node.plan_rows,
            node.plan_width,
            node.startup_cost,
            node.total_cost,
        )
        for node in walk(plan.root)
    ]


@pytest.fixture
def source(database: str) -> str:
    run(database, *SCHEMA.split(";\n"))
    return database


def test_the_brief_time_limit_of_a_look_into_indexes_ends_with_it(source: str) -> None:
    probe = Probe(
        oid=1,
        index="person_tags",
        table="office.person",
        method="gin",
        keys=("tags",),
        orders=(),
        operator_class="array_ops",
        predicate="",
        blocks=100,
        rows=20_000,
        may_tell_ends=False,
    )
    with connected(source) as connection, guarded(connection, GUARD):
        probe_indexes(connection, [probe])
        assert connection.execute("SHOW statement_timeout").fetchone() == ("30s",)


_TABLES = 100
_HELD = "(SELECT count(*) AS held FROM pg_locks WHERE pid = pg_backend_pid()) AS locks"


def test_a_look_into_many_indexes_keeps_no_locks_on_them(database: str) -> None:
    with psycopg.connect(database, autocommit=True) as connection:
        for number in range(_TABLES):
            connection.execute(f"CREATE TABLE wide_{number} (n int PRIMARY KEY)".encode())
    probe = Probe(
        oid=_TABLES,
        index="",
        table=_HELD,
        method="btree",
        keys=("held",),
        orders=("",),
        operator_class="int8_ops",
        predicate="",
        blocks=1,
        rows=0,
        may_tell_ends=True,
    )
    tables = [
        replace(probe, oid=number, index=f"wide_{number}_pkey", table=f"wide_{number}", keys=("n",))
        for number in range(_TABLES)
    ]
    with connected(database) as connection, guarded(connection, GUARD):
        found = probe_indexes(connection, [*tables, probe])
    assert int(found[_TABLES]["lowest"]) < _TABLES
    assert found[0]["height"] == 0


def test_a_view_that_is_not_filled_is_not_looked_into(database: str, server_folder: Path) -> None:
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("CREATE MATERIALIZED VIEW unfilled AS SELECT 1 AS n WITH NO DATA")
        connection.execute("CREATE INDEX unfilled_n ON unfilled (n)")
    assert "unfilled_n" in {each.name for each in _snapshot(database).data.relations}
    assert "has not been populated" not in (server_folder / "postgres" / "postgres.log").read_text()


@pytest.mark.both_servers
def test_every_node_of_every_plan_is_the_same_as_on_the_source(source: str, server_folder: Path) -> None:
    snapshot = _snapshot(source)
    with _twin(snapshot, server_folder) as twin:
        assert twin.notes == ()
        # Before 17 no view shows the bounds of ranges.
        shows_ranges = snapshot.major >= 17
        assert [("bounds of ranges" in each) for each in snapshot.data.lacks] == (
            [] if shows_ranges else [True]
        )
        for sql in (each for each in STATEMENTS if shows_ranges or "&&" not in each):
            assert _nodes(_plan(twin.dsn, sql)) == _nodes(_plan(source, sql)), sql


STALE = """
CREATE TABLE office.stale AS
SELECT date '2020-01-01' + n AS day, ('m' || n)::name AS mark, n FROM generate_series(10000, 19999) AS n;
CREATE INDEX stale_day ON office.stale (day DESC) INCLUDE (n);
CREATE INDEX stale_mark ON office.stale (mark);
CREATE INDEX stale_n ON office.stale (n, day);
VACUUM ANALYZE office.stale;
INSERT INTO office.stale SELECT date '2020-01-01' + n, ('m' || n)::name, n FROM generate_series(20000, 39999) AS n;
VACUUM office.stale
"""


@pytest.mark.both_servers
def test_what_lies_beyond_stale_statistics_is_looked_up_in_the_ends_of_indexes(
    source: str, server_folder: Path
) -> None:
    run(source, *STALE.split(";\n"))
    conditions = ("day > '2075-01-01'", "n > 25000", "n < 10001", "mark > 'm25'")
    statements = [f"SELECT * FROM office.stale WHERE {condition}" for condition in conditions]
    snapshot = _snapshot(source)
    with _twin(snapshot, server_folder) as twin:
        assert twin.notes == ()
        for sql in statements:
            assert _nodes(_plan(twin.dsn, sql)) == _nodes(_plan(source, sql)), sql
    relations = tuple(replace(each, lowest=None, highest=None) for each in snapshot.data.relations)
    without = replace(snapshot, data=replace(snapshot.data, relations=relations))
    with _twin(without, server_folder) as twin:
        for sql in statements[:2]:
            assert _nodes(_plan(twin.dsn, sql)) != _nodes(_plan(source, sql)), sql


def test_an_end_that_cannot_be_read_is_told_and_spoils_no_other(source: str, server_folder: Path) -> None:
    spoilt, alike = "gift_2024_person_id_given_idx", "SELECT * FROM office.gift_2025 WHERE person_id > 19950"
    snapshot = _snapshot(source)
    relations = tuple(
        replace(each, lowest="no number") if each.name == spoilt else each for each in snapshot.data.relations
    )
    with _twin(replace(snapshot, data=replace(snapshot.data, relations=relations)), server_folder) as twin:
        assert len(twin.notes) == 1
        assert spoilt in twin.notes[0]
        assert _nodes(_plan(twin.dsn, alike)) == _nodes(_plan(source, alike))


def test_no_row_and_no_value_of_text_leaves_the_server_unless_told(source: str) -> None:
    for redaction, is_there in ((REDACTED, False), (EXACT, True)):
        text = gzip.decompress(encode(_snapshot(source, redaction))).decode()
        # A name that is a bound of a histogram, a common city, a common tag and a common word.
        assert any(f"Person {start}" in text for start in "0123456789abcdef") is is_there
        assert ("Oslo" in text, '"u17"' in text or "u17," in text, "'w5'" in text or ",w5," in text) == (
            is_there,
        ) * 3
    kept = gzip.decompress(encode(_snapshot(source, Redaction(kept=("office.person.city",))))).decode()
    assert "Oslo" in kept
    assert "Person a" not in kept


# Text in types that are none, and in indexes that store another type than that of their key.
HIDDEN = """
CREATE EXTENSION pg_trgm;
CREATE DOMAIN address AS text CHECK (VALUE LIKE '%@%');
CREATE DOMAIN post AS address;
CREATE DOMAIN labels AS text[];
CREATE TYPE contact AS (name text, number int);
CREATE TYPE span AS RANGE (subtype = text, collation = "C");
CREATE TYPE grade AS ENUM ('low', 'high');
CREATE TABLE hidden AS SELECT
    n AS id, ('Secret' || n % 9000 || '@a.org')::post AS email, 'secret' || n % 99 || ' body' AS body,
    decode(md5((n % 999)::text), 'hex') || 'secret'::bytea AS raw, ROW('secret' || n % 999, n)::contact AS met,
    ARRAY[jsonb_build_object('a', 'secret' || n % 999)] AS documents, ARRAY['secret' || n % 99]::labels AS tags,
    span('secret' || n % 999, 'secretz') AS reach, ('secret' || n)::name AS called,
    (ARRAY['low', 'high']::grade[])[1 + n % 2] AS graded, ARRAY[n % 7, n % 501] AS numbers,
    ('secret' || n % 999)::varchar(40) AS place, ('secret' || n % 999)::char(40) AS code
FROM generate_series(1, 20000) AS n;
CREATE INDEX hidden_trgm ON hidden USING gin (lower(email) gin_trgm_ops);
CREATE INDEX hidden_close ON hidden USING gist (lower(email) gist_trgm_ops);
CREATE INDEX hidden_hash ON hidden USING hash (lower(email));
CREATE INDEX hidden_words ON hidden USING gin (to_tsvector('english', body));
CREATE INDEX hidden_parts ON hidden USING gin (string_to_array(body, ' '));
CREATE INDEX hidden_document ON hidden USING gin ((documents[1] -> 'a') jsonb_path_ops);
CREATE INDEX hidden_raw ON hidden (raw);
CREATE INDEX hidden_met ON hidden (met);
CREATE INDEX hidden_called ON hidden (called);
CREATE INDEX hidden_documents ON hidden (documents);
CREATE INDEX hidden_numbers ON hidden USING gin (numbers);
CREATE INDEX hidden_graded ON hidden ((coalesce(graded, 'low')));
VACUUM (ANALYZE)
"""
KNOWN_OF_HIDDEN = """
SELECT
    tablename, attname, null_frac, avg_width, n_distinct, most_common_vals::text, most_common_freqs,
    histogram_bounds::text, correlation, most_common_elems::text, most_common_elem_freqs, elem_count_histogram
FROM pg_stats WHERE tablename LIKE 'hidden%' ORDER BY 1, 2
"""
# Those of ranges (6 and 7) are shown to nobody before 17.
OPERATORS_OF_HIDDEN = """
SELECT starelid::regclass::text, staattnum, kind, operator, sorted
FROM
    pg_statistic,
    unnest(
        ARRAY[stakind1, stakind2, stakind3, stakind4, stakind5], ARRAY[staop1, staop2, staop3, staop4, staop5],
        ARRAY[stacoll1, stacoll2, stacoll3, stacoll4, stacoll5]
    ) AS slot (kind, operator, sorted)
WHERE starelid::regclass::text LIKE 'hidden%' AND kind BETWEEN 1 AND 5
ORDER BY 1, 2, 3
"""


@pytest.fixture
def hidden(database: str) -> str:
    run(database, *HIDDEN.split(";\n"))
    return database


@pytest.mark.both_servers
def test_text_leaves_in_no_other_type_and_in_no_index_unless_told(hidden: str) -> None:
    redacted = _snapshot(hidden, REDACTED)
    for snapshot, is_there in ((redacted, False), (_snapshot(hidden), True)):
        found = [
            str(each)
            for each in (*snapshot.data.columns, *snapshot.data.relations)
            if "secret" in str(each).lower() or b"secret".hex() in str(each)
        ]
        assert bool(found) is is_there, found
    columns = {(each.table, each.column): each for each in redacted.data.columns}
    assert columns["hidden", "id"].histogram is not None
    assert columns["hidden", "graded"].common_values == "{low,high}"
    assert columns["hidden", "numbers"].common_elements is not None
    assert columns["hidden_graded", "coalesce"].common_values == "{low,high}"
    for name in ("trgm", "close", "hash"):
        assert columns[f"hidden_{name}", "lower"].histogram == columns["hidden_trgm", "lower"].histogram
    assert columns["hidden_trgm", "lower"].histogram is not None
    assert columns["hidden_parts", "string_to_array"].common_elements is not None


@pytest.mark.both_servers
def test_statistics_of_any_type_are_put_in_place_as_they_were(hidden: str, server_folder: Path) -> None:
    with _twin(_snapshot(hidden), server_folder) as twin:
        assert twin.notes == ()
        with psycopg.connect(hidden) as source, psycopg.connect(twin.dsn) as copy:
            for query in (KNOWN_OF_HIDDEN, OPERATORS_OF_HIDDEN):
                assert copy.execute(query).fetchall() == source.execute(query).fetchall()
    redacted = _snapshot(hidden, REDACTED)
    with _twin(redacted, server_folder) as twin:
        assert twin.notes == ()
        with psycopg.connect(twin.dsn) as copy:
            bounds = "SELECT histogram_bounds::text FROM pg_stats WHERE tablename = 'hidden_trgm'"
            assert copy.execute(bounds).fetchall() == [
                (each.histogram,) for each in redacted.data.columns if each.table == "hidden_trgm"
            ]


def test_what_cannot_be_put_in_place_is_told_without_its_values(hidden: str, server_folder: Path) -> None:
    snapshot = _snapshot(hidden)
    columns = tuple(
        replace(each, histogram="{secret}") if each.column == "id" else each for each in snapshot.data.columns
    )
    with _twin(replace(snapshot, data=replace(snapshot.data, columns=columns)), server_folder) as twin:
        assert twin.notes == ("statistics of public.hidden.id: refused (SQLSTATE 22P02)",)


FOREIGN = """
CREATE EXTENSION postgres_fdw;
CREATE SERVER "far ""off'" FOREIGN DATA WRAPPER postgres_fdw
OPTIONS (host 'hidden', dbname 'it''s hidden', fdw_tuple_cost '0.3', application_name 'a
);b');
CREATE SERVER "near" FOREIGN DATA WRAPPER postgres_fdw;
CREATE USER MAPPING FOR CURRENT_USER SERVER "far ""off'" OPTIONS (user 'bob', password 'hidden');
CREATE FOREIGN TABLE gone (id int, name text) SERVER "far ""off'" OPTIONS (table_name 'there');
CREATE FOREIGN TABLE here (id int, name text) SERVER near
"""


@pytest.mark.both_servers
def test_a_foreign_table_is_planned_without_the_way_to_its_server(database: str, server_folder: Path) -> None:
    with psycopg.connect(database, autocommit=True) as connection:
        for statement in re.split(r";\n(?=CREATE)", FOREIGN):
            connection.execute(statement.encode())
    snapshot = _snapshot(database)
    assert "hidden" not in snapshot.schema_sql
    assert "bob" not in snapshot.schema_sql
    with _twin(snapshot, server_folder) as twin:
        assert twin.notes == ()
        for sql in ("SELECT * FROM gone", "SELECT * FROM here"):
            assert _nodes(_plan(twin.dsn, sql)) == _nodes(_plan(database, sql))


def test_texts_that_are_known_anyway_stand_for_themselves_and_tell_of_no_other(source: str) -> None:
    known = KnownTexts(values=("Oslo", "u17", "w5"), bounds=("Person 8", "Person 9"), fragments=("e4",))
    text = gzip.decompress(encode(_snapshot(source, Redaction(known=known)))).decode()
    columns = {each["column"]: each for each in json.loads(text)["columns"] if each["table"] == "person"}
    assert "Oslo" in columns["city"]["common_values"]
    assert "u17" in columns["tags"]["common_elements"]
    assert columns["words"]["common_elements"].startswith("{w5,")
    text = re.sub(r"restrict \w+", "", text)  # pg_dump's key, which is any letters
    for other in ("Rome", "Lima", '"u18"', "u18,", "w6", "v3"):
        assert other not in text
    names = columns["name"]["histogram"].strip('{"}').split('","')
    # Of a name no more is told than what bounds and fragments tell.
    told = {re.sub(r" \d{3}x*", "", name) for name in names}
    assert told <= {"Oslo", "Osloe4", "Person 8", "Person 8e4", "Person 9", "Person 9e4"}
    assert {"Oslo", "Osloe4", "Person 8", "Person 9"} <= told
    assert names == sorted(names)
    assert sum(name.startswith("Person 8") for name in names) == pytest.approx(len(names) / 16, abs=2)


def test_a_redacted_twin_plans_as_the_source_does_but_for_texts_that_are_not_known(
    source: str, server_folder: Path
) -> None:
    known = KnownTexts(values=("Rome", "c7", "t3", "u17", "w5 & v3"), bounds=("person a", "person b"))
    with _twin(_snapshot(source, Redaction(known=known)), server_folder) as twin:
        assert twin.notes == ()
        for sql in (*(STATEMENTS[place] for place in (0, 1, 4, 7, 9, 10, 15, 16)), *TEXTUAL):
            assert _nodes(_plan(twin.dsn, sql)) == _nodes(_plan(source, sql)), sql
        assert _nodes(_plan(twin.dsn, UNKNOWN)) != _nodes(_plan(source, UNKNOWN))


def test_a_role_that_may_only_select_sees_less_and_is_told(source: str, server_folder: Path) -> None:
    with psycopg.connect(source, autocommit=True) as connection:
        connection.execute("DROP ROLE IF EXISTS reader")
        connection.execute("CREATE ROLE reader LOGIN PASSWORD 'reader'")
        connection.execute("GRANT USAGE ON SCHEMA office TO reader")
        connection.execute("GRANT SELECT ON office.person, office.gift, office.gift_2024 TO reader")
    try:
        snapshot = _snapshot(make_conninfo(source, user="reader", password="reader"))
        lacks = " ".join(snapshot.data.lacks)
        assert "gift_2025, by_year, empty: this role may not read them" in lacks
        assert "2 extended statistics" in lacks
        with _twin(snapshot, server_folder) as twin:
            assert _nodes(_plan(twin.dsn, STATEMENTS[2])) == _nodes(_plan(source, STATEMENTS[2]))
    finally:
        with psycopg.connect(source, autocommit=True) as connection:
            connection.execute("DROP OWNED BY reader")
            connection.execute("DROP ROLE reader")


def test_a_table_of_300_gigabytes_takes_no_room(source: str, server_folder: Path) -> None:
    snapshot = _snapshot(source)
    blocks = 300 * 2**30 // 8192
    relations = tuple(
        replace(each, blocks=blocks, pages=blocks, rows=3e9, visible_pages=blocks)
        if each.name == "person"
        else each
        for each in snapshot.data.relations
    )
    large = replace(snapshot, data=replace(snapshot.data, relations=relations))
    with _twin(large, server_folder) as twin:
        scan = _plan(twin.dsn, "SELECT * FROM office.person").root
        assert scan.total_cost is not None
        assert scan.total_cost > blocks
        used = sum(path.stat().st_blocks * 512 for path in twin.data_directory.rglob("*") if path.is_file())
        assert used < 200e6


def test_nothing_is_left_of_a_twin_when_it_ends(source: str, server_folder: Path) -> None:
    with _twin(_snapshot(source), server_folder) as twin:
        place = twin.data_directory
    assert not place.exists()
