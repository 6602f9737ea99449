"""How true the twin is, and what it takes: plans held against their source, a wide schema, a table of 300 GB.

Run: python -m tests.bench.bench_twin (about ten minutes), or make bench-twin. PostgreSQL 15 is the distribution's, from
PERFKIT_TEST_PG15_BIN or Debian's place.
"""

import argparse
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psycopg
from psycopg.conninfo import make_conninfo
from psycopg.sql import SQL, Identifier

from perfkit.cli.twin import database
from perfkit.db.guard import Guard
from perfkit.db.server import GuardedServer
from perfkit.demo.role import DATABASE
from perfkit.embedded import start_postgres, stop_postgres
from perfkit.embedded.binaries import find_postgres_binaries
from perfkit.plan.runs import Statement
from perfkit.twin.build import built_twin
from perfkit.twin.codec import read_snapshot
from perfkit.twin.pages import BLOCK_BYTES
from tests.bench.demo_server import demo_in, running_demo
from tests.bench.figure import Figure, table
from tests.bench.process import PERFKIT, run
from tests.bench.tpch.database import QUERIES, make_tpch

ALUMNI_QUERIES = Path("queries")
OWNER, READER, PASSWORD = "bench_owner", "bench_reader", "bench"
# Statistics that autovacuum renews between export and comparison would be taken for the twin's fault.
STILL = {"fsync": "off", "autovacuum": "off"}
PARTS = ("newest", "15", "wide")
TABLES, INDEXES_A_TABLE = 2_000, 5
TABLES_AT_ONCE = 50  # more would need more locks than a server has room for
LARGE_BYTES, LARGE_ROWS = 300 * 2**30, 2e9


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A database that twins are made of: as its owner and as a superuser, its catalog, and where its files may go."""

    name: str
    owner: str
    superuser: str
    schema: str
    queries: Path
    folder: Path
    environ: Mapping[str, str]

    @property
    def exact(self) -> Path:
        """The snapshot that its owner has exported, with all values."""
        return self.folder / "exact.twin"

    def perfkit(self, *arguments: str | Path) -> float:
        """Return how many seconds a command of perfkit's took."""
        return run([*PERFKIT, *arguments], environ=self.environ).wall_s


def figures(binaries: Path, *, alumni: int) -> Iterator[Figure]:
    """Yield the figures of a version: those of the demo, and those of TPC-H."""
    environ = {"PERFKIT_PG_BIN": str(binaries)}
    with demo_in(None, alumni=alumni, environ=environ) as directory:
        yield from _twin_figures(_demo(directory, environ))
    with _folder() as folder:
        server = start_postgres(folder / "tpch", binaries=binaries, settings=STILL, die_with_parent=True)
        try:
            source = _tpch(server.dsn, folder, environ)
            yield from _twin_figures(source)
            yield from _large_table(source)
        finally:
            stop_postgres(folder / "tpch")


def _demo(directory: Path, environ: Mapping[str, str]) -> Source:
    demo = running_demo(directory)
    superuser = demo.postgres.dsn_for(DATABASE)
    with psycopg.connect(superuser, autocommit=True) as connection:
        for name, value in STILL.items():
            connection.execute(SQL("ALTER SYSTEM SET {} = {}").format(Identifier(name), value))
        connection.execute("SELECT pg_reload_conf()")
    return Source(
        name=f"demo on {demo.postgres.version}",
        owner=demo.dsn,
        superuser=superuser,
        schema="alumni",
        queries=ALUMNI_QUERIES,
        folder=directory,
        environ=environ,
    )


def _tpch(server: str, folder: Path, environ: Mapping[str, str]) -> Source:
    with psycopg.connect(server, autocommit=True) as connection:
        version = connection.info.parameter_status("server_version") or ""
        connection.execute(
            SQL("CREATE ROLE {} LOGIN CREATEDB PASSWORD {}").format(Identifier(OWNER), PASSWORD)
        )
    owner = make_tpch(make_conninfo(server, user=OWNER, password=PASSWORD))
    superuser = make_conninfo(server, dbname="tpch")
    return Source(
        name=f"TPC-H on {version.split()[0]}",
        owner=owner,
        superuser=superuser,
        schema="public",
        queries=QUERIES,
        folder=folder,
        environ=environ,
    )


def _twin_figures(source: Source) -> Iterator[Figure]:
    """Yield how the plans of twins agree with their source's, by who exported what, and what that takes."""
    yield _figure(
        source, "export", source.perfkit("twin", "export", source.exact, "--exact", "--dsn", source.owner)
    )
    yield Figure(what="snapshot", measured=source.exact.stat().st_size / 1e3, unit="kB", detail=source.name)
    yield from _agreement(source, source.exact, "owner, exact", most_shapes=0, most_costs=0)
    redacted = source.folder / "redacted.twin"
    source.perfkit("twin", "export", redacted, "--queries", source.queries, "--dsn", source.owner)
    yield from _agreement(source, redacted, "owner, redacted", most_shapes=3)
    reader = _reader(source)
    read, told = source.folder / "read.twin", source.folder / "told.twin"
    source.perfkit("twin", "export", read, "--exact", "--dsn", reader)
    yield from _agreement(source, read, "SELECT only, exact", most_shapes=3)
    source.perfkit("twin", "export", told, "--queries", source.queries, "--dsn", reader)
    yield from _agreement(source, told, "SELECT only, redacted", most_shapes=3)
    twins = source.folder / "built"
    yield _figure(source, "build", source.perfkit("twin", "build", source.exact, "--dir", twins))
    source.perfkit("twin", "down", "--dir", twins)


def _figure(source: Source, what: str, seconds: float, most: float | None = None) -> Figure:
    return Figure(what=f"twin {what}", measured=seconds, most=most, unit="s", detail=source.name)


def _agreement(
    source: Source,
    snapshot: Path,
    who: str,
    *,
    most_shapes: float | None = None,
    most_costs: float | None = None,
) -> Iterator[Figure]:
    """Yield how many of the catalog's plans are others on the twin: in their shape, and in a node's rows or cost."""
    told = source.folder / "check.json"
    at = ("--queries", source.queries, "--dsn", source.owner, "--dir", source.folder / "twins")
    source.perfkit("twin", "check", snapshot, *at, "--format", "json", "--output", told)
    found: dict[str, Any] = json.loads(told.read_text())
    cases = found["cases"]
    for what, same, most in (("shape", "same_shape", most_shapes), ("cost", "equal", most_costs)):
        others = cases - found[same]
        yield Figure(
            what=f"plans of another {what} ({who})",
            measured=100 * others / cases,
            most=most,
            unit="%",
            detail=f"{source.name}, {others} of {cases}",
        )
    for each in found["unplanned"]:
        sys.stderr.write(f"  {each['case']} is not planned by the source: {each['problem']}\n")
    for each in found["differences"]:
        sys.stderr.write(f"  {each['case']}: {each['difference']}\n")


def _reader(source: Source) -> str:
    """Return the URI of a role that may select from all tables, and nothing else."""
    schema, reader = Identifier(source.schema), Identifier(READER)
    with psycopg.connect(source.superuser, autocommit=True) as connection:
        connection.execute(SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(reader, PASSWORD))
        connection.execute(SQL("GRANT USAGE ON SCHEMA {} TO {}").format(schema, reader))
        connection.execute(SQL("GRANT SELECT ON ALL TABLES IN SCHEMA {} TO {}").format(schema, reader))
    return make_conninfo(source.owner, user=READER, password=PASSWORD)


def _large_table(source: Source) -> Iterator[Figure]:
    """Yield what a twin takes whose largest table has 300 GB."""
    snapshot = read_snapshot(source.exact)
    blocks = LARGE_BYTES // BLOCK_BYTES
    relations = tuple(
        replace(each, blocks=blocks, pages=blocks, rows=LARGE_ROWS, visible_pages=blocks)
        if each.name == "lineitem"
        else each
        for each in snapshot.data.relations
    )
    large = replace(snapshot, data=replace(snapshot.data, relations=relations))
    with built_twin(large, source.folder, database()) as twin:
        server = GuardedServer(dsn=twin.dsn, guard=Guard(allow_superuser=True))
        scan = Statement(text="SELECT * FROM lineitem", types=(), values=(), writes=False, volatile=False)
        cost = server.plan(scan).root.total_cost or 0
        if cost < blocks:
            raise RuntimeError(f"300 GB are read for {cost:,.0f}")
        used = sum(path.stat().st_blocks * 512 for path in twin.data_directory.rglob("*"))
    yield Figure(
        what="disk of a twin of 300 GB", measured=used / 1e6, most=200, unit="MB", detail=source.name
    )


def _wide() -> Iterator[Figure]:
    """Yield what it takes to export and to build a schema of 2,000 tables and 10,000 indexes."""
    with _folder() as folder:
        server = start_postgres(folder / "wide", settings=STILL, die_with_parent=True)
        try:
            with psycopg.connect(server.dsn, autocommit=True) as connection:
                for first in range(0, TABLES, TABLES_AT_ONCE):
                    connection.execute(
                        "; ".join(map(_wide_table, range(first, first + TABLES_AT_ONCE))).encode()
                    )
                connection.execute("ANALYZE")
            name = f"{TABLES:,} tables, {TABLES * INDEXES_A_TABLE:,} indexes on {server.version}"
            source = Source(
                name=name,
                owner=server.dsn,
                superuser=server.dsn,
                schema="public",
                queries=ALUMNI_QUERIES,
                folder=folder,
                environ={},
            )
            export = ("twin", "export", source.exact, "--dsn", source.owner, "--allow-superuser")
            yield _figure(source, "export", source.perfkit(*export), 20)
            yield _figure(source, "build", source.perfkit("twin", "build", source.exact, "--dir", folder), 40)
            source.perfkit("twin", "down", "--dir", folder)
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


@contextmanager
def _folder() -> Iterator[Path]:
    """Yield a folder that the server may enter when it runs as nobody; it ends with the block."""
    folder = Path(tempfile.mkdtemp(prefix="perfkit-bench-"))
    folder.chmod(0o711)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def _figures(part: str, alumni: int) -> Iterator[Figure]:
    """Yield the figures of a part: those of the newest PostgreSQL, of 15, or of the wide schema."""
    older = Path(os.environ.get("PERFKIT_TEST_PG15_BIN") or "/usr/lib/postgresql/15/bin")
    if part == "wide":
        yield from _wide()
    elif part == "newest":
        yield from figures(find_postgres_binaries(), alumni=alumni)
    elif (older / "postgres").exists():
        yield from figures(older, alumni=alumni)
    else:
        sys.stderr.write(f"SKIPPED: no PostgreSQL 15 in {older}; set PERFKIT_TEST_PG15_BIN\n")


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench.bench_twin", description="How true the twin is."
    )
    parser.add_argument("--alumni", type=int, default=20_000, help="size of the demo that is made")
    parser.add_argument(
        "--parts", nargs="+", choices=PARTS, default=PARTS, help="what is measured; default: all"
    )
    given = parser.parse_args()
    found: list[Figure] = []
    for figure in (figure for part in given.parts for figure in _figures(part, given.alumni)):
        found.append(figure)
        sys.stderr.write(f"{figure.what}: {figure.measured:.2f} {figure.unit} ({figure.detail})\n")
    sys.stdout.write(table(found))
    sys.exit(not all(figure.met for figure in found))


if __name__ == "__main__":
    main()
