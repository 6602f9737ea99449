"""The size of an index, estimated from statistics, against the built one, on real servers."""

from collections.abc import Iterator

import psycopg
import pytest

from perfkit.db.connect import connected
from perfkit.db.index_facts import read_index_facts
from perfkit.twin.size import estimate_size

SCHEMA = """
CREATE EXTENSION pg_trgm;
CREATE TABLE member (
    id bigint NOT NULL, "Family Name" text, city text NOT NULL, year smallint NOT NULL, fee numeric NOT NULL,
    left_on date, joined_at timestamp NOT NULL, tags text[] NOT NULL, profile jsonb NOT NULL
) WITH (autovacuum_enabled = off);
INSERT INTO member
SELECT n, 'Name ' || abs(hashint4(n)) % 7919, 'City ' || abs(hashint4(n + 100000)) % 50,
    1950 + abs(hashint4(n + 200000)) % 70, n / 7.0,
    CASE WHEN n % 10 = 0 THEN date '2000-01-01' + abs(hashint4(n)) % 3000 END,
    timestamp '2001-01-01' + n * interval '17 minutes',
    CASE WHEN n % 4 = 0 THEN ARRAY['tag ' || n % 12, 'tag ' || n % 31] ELSE '{}' END,
    jsonb_build_object('city', 'City ' || n % 40, 'login', md5(n::text))
FROM generate_series(1, 25000) AS n;
ANALYZE member;
"""

# With the share by which the estimate may be wrong, above the one page that rounding is worth.
INDEXES = {
    "(id)": 0.02,
    "(year)": 0.03,
    '("Family Name")': 0.05,
    '("Family Name" text_pattern_ops)': 0.05,
    "(fee)": 0.05,
    "(left_on)": 0.05,
    "(joined_at)": 0.02,
    "(year, city)": 0.15,
    "(city, id)": 0.05,
    "(year) INCLUDE (city)": 0.05,
    "(left_on) WHERE left_on IS NOT NULL": 0.1,
    "(year) WHERE year > 2000": 0.1,
    "(id) WHERE year = 2000": 0.1,
    '(lower("Family Name"))': 0.05,
    "((joined_at::date))": 0.05,
    "((profile ->> 'city'))": 0.05,
    "((profile ->> 'login'))": 0.05,
    "(id) WITH (fillfactor = 50)": 0.03,
    "USING hash (id)": 0.05,
    "USING brin (joined_at) WITH (pages_per_range = 2)": 0.05,
    "USING gin (tags)": 0.3,
    "USING gin (profile)": 0.15,
    "USING gin (profile jsonb_path_ops)": 0.15,
    'USING gin ("Family Name" gin_trgm_ops)': 0.3,
    'USING gist ("Family Name" gist_trgm_ops)': 0.3,
}


@pytest.fixture
def connection(database: str) -> Iterator[psycopg.Connection]:
    with connected(database) as opened:
        opened.execute(SCHEMA)
        yield opened


def make_index(connection: psycopg.Connection, definition: str, table: str = "member") -> int:
    connection.execute(f"CREATE INDEX made ON {table} {definition}".encode())
    found = connection.execute("SELECT 'made'::regclass::oid::bigint").fetchone()
    assert found is not None
    return int(found[0])


def copy_statistics(connection: psycopg.Connection) -> None:
    """Make `hollow`, a table without rows that the planner takes for `member`."""
    connection.execute("CREATE TABLE hollow (LIKE member) WITH (autovacuum_enabled = off)")
    connection.execute("SET allow_system_table_mods = on")
    columns = connection.execute(
        "SELECT string_agg(attname, ', ' ORDER BY attnum) FROM pg_attribute"
        " WHERE attrelid = 'pg_statistic'::regclass AND attnum > 1"
    ).fetchone()
    assert columns is not None
    connection.execute(
        f"INSERT INTO pg_statistic (starelid, {columns[0]}) SELECT 'hollow'::regclass, {columns[0]}"
        " FROM pg_statistic WHERE starelid = 'member'::regclass".encode()
    )


def restore_counts(connection: psycopg.Connection) -> None:
    """Undo what CREATE INDEX did: it found `hollow` empty."""
    connection.execute(
        "UPDATE pg_class SET relpages = real.relpages, reltuples = real.reltuples FROM pg_class AS real"
        " WHERE pg_class.oid = 'hollow'::regclass AND real.oid = 'member'::regclass"
    )


@pytest.mark.both_servers
def test_an_estimate_is_near_the_built_index(connection: psycopg.Connection) -> None:
    wrong = {}
    for definition, tolerance in INDEXES.items():
        with connection.transaction(force_rollback=True):
            oid = make_index(connection, definition)
            (facts,) = read_index_facts(connection, [oid])
            found = connection.execute("SELECT pg_relation_size(%s::oid) / 8192", [oid]).fetchone()
        assert found is not None
        pages = estimate_size(facts).pages
        if abs(pages - found[0]) > 1 + tolerance * found[0]:
            wrong[definition] = (pages, found[0])
    assert wrong == {}


@pytest.mark.both_servers
def test_an_empty_index_on_an_empty_table_has_the_same_facts(connection: psycopg.Connection) -> None:
    copy_statistics(connection)
    for definition in INDEXES:
        if " WHERE " in definition:
            continue  # the planner's count of rows needs the table's true length, which only a twin fakes
        with connection.transaction(force_rollback=True):
            full = read_index_facts(connection, [make_index(connection, definition)])
        with connection.transaction(force_rollback=True):
            oid = make_index(connection, definition, "hollow")
            restore_counts(connection)
            assert read_index_facts(connection, [oid]) == full


def test_several_indexes_are_read_in_the_order_asked(connection: psycopg.Connection) -> None:
    with connection.transaction(force_rollback=True):
        first = make_index(connection, "(id)")
        connection.execute("CREATE INDEX other ON member USING brin (joined_at)")
        other = connection.execute("SELECT 'other'::regclass::oid::bigint").fetchone()
        assert other is not None
        assert [facts.method for facts in read_index_facts(connection, [other[0], first])] == [
            "brin",
            "btree",
        ]


def test_what_extended_statistics_count_is_used(connection: psycopg.Connection) -> None:
    connection.execute("CREATE STATISTICS both_of_them (ndistinct) ON city, year FROM member")
    connection.execute("ANALYZE member")
    (facts,) = read_index_facts(connection, [make_index(connection, "(year, city)")])
    counted = connection.execute("SELECT count(DISTINCT (year, city)) FROM member").fetchone()
    assert counted is not None
    assert facts.distinct == pytest.approx(counted[0], rel=0.1)


def test_statistics_of_an_expression_come_from_another_index_of_it(connection: psycopg.Connection) -> None:
    connection.execute("CREATE INDEX known ON member ((id % 5 + year % 3))")
    connection.execute("ANALYZE member")
    (facts,) = read_index_facts(connection, [make_index(connection, "((id % 5 + year % 3), id)")])
    assert facts.columns[0].statistics.distinct == 7


def test_statistics_of_an_expression_come_from_extended_statistics(connection: psycopg.Connection) -> None:
    connection.execute("CREATE STATISTICS known ON (id % 5 + year % 3) FROM member")
    connection.execute("ANALYZE member")
    (facts,) = read_index_facts(connection, [make_index(connection, "((id % 5 + year % 3))")])
    assert facts.columns[0].statistics.distinct == 7


def test_values_that_an_expression_refuses_leave_the_planners_guess(connection: psycopg.Connection) -> None:
    copy_statistics(connection)
    with connection.transaction(force_rollback=True):
        oid = make_index(connection, "((city::int))", "hollow")
        restore_counts(connection)
        (facts,) = read_index_facts(connection, [oid])
        assert facts.columns[0].statistics.samples == ()
        assert estimate_size(facts).pages > 1
        assert connection.execute("SELECT 1").fetchone() == (1,)


@pytest.mark.parametrize("server", ["postgres15"], indirect=True)  # the embedded 18 has no ICU
def test_only_keys_that_are_the_same_bytes_are_deduplicated(connection: psycopg.Connection) -> None:
    connection.execute(
        "CREATE COLLATION ignores (provider = icu, locale = 'und-u-ks-level2', deterministic = false)"
    )
    found = {}
    for definition in ("(city)", "(city COLLATE ignores)", "(fee)", "(left_on)"):
        with connection.transaction(force_rollback=True):
            (facts,) = read_index_facts(connection, [make_index(connection, definition)])
            found[definition] = facts.columns[0].can_deduplicate
    assert found == {"(city)": True, "(city COLLATE ignores)": False, "(fee)": False, "(left_on)": True}
