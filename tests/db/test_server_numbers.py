"""On a database that perfkit did not make, every node has the numbers that psql's EXPLAIN shows."""

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from perfkit.catalog.load import load_catalog
from perfkit.catalog.model import Case, Query
from perfkit.embedded import PostgresServer
from tests.db.command_line import analyze, cases

LIBRARY = """
CREATE TYPE library.state AS ENUM ('lent', 'returned', 'lost');
CREATE TABLE library.authors (author int PRIMARY KEY, name text NOT NULL, born date);
INSERT INTO library.authors SELECT n, 'Author ' || n, DATE '1900-01-01' + n FROM generate_series(1, 500) AS n;
CREATE TABLE library.books (
    book int PRIMARY KEY, author int NOT NULL REFERENCES library.authors, title text NOT NULL, price numeric(8, 2),
    tags text[] NOT NULL, about jsonb NOT NULL
);
INSERT INTO library.books
SELECT n, 1 + n % 500, 'Title ' || md5(n::text), n % 97 + 0.99, ARRAY['t' || n % 50, 'u' || n % 7],
       jsonb_build_object('pages', n % 900, 'language', CASE n % 3 WHEN 0 THEN 'en' ELSE 'de' END)
FROM generate_series(1, 20000) AS n;
CREATE INDEX books_author ON library.books (author);
CREATE INDEX books_tags ON library.books USING gin (tags);
CREATE TABLE library.loans (
    loan int NOT NULL, book int NOT NULL, lent_on date NOT NULL, state library.state NOT NULL, fee numeric
) PARTITION BY RANGE (lent_on);
CREATE TABLE library.loans_2024 PARTITION OF library.loans FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TABLE library.loans_2025 PARTITION OF library.loans FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
INSERT INTO library.loans
SELECT n, 1 + n * 7 % 20000, DATE '2024-01-01' + n % 731, (ARRAY['lent', 'returned', 'lost'])[1 + n % 3]::library.state,
       CASE WHEN n % 5 = 0 THEN n % 11 END
FROM generate_series(1, 200000) AS n;
CREATE INDEX loans_book ON library.loans (book);
CREATE VIEW library.lost AS SELECT book, count(*) AS times FROM library.loans WHERE state = 'lost' GROUP BY book;
"""

QUERIES = """
-- name: books_of_author
-- param: author int
-- case: one  author=17
-- case: none  author=0
SELECT title FROM library.books WHERE author = :author ORDER BY title;

-- name: by_tags
-- param: tags text[]
-- case: two  tags='{t3,u2}'
SELECT book FROM library.books WHERE tags @> :tags;

-- name: by_pages
-- param: about jsonb
-- param: least numeric
-- case: german  about='{"language": "de"}' least=90.5
SELECT count(*) FROM library.books WHERE about @> :about AND price > :least;

-- name: loans_of_a_month
-- param: first date
-- param: state library.state
-- case: lost  first=2024-03-01 state=lost
-- case: over_the_year  first=2024-12-15 state=lent
SELECT b.title, l.lent_on FROM library.loans l JOIN library.books b USING (book)
WHERE l.lent_on >= :first AND l.lent_on < :first + 30 AND l.state = :state ORDER BY l.lent_on, b.title LIMIT 50;

-- name: busiest_authors
SELECT a.name, count(*) AS loans FROM library.authors a JOIN library.books b USING (author)
JOIN library.loans l USING (book) GROUP BY a.author ORDER BY loans DESC, a.author LIMIT 10;

-- name: last_loan_of_each_book
-- param: author int
-- case: one  author=3
SELECT b.book, (SELECT max(l.lent_on) FROM library.loans l WHERE l.book = b.book) FROM library.books b WHERE b.author = :author;

-- name: never_lent
SELECT count(*) FROM library.books b WHERE NOT EXISTS (SELECT FROM library.loans l WHERE l.book = b.book AND l.fee IS NOT NULL);

-- name: often_lost
-- param: times bigint
-- case: twice  times=2
SELECT b.title FROM library.lost s JOIN library.books b USING (book) WHERE s.times > :times;

-- name: running_fees
-- param: book int
-- case: null  book=NULL
-- case: one  book=700
WITH fees AS MATERIALIZED (SELECT lent_on, fee FROM library.loans WHERE book = :book)
SELECT lent_on, sum(fee) OVER (ORDER BY lent_on) FROM fees UNION ALL SELECT NULL, count(*) FROM fees;

-- name: sorted_on_disk
SELECT loan FROM library.loans ORDER BY fee, lent_on DESC, loan OFFSET 100000 LIMIT 5;
"""

Node = tuple[str, str | None, str | None, int, int, float, float]


@pytest.fixture
def library(database: str) -> Iterator[str]:
    """Yield the URI of a library's database for a role that may only read it."""
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("DROP ROLE IF EXISTS reader")
        connection.execute("CREATE ROLE reader LOGIN PASSWORD 'books'")
        # How workers share the work differs from run to run.
        connection.execute("ALTER ROLE reader SET max_parallel_workers_per_gather = 0")
        connection.execute("CREATE SCHEMA library")
        connection.execute(LIBRARY)
        connection.execute("GRANT USAGE ON SCHEMA library TO reader")
        connection.execute("GRANT SELECT ON ALL TABLES IN SCHEMA library TO reader")
        connection.execute("VACUUM (ANALYZE)")
    yield make_conninfo(database, user="reader", password="books")
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("DROP OWNED BY reader")
        connection.execute("DROP ROLE reader")


@pytest.mark.both_servers
def test_every_node_has_the_numbers_that_psql_shows(
    server: PostgresServer, library: str, tmp_path: Path
) -> None:
    (tmp_path / "library.sql").write_text(QUERIES)
    queries = load_catalog(tmp_path).queries
    assert len(queries) == 10
    measured = cases(analyze(library, tmp_path, "--samples", "2"))
    compared = 0
    for query in queries:
        for case in query.cases:
            expected = _psql_nodes(server, library, _with_literals(query, case))
            assert _perfkit_nodes(measured[case.id]) == expected, case.id
            counters = measured[case.id]["counters"]
            assert counters["shared_blocks"] == expected[0][3]
            compared += len(expected)
    assert compared > 60


@pytest.mark.both_servers
def test_the_nodes_of_a_parallel_plan_have_the_same_sums(
    server: PostgresServer, library: str, tmp_path: Path
) -> None:
    """How many rows each worker took differs, and rows are averages over them; blocks and loops are exact."""
    (tmp_path / "library.sql").write_text(QUERIES)
    dsn = make_conninfo(library, options="-c max_parallel_workers_per_gather=2 -c parallel_setup_cost=0")
    measured = cases(analyze(dsn, tmp_path, "busiest_authors"))["busiest_authors/default"]
    (query,) = (query for query in load_catalog(tmp_path).queries if query.name == "busiest_authors")
    nodes, expected = _perfkit_nodes(measured), _psql_nodes(server, dsn, query.statement)
    assert "Gather" in " ".join(node[0] for node in nodes)
    assert [node[:3] for node in nodes] == [node[:3] for node in expected]
    scans = [node for node in nodes if "Scan" in node[0] and node[2] is None]
    assert sum(node[3] for node in scans) == sum(
        node[3] for node in expected if "Scan" in node[0] and node[2] is None
    )
    for node, other in zip(nodes, expected, strict=True):
        if node[6] == other[6]:
            assert node[5] * node[6] == pytest.approx(other[5] * other[6], abs=node[6])


def _with_literals(query: Query, case: Case) -> str:
    def literal(match: re.Match[str]) -> str:
        param = query.params[int(match[1]) - 1]
        value = case.values[param.name]
        quoted = "NULL" if value is None else "'" + value.replace("'", "''") + "'"
        return f"CAST({quoted} AS {param.type})"

    return re.sub(r"\$(\d+)", literal, query.statement)


def _psql_nodes(server: PostgresServer, dsn: str, statement: str) -> list[Node]:
    """Return the nodes of what psql shows at the second time, when the session knows the catalogs, as perfkit's does."""
    explain = f"EXPLAIN (ANALYZE, BUFFERS, VERBOSE, FORMAT JSON) {statement}"
    psql = [str(server.binaries / "psql"), "-XAtq", "-v", "ON_ERROR_STOP=1", "-d", dsn]
    script = f"\\o /dev/null\n{explain};\n\\o\n{explain};\n"
    shown = subprocess.run(psql, input=script, capture_output=True, text=True, check=True).stdout
    return list(_walk_psql(json.loads(shown)[0]["Plan"]))


def _walk_psql(node: dict[str, Any]) -> Iterator[Node]:
    yield (
        node["Node Type"],
        node.get("Relation Name"),
        node.get("Index Name"),
        node["Shared Hit Blocks"] + node["Shared Read Blocks"],
        node["Temp Read Blocks"] + node["Temp Written Blocks"],
        node["Actual Rows"],
        node["Actual Loops"],
    )
    for child in node.get("Plans", ()):
        yield from _walk_psql(child)


def _perfkit_nodes(case: dict[str, Any]) -> list[Node]:
    assert case["problem"] is None, case
    return list(_walk_perfkit(case["plan"]["root"]))


def _walk_perfkit(node: dict[str, Any]) -> Iterator[Node]:
    buffers = node["buffers"]
    yield (
        node["type"],
        node.get("relation"),
        node.get("index"),
        buffers["shared_hit"] + buffers["shared_read"],
        buffers["temp_read"] + buffers["temp_written"],
        node["actual"]["rows"],
        node["actual"]["loops"],
    )
    for child in node["children"]:
        yield from _walk_perfkit(child)
