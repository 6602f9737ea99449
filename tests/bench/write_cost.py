"""What one more index costs a row that is written: perfkit/indexes/thresholds.py has the numbers that this prints.

Run: python -m tests.bench.write_cost
"""

import argparse
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg.sql import SQL

from perfkit import stats
from perfkit.embedded import start_postgres, stop_postgres

SETTINGS = {"autovacuum": "off", "shared_buffers": "128MB", "max_wal_size": "4GB", "jit": "off"}
COLUMNS = "id bigint, year int, name text, labels text[], profile jsonb, seen timestamptz"
# Names as a trigram index meets them, labels as an array has them, a time that grows.
FRESH = f"""
CREATE TABLE fresh ({COLUMNS});
CREATE FUNCTION made(rows int) RETURNS SETOF fresh LANGUAGE sql AS $$
    SELECT
        n, (1950 + random() * 70)::int,
        initcap(translate(left(md5(n::text), 9), '0123456789', 'aeiouaeiou')) || ' '
            || initcap(translate(left(md5((n % 5000)::text), 8), '0123456789', 'aeiouaeiou')),
        ARRAY['label ' || n % 50, 'label ' || n % 70, 'label ' || n % 90],
        jsonb_build_object('city', 'city ' || n % 500, 'job', md5((n % 2000)::text)),
        TIMESTAMPTZ '2020-01-01' + n * INTERVAL '1 second'
    FROM generate_series(1, rows) AS n
$$
"""
INDEXES = {
    "btree, integer in any order": "CREATE INDEX extra ON person (year, id)",
    "btree, text": "CREATE INDEX extra ON person (name)",
    "btree, time that grows": "CREATE INDEX extra ON person (seen)",
    "gin, three labels": "CREATE INDEX extra ON person USING gin (labels)",
    "gin, jsonb_path_ops": "CREATE INDEX extra ON person USING gin (profile jsonb_path_ops)",
    "gin trigrams, 18 letters": "CREATE INDEX extra ON person USING gin (name gin_trgm_ops)",
    "gist, range": "CREATE INDEX extra ON person USING gist (int4range(year, year + 1))",
    "brin": "CREATE INDEX extra ON person USING brin (seen)",
}


@contextmanager
def _server() -> Iterator[psycopg.Connection]:
    folder = Path(tempfile.mkdtemp(prefix="perfkit-bench-"))
    folder.chmod(0o711)  # the server may run as nobody
    try:
        server = start_postgres(folder / "postgres", settings=SETTINGS, die_with_parent=True)
        with psycopg.connect(server.dsn, autocommit=True) as connection:
            yield connection
    finally:
        stop_postgres(folder / "postgres")
        shutil.rmtree(folder)


def _ms(connection: psycopg.Connection, statement: str) -> float:
    """Return the processor time of a statement, which others on the machine disturb least; needs Linux."""
    start_ns = _cpu_ns(connection)
    connection.execute(SQL(statement))
    return (_cpu_ns(connection) - start_ns) / 1e6


def _cpu_ns(connection: psycopg.Connection) -> int:
    return int(Path(f"/proc/{connection.info.backend_pid}/schedstat").read_text("ascii").split()[0])


def _measured(connection: psycopg.Connection, index: str, *, rows: int, held: int) -> tuple[float, float]:
    """Return ms to insert so many rows into a table that holds others, and to vacuum them away once they are deleted."""
    for statement in (
        "DROP TABLE IF EXISTS person",
        f"CREATE TABLE person ({COLUMNS})",
        f"INSERT INTO person SELECT * FROM fresh WHERE id <= {held}",
        index,
        "CHECKPOINT",
    ):
        if statement:
            _ms(connection, statement)
    insert_ms = sum(
        _ms(connection, f"INSERT INTO person SELECT * FROM fresh WHERE id > {first} AND id <= {first + 500}")
        for first in range(held, held + rows, 500)
    )
    _ms(connection, f"DELETE FROM person WHERE id > {held}")
    return insert_ms, _ms(connection, "VACUUM (INDEX_CLEANUP ON, PARALLEL 0) person")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.write_cost", description=__doc__)
    parser.add_argument("--rows", type=int, default=20_000, help="rows that are written")
    parser.add_argument("--held", type=int, default=100_000, help="rows that the table has before")
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    with _server() as connection:
        _prepare(connection, given.held + given.rows)
        times: dict[str, list[tuple[float, float]]] = {name: [] for name in ("", *INDEXES)}
        for _ in range(given.rounds):
            for name, found in times.items():
                measured = _measured(connection, INDEXES.get(name, ""), rows=given.rows, held=given.held)
                found.append(measured)
    sys.stdout.write(_table(times, given.rows))


def _prepare(connection: psycopg.Connection, rows: int) -> None:
    _ms(connection, "CREATE EXTENSION pg_trgm")
    _ms(connection, FRESH)
    _ms(connection, f"INSERT INTO fresh SELECT * FROM made({rows})")
    _ms(connection, "CREATE INDEX ON fresh (id)")
    _ms(connection, "VACUUM ANALYZE fresh")


def _table(times: dict[str, list[tuple[float, float]]], rows: int) -> str:
    bare_entry, bare_vacuum = ([pair[side] for pair in times[""]] for side in (0, 1))
    lines = [
        f"{'index':30} {'entry us':>10} {'vacuum us':>10}   median of {len(bare_entry)} rounds, beside none\n"
    ]
    for name in INDEXES:
        sides = ([pair[side] for pair in times[name]] for side in (0, 1))
        numbers = (
            1_000 * (stats.median(found) - stats.median(bare)) / rows
            for found, bare in zip(sides, (bare_entry, bare_vacuum), strict=True)
        )
        lines.append(f"{name:30} " + " ".join(f"{number:10.2f}" for number in numbers) + "\n")
    return "".join(lines)


if __name__ == "__main__":
    main()
