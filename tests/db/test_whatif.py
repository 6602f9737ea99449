"""What-if on the twin says what the planner says when the index is really there: whether it is used, at what cost."""

import random
from itertools import combinations
from pathlib import Path

import psycopg
import pytest

from perfkit.indexes.workload import WorkloadCase
from perfkit.plan.runs import Statement
from perfkit.syntax.index import read_definition
from tests.bench.bench_whatif import NEAR, pairs
from tests.bench.twins import asking
from tests.db.health.looking import run

SCHEMA = """
CREATE SCHEMA office;
CREATE EXTENSION pg_trgm;
CREATE TABLE office.person AS
SELECT
    n AS id, 'Person ' || md5(n::text) AS name, 1950 + (n * n) % 70 AS year, ARRAY['t' || n % 7, 'u' || n % 501] AS tags,
    jsonb_build_object('k', n % 13, 'c', 'c' || n % 97) AS profile, timestamptz '2020-01-01' + n * interval '1 hour' AS made,
    (ARRAY['Oslo', 'Rome', 'Lima'])[1 + n % 3] AS city, CASE WHEN n % 50 = 0 THEN 'left' ELSE 'here' END AS status,
    int4range(n % 1000, n % 1000 + 1) AS stay, md5(n::text) || ' ' || md5((n % 9)::text) AS note
FROM generate_series(1, 30000) AS n;
CREATE TABLE office.gift (id int, person_id int, given date NOT NULL, amount numeric) PARTITION BY RANGE (given);
CREATE TABLE office.gift_2024 PARTITION OF office.gift FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TABLE office.gift_2025 PARTITION OF office.gift FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
INSERT INTO office.gift SELECT n, 1 + n % 40000, date '2024-01-01' + n % 700, n % 1000 FROM generate_series(1, 60000) AS n;
VACUUM (ANALYZE);
"""
RANGES = ("office.person USING gist (stay)", ("SELECT * FROM office.person WHERE stay && int4range(7, 9)",))
# An index, and statements that may use it.
USES = (
    (
        "office.person (id)",
        (
            "SELECT * FROM office.person WHERE id = 17",
            "SELECT * FROM office.person WHERE id > 29900",
            "SELECT * FROM office.person WHERE id = 17 OR year = 1980",
        ),
    ),
    ("office.person (year)", ("SELECT * FROM office.person WHERE year = 1980",)),
    (
        "office.person (year, id DESC)",
        ("SELECT * FROM office.person WHERE year = 1980 ORDER BY id DESC LIMIT 10",),
    ),
    (
        "office.person (year DESC NULLS LAST)",
        ("SELECT * FROM office.person ORDER BY year DESC NULLS LAST LIMIT 10",),
    ),
    ("office.person (city)", ("SELECT * FROM office.person WHERE city = 'Oslo'",)),
    ("office.person (name)", ("SELECT * FROM office.person ORDER BY name LIMIT 20",)),
    (
        "office.person (name text_pattern_ops)",
        ("SELECT * FROM office.person WHERE name LIKE 'Person 0a%'",),
    ),
    (
        "office.person (year) INCLUDE (id)",
        ("SELECT id FROM office.person WHERE year BETWEEN 1980 AND 1985",),
    ),
    (
        "office.person (id) WHERE status = 'left'",
        ("SELECT * FROM office.person WHERE status = 'left' AND id < 5000",),
    ),
    ("office.person (lower(name))", ("SELECT * FROM office.person WHERE lower(name) = 'person x'",)),
    (
        "office.person (((made AT TIME ZONE 'UTC')::date))",
        ("SELECT * FROM office.person WHERE (made AT TIME ZONE 'UTC')::date = date '2021-03-01'",),
    ),
    ("office.person ((profile ->> 'c'))", ("SELECT * FROM office.person WHERE profile ->> 'c' = 'c5'",)),
    ("office.person USING hash (name)", ("SELECT * FROM office.person WHERE name = 'x'",)),
    ("office.person USING gin (tags)", ("SELECT * FROM office.person WHERE tags @> '{u17}'",)),
    (
        "office.person USING gin (profile jsonb_path_ops)",
        ('SELECT * FROM office.person WHERE profile @> \'{"c": "c5"}\'',),
    ),
    (
        "office.person USING gin (name gin_trgm_ops)",
        ("SELECT * FROM office.person WHERE name ILIKE '%0a1b2%'",),
    ),
    (
        "office.person USING gin (to_tsvector('simple', note))",
        ("SELECT * FROM office.person WHERE to_tsvector('simple', note) @@ to_tsquery('simple', 'abc')",),
    ),
    (
        "office.person USING brin (made)",
        ("SELECT * FROM office.person WHERE made BETWEEN '2021-03-01' AND '2021-03-05'",),
    ),
    ("office.person USING spgist (name)", ("SELECT * FROM office.person WHERE name ^@ 'Person 0a'",)),
    (
        "office.gift (person_id)",
        (
            "SELECT * FROM office.gift WHERE person_id = 5",
            "SELECT * FROM office.gift AS g JOIN office.person AS p ON p.id = g.person_id WHERE p.id = 5",
        ),
    ),
    (
        "office.gift (given, amount)",
        ("SELECT max(amount) FROM office.gift WHERE given = date '2025-03-01'",),
    ),
)


@pytest.fixture
def source(database: str) -> str:
    run(database, *SCHEMA.split(";\n"))
    return database


@pytest.mark.both_servers
def test_a_candidate_is_used_and_costs_as_if_it_were_built(source: str, server_folder: Path) -> None:
    with psycopg.connect(source) as connection:
        shows_ranges = connection.info.server_version >= 170_000  # before, no view has their bounds
    found = pairs(source, server_folder, {"": (*USES, RANGES) if shows_ranges else USES})
    assert [pair.sql for pair in found if pair.asked_used != pair.built_used] == []
    # What ANALYZE will say of a computed key is guessed from its column.
    plain = [pair for pair in found if not pair.computed]
    far = [pair for pair in plain if abs(pair.error) > NEAR]
    assert len(far) <= 0.05 * len(plain), far


def test_an_answer_does_not_depend_on_what_was_asked_before(source: str, server_folder: Path) -> None:
    definitions = [read_definition(f"CREATE INDEX ON {index}") for index, _ in USES]
    statements = {sql: _statement(sql) for _, statements in USES for sql in statements}
    questions = [
        (sql, frozenset(chosen))
        for sql in statements
        for chosen in (*combinations(definitions[::3], 2), (), definitions[::2])
    ]
    with asking(source, server_folder, definitions, (), statements) as (what_if, _):
        answers = [
            {each: what_if.cost(_case(each[0]), each[1], frozenset()) for each in order}
            for order in (questions, random.Random(1).sample(questions, len(questions)))
        ]
    assert answers[0] == answers[1]
    assert all(answer.used <= configuration for (_, configuration), answer in answers[0].items())


def test_a_dropped_index_is_left_out_and_comes_back(source: str, server_folder: Path) -> None:
    sql = "SELECT * FROM office.person WHERE id = 17"
    with psycopg.connect(source, autocommit=True) as connection:
        connection.execute("CREATE INDEX by_id ON office.person (id)")
    with asking(source, server_folder, [], (), {sql: _statement(sql)}) as (what_if, _):
        used = [
            what_if.cost(_case(sql), frozenset(), dropped).used_existing
            for dropped in (frozenset[str](), frozenset({"office.by_id"}), frozenset[str]())
        ]
    assert used == [{"office.by_id"}, frozenset(), {"office.by_id"}]


@pytest.mark.parametrize(
    ("sql", "is_unseen"),
    [
        ("SELECT * FROM office.person WHERE name ILIKE 'Person 9%' ORDER BY name LIMIT 10", True),
        ("SELECT * FROM office.person WHERE city = 'Rome' ORDER BY name LIMIT 10", False),
        ("SELECT * FROM office.person ORDER BY name LIMIT 10", False),
    ],
)
def test_a_walk_to_rows_that_lie_together_takes_more_than_it_costs(
    source: str, server_folder: Path, sql: str, *, is_unseen: bool
) -> None:
    walked = read_definition("CREATE INDEX ON office.person (name)")
    with asking(source, server_folder, [walked], (), {sql: _statement(sql)}) as (what_if, _):
        answer = what_if.cost(_case(sql), frozenset({walked}), frozenset())
    assert answer.used == {walked}
    assert (answer.unseen_cost > 10 * answer.cost) is is_unseen
    assert (answer.unseen_cost == 0) is not is_unseen


def _statement(sql: str) -> Statement:
    return Statement(text=sql, types=(), values=(), writes=False, volatile=False)


def _case(sql: str) -> WorkloadCase:
    return WorkloadCase(id=sql, weight=1, measured_ms=1, reads=frozenset())
