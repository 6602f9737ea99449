"""What-if on the twin says what the planner says when the index is really there: whether it is used, at what cost."""

from collections.abc import Sequence
from pathlib import Path

import psycopg
import pytest

from perfkit.db.connect import connect
from perfkit.db.copies import read_source
from perfkit.db.guard import Guard
from perfkit.db.server import GuardedServer
from perfkit.db.snapshot import read_planner_data
from perfkit.db.twin import forget_ends, restore_planner_data
from perfkit.db.twin_candidates import make_candidates, size_new_indexes
from perfkit.db.whatif import TwinWhatIf
from perfkit.embedded.schema import dump_schema
from perfkit.indexes.workload import WorkloadCase
from perfkit.plan.model import walk
from perfkit.plan.runs import Statement
from perfkit.syntax.index import read_definition
from perfkit.twin.build import Database, add_candidates, built_twin
from perfkit.twin.export import snapshot_of
from perfkit.twin.snapshot import Redaction

GUARD = Guard(allow_superuser=True, analyze_on_primary=True)
DATABASE = Database(
    connect=connect,
    restore=restore_planner_data,
    forget_ends=forget_ends,
    make_candidates=make_candidates,
    size_new_indexes=size_new_indexes,
)
SCHEMA = """
CREATE SCHEMA office;
CREATE EXTENSION pg_trgm;
CREATE TABLE office.person AS
SELECT
    n AS id, 'Person ' || md5(n::text) AS name, 1950 + (n * n) % 70 AS year, ARRAY['t' || n % 7, 'u' || n % 501] AS tags,
    jsonb_build_object('k', n % 13, 'c', 'c' || n % 97) AS profile, timestamptz '2020-01-01' + n * interval '1 hour' AS made,
    (ARRAY['Oslo', 'Rome', 'Lima'])[1 + n % 3] AS city, CASE WHEN n % 50 = 0 THEN 'left' ELSE 'here' END AS status,
    int4range(n % 1000, n % 1000 + 1) AS stay
FROM generate_series(1, 40000) AS n;
CREATE TABLE office.gift (id int, person_id int, given date NOT NULL, amount numeric) PARTITION BY RANGE (given);
CREATE TABLE office.gift_2024 PARTITION OF office.gift FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TABLE office.gift_2025 PARTITION OF office.gift FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
INSERT INTO office.gift SELECT n, 1 + n % 40000, date '2024-01-01' + n % 700, n % 1000 FROM generate_series(1, 60000) AS n;
VACUUM (ANALYZE);
"""
# An index, and a statement that may use it.
PAIRS = (
    ("person (id)", "SELECT * FROM office.person WHERE id = 17"),
    ("person (id)", "SELECT * FROM office.person WHERE id > 39900"),
    ("person (year)", "SELECT * FROM office.person WHERE year = 1980"),
    ("person (year, id DESC)", "SELECT * FROM office.person WHERE year = 1980 ORDER BY id DESC LIMIT 10"),
    ("person (city)", "SELECT * FROM office.person WHERE city = 'Oslo'"),
    ("person (name)", "SELECT * FROM office.person ORDER BY name LIMIT 20"),
    ("person (name text_pattern_ops)", "SELECT * FROM office.person WHERE name LIKE 'Person 0a%'"),
    ("person (year) INCLUDE (id)", "SELECT id FROM office.person WHERE year BETWEEN 1980 AND 1985"),
    ("person (id) WHERE status = 'left'", "SELECT * FROM office.person WHERE status = 'left' AND id < 5000"),
    ("person USING hash (name)", "SELECT * FROM office.person WHERE name = 'x'"),
    ("person USING gin (tags)", "SELECT * FROM office.person WHERE tags @> '{u17}'"),
    (
        "person USING gin (profile jsonb_path_ops)",
        'SELECT * FROM office.person WHERE profile @> \'{"c": "c5"}\'',
    ),
    ("person USING gin (name gin_trgm_ops)", "SELECT * FROM office.person WHERE name ILIKE '%0a1b2%'"),
    (
        "person USING brin (made)",
        "SELECT * FROM office.person WHERE made BETWEEN '2021-03-01' AND '2021-03-05'",
    ),
    ("person USING gist (stay)", "SELECT * FROM office.person WHERE stay && int4range(7, 9)"),
    ("gift (person_id)", "SELECT * FROM office.gift WHERE person_id = 5"),
    (
        "gift (person_id)",
        "SELECT * FROM office.gift AS g JOIN office.person AS p ON p.id = g.person_id WHERE p.id = 5",
    ),
    ("gift (given, amount)", "SELECT max(amount) FROM office.gift WHERE given = date '2025-03-01'"),
)


def _statement(sql: str) -> Statement:
    return Statement(text=sql, types=(), values=(), writes=False, volatile=False)


def _case(sql: str) -> WorkloadCase:
    return WorkloadCase(id=sql, weight=1, measured_ms=1, reads=frozenset())


def _planned(dsn: str, sql: str) -> tuple[float, set[str]]:
    root = GuardedServer(dsn=dsn, guard=GUARD).plan(_statement(sql)).root
    assert root.total_cost is not None
    return root.total_cost, {node.index for node in walk(root) if node.index}


def _really_built(dsn: str, pairs: Sequence[tuple[str, str]]) -> list[tuple[float, bool]]:
    found = []
    with psycopg.connect(dsn, autocommit=True) as connection:
        for index, sql in pairs:
            before = {
                name for (name,) in connection.execute("SELECT indexrelid::regclass::text FROM pg_index")
            }
            connection.execute(f"CREATE INDEX made ON office.{index}".encode())
            cost, used = _planned(dsn, sql)
            found.append((cost, bool(used - before)))
            connection.execute("DROP INDEX office.made")
    return found


@pytest.mark.both_servers
def test_a_candidate_is_used_and_costs_as_if_it_were_built(database: str, server_folder: Path) -> None:
    with psycopg.connect(database, autocommit=True) as connection:
        for statement in SCHEMA.split(";\n"):
            connection.execute(statement.encode())
    data = read_planner_data(database, GUARD, Redaction(values=False))
    snapshot = snapshot_of(read_source(database), data, dump_schema, is_redacted=False)
    # Before 17 no view shows the bounds of ranges, and the twin says so.
    pairs = [pair for pair in PAIRS if snapshot.major >= 17 or "&&" not in pair[1]]
    definitions = [read_definition(f"CREATE INDEX ON office.{index}") for index, _ in pairs]
    true = _really_built(database, pairs)
    with built_twin(snapshot, server_folder, DATABASE) as bare:
        twin, made = add_candidates(bare, list(dict.fromkeys(definitions)), (), DATABASE)
        assert [each.problem for each in made if each.problem] == []
        with psycopg.connect(twin.dsn, autocommit=True) as connection:
            statements = {sql: _statement(sql) for _, sql in pairs}
            what_if = TwinWhatIf(connection, made, statements)
            far = []
            for definition, (_, sql), (cost, used) in zip(definitions, pairs, true, strict=True):
                planned = what_if.cost(_case(sql), frozenset({definition}), frozenset())
                assert (definition in planned.used) is used, sql
                if abs(planned.cost / cost - 1) > 0.05:
                    far.append((sql, planned.cost, cost))
                # Nothing stays switched on.
                assert what_if.cost(_case(sql), frozenset(), frozenset()).used == frozenset()
    assert len(far) <= 0.05 * len(pairs), far
