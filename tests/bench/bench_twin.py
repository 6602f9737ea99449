"""How true the twin is, and what it takes: plans held against their source, a wide schema, a role that may only select.

Run: python -m tests.bench.bench_twin --alumni 20000
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from psycopg.conninfo import make_conninfo
from psycopg.sql import SQL, Identifier

from perfkit.demo.role import DATABASE
from perfkit.embedded import start_postgres, stop_postgres
from tests.bench.demo_server import demo_in, running_demo
from tests.bench.figure import Figure, table
from tests.bench.process import PERFKIT, run

READER = "bench_reader"
TABLES, INDEXES_A_TABLE = 2_000, 5
TABLES_AT_ONCE = 50  # more would need more locks than a server has room for


def figures(directory: Path) -> Iterator[Figure]:
    """Yield the figures of the demo in the directory, then those of a wide schema."""
    demo = running_demo(directory)
    yield from _agreement("as owner", demo.dsn, demo.dsn, directory, most_shapes=0, most_costs=0)
    with _reader(demo.postgres.dsn_for(DATABASE), demo.dsn) as reader:
        yield from _agreement("SELECT only", reader, demo.dsn, directory, most_shapes=3, most_costs=100)
    yield from _wide()


def _agreement(
    who: str, exporting: str, source: str, directory: Path, *, most_shapes: float, most_costs: float
) -> Iterator[Figure]:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "alumni.twin"
        run([*PERFKIT, "twin", "export", file, "--exact", "--dsn", exporting])
        told = Path(folder) / "check.json"
        run([*PERFKIT, "twin", "check", file, "--dsn", source, "--dir", directory, "-f", "json", "-o", told])
        found: dict[str, Any] = json.loads(told.read_text())
    cases = found["cases"]
    for what, same, most in (("shape", "same_shape", most_shapes), ("cost", "equal", most_costs)):
        yield Figure(
            what=f"plans of another {what}, {who}",
            measured=100 * (cases - found[same]) / cases,
            most=most,
            unit="%",
            detail=f"{cases - found[same]} of {cases}",
        )


@contextmanager
def _reader(superuser: str, dsn: str) -> Iterator[str]:
    """Yield the URI of a role that may select from all tables, and nothing else."""
    with psycopg.connect(superuser, autocommit=True) as connection:
        connection.execute(SQL("CREATE ROLE {} LOGIN PASSWORD 'reader'").format(Identifier(READER)))
        connection.execute(SQL("GRANT USAGE ON SCHEMA alumni TO {}").format(Identifier(READER)))
        connection.execute(
            SQL("GRANT SELECT ON ALL TABLES IN SCHEMA alumni TO {}").format(Identifier(READER))
        )
    try:
        yield make_conninfo(dsn, user=READER, password="reader")
    finally:
        with psycopg.connect(superuser, autocommit=True) as connection:
            connection.execute(SQL("DROP OWNED BY {}").format(Identifier(READER)))
            connection.execute(SQL("DROP ROLE {}").format(Identifier(READER)))


def _wide() -> Iterator[Figure]:
    """Yield what it takes to export and to build a schema of 2,000 tables and 10,000 indexes."""
    folder = Path(tempfile.mkdtemp(prefix="perfkit-bench-"))
    folder.chmod(0o711)
    server = start_postgres(folder / "wide", settings={"fsync": "off"}, die_with_parent=True)
    try:
        with psycopg.connect(server.dsn, autocommit=True) as connection:
            for first in range(0, TABLES, TABLES_AT_ONCE):
                connection.execute("; ".join(map(_wide_table, range(first, first + TABLES_AT_ONCE))).encode())
            connection.execute("ANALYZE")
        size = f"{TABLES:,} tables, {TABLES * INDEXES_A_TABLE:,} indexes"
        file = folder / "wide.twin"
        commands: list[tuple[str, float, list[str | Path]]] = [
            ("export", 20.0, ["twin", "export", file, "--dsn", server.dsn, "--allow-superuser"]),
            ("build", 40.0, ["twin", "build", file, "--dir", folder / "twins"]),
        ]
        for what, most, command in commands:
            began = time.perf_counter()
            run([*PERFKIT, *command])
            yield Figure(
                what=f"twin {what}", measured=time.perf_counter() - began, most=most, unit="s", detail=size
            )
        run([*PERFKIT, "twin", "down", "--dir", folder / "twins"])
    finally:
        stop_postgres(folder / "wide")


def _wide_table(number: int) -> str:
    name = f"wide_{number}"
    return (
        f"CREATE TABLE {name} (id int PRIMARY KEY, a int, b text, c date, d numeric);"
        f"INSERT INTO {name} SELECT n, n % 7, 'b' || n, date '2024-01-01' + n, n FROM generate_series(1, 50) AS n;"
        f"CREATE INDEX ON {name} (a); CREATE INDEX ON {name} (b); CREATE INDEX ON {name} (c, a);"
        f"CREATE INDEX ON {name} (lower(b))"
    )


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.bench_twin", description=__doc__)
    parser.add_argument("--alumni", type=int, default=20_000, help="size of the demo that is made")
    parser.add_argument("--dir", type=Path, help="a running demo to use instead")
    given = parser.parse_args()
    with demo_in(given.dir, alumni=given.alumni) as directory:
        sys.stdout.write(table(list(figures(directory))))


if __name__ == "__main__":
    main()
