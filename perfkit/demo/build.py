"""The making of the alumni database: steps run on two connections, from the schema to the mark of the end."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import ExitStack, closing
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Any, Protocol

from perfkit.demo.steps import Stage, Step, relations, stages
from perfkit.errors import MeasureError, UsageError

ALUMNI_DEFAULT = 100_000
ALUMNI_FEWEST = 1_000
ALUMNI_MOST = 5_000_000  # a message's draw has room for ten million people
SEED_DEFAULT = 1
CONNECTIONS = 2

# Any number that no other program is likely to choose; one build at a time in a database.
BUILD_LOCK = 7_331_001

EXTENSIONS = ("pg_trgm", "unaccent")

SESSION = (
    "SET timezone = 'UTC'",  # dates that are cut from times must not move with the client
    "SET datestyle = 'ISO, MDY'",
    "SET extra_float_digits = 1",
    "SET client_min_messages = warning",
    "SET synchronous_commit = off",
    "SET synchronize_seqscans = off",  # the same order of rows each time
    "SET jit = off",
    "SET work_mem = '128MB'",
    "SET maintenance_work_mem = '256MB'",
    "SET statement_timeout = 0",
)


class Result(Protocol):
    """What a statement gave back."""

    def fetchone(self) -> Any:
        """Return the next row, or None."""

    def fetchall(self) -> list[Any]:
        """Return all rows."""


class Connection(Protocol):
    """A connection in autocommit mode, as psycopg's are with autocommit=True."""

    def execute(self, query: str, /) -> Result:
        """Run SQL without parameters."""

    def cancel(self) -> None:
        """Ask the server to end the statement that runs; safe from another thread."""

    def close(self) -> None:
        """End the session."""


@dataclass(frozen=True, slots=True)
class TableSize:
    """Rows and bytes (with indexes, TOAST and partitions) of one table."""

    name: str
    rows: int
    size_bytes: int


@dataclass(frozen=True, slots=True)
class BuildReport:
    """What a build made. `missing` names extensions that the server lacks: the indexes using them were left out."""

    alumni: int
    seed: int
    seconds: float
    tables: tuple[TableSize, ...]
    missing: tuple[str, ...]

    @property
    def rows(self) -> int:
        """Rows of all tables together."""
        return sum(table.rows for table in self.tables)


@dataclass(frozen=True, slots=True)
class BuildInfo:
    """How a finished alumni database was made."""

    alumni: int
    seed: int
    version: int


def build_alumni(
    connect: Callable[[], Connection],
    *,
    alumni: int = ALUMNI_DEFAULT,
    seed: int = SEED_DEFAULT,
    replace: bool = False,
    progress: Callable[[str, int, int], None] = lambda _label, _done, _total: None,
) -> BuildReport:
    """Make the schema `alumni` with its data, indexes and statistics, and return what was made.

    `connect` opens an autocommit session of the database's owner. `progress` is called in this thread with a
    step's label, the steps done and all steps. An unfinished build is replaced; a finished one, or a schema
    that perfkit did not make, only with `replace`. Raises UsageError for a size out of range or a schema in
    the way, MeasureError when another build is under way; errors of the driver pass through. When it is
    interrupted, running statements are cancelled and the build counts as unfinished.
    """
    if not ALUMNI_FEWEST <= alumni <= ALUMNI_MOST:
        raise UsageError(
            f"cannot make {alumni:,} alumni", hint=f"choose {ALUMNI_FEWEST:,} to {ALUMNI_MOST:,}"
        )
    began = time.monotonic()
    with ExitStack() as stack:
        connections = tuple(stack.enter_context(closing(connect())) for _ in range(CONNECTIONS))
        first = connections[0]
        _lock(first)
        _clear_site(first, replace=replace)
        missing, search_path = _extensions(first)
        for connection in connections:
            for setting in (*SESSION, f"SET search_path = {search_path}"):
                connection.execute(setting)
        plan = stages(alumni=alumni, seed=seed, with_trigrams="pg_trgm" not in missing)
        _run(plan, connections, progress)
        tables = tuple(_table_size(first, name) for name in sorted(relations()))
    return BuildReport(alumni, seed, time.monotonic() - began, tables, missing)


def alumni_status(connection: Connection) -> BuildInfo | None:
    """Return how the alumni database here was made, or None when there is none or its build did not finish."""
    if not value(connection, "SELECT to_regclass('alumni.build_info') IS NOT NULL"):
        return None
    row = connection.execute("SELECT alumni, seed, version FROM alumni.build_info").fetchone()
    return None if row is None else BuildInfo(*row)


def _lock(connection: Connection) -> None:
    if not value(connection, f"SELECT pg_try_advisory_lock({BUILD_LOCK})"):
        raise MeasureError(
            "another build of the alumni database is under way here", hint="wait until it has ended"
        )


def _clear_site(connection: Connection, *, replace: bool) -> None:
    """Drop what an earlier build left; refuse to drop what is whole or not ours."""
    connection.execute("SET client_min_messages = warning")
    exists = value(connection, "SELECT to_regnamespace('alumni') IS NOT NULL")
    unfinished = (
        value(connection, "SELECT to_regclass('alumni.build_info') IS NOT NULL")
        and alumni_status(connection) is None
    )
    if exists and not unfinished and not replace:
        raise UsageError(
            "this database has a schema alumni already",
            hint="build in another database, or say to replace it",
        )
    connection.execute("DROP SCHEMA IF EXISTS alumni CASCADE")
    connection.execute("DROP SCHEMA IF EXISTS alumni_build CASCADE")


def _extensions(connection: Connection) -> tuple[tuple[str, ...], str]:
    """Make the extensions that this role can make; return those missing and the search path of the build."""
    for name in EXTENSIONS:
        if value(
            connection,
            f"SELECT bool_or(trusted) FROM pg_available_extension_versions WHERE name = '{name}'",  # noqa: S608 - a name of ours
        ):
            connection.execute(f"CREATE EXTENSION IF NOT EXISTS {name}")
    rows = connection.execute(
        "SELECT extname, quote_ident(nspname) FROM pg_extension JOIN pg_namespace n ON n.oid = extnamespace"
    ).fetchall()
    schema_of = {name: schema for name, schema in rows if name in EXTENSIONS}
    missing = tuple(name for name in EXTENSIONS if name not in schema_of)
    return missing, ", ".join(["alumni_build", "alumni", *dict.fromkeys(schema_of.values())])


def _run(
    plan: tuple[Stage, ...],
    connections: tuple[Connection, ...],
    progress: Callable[[str, int, int], None],
) -> None:
    """Run all stages; on any error or interrupt, cancel what runs and wait for it before raising."""
    total = sum(len(stage) for stage in plan)
    done = 0
    idle: SimpleQueue[Connection] = SimpleQueue()
    for connection in connections:
        idle.put(connection)
    with ThreadPoolExecutor(len(connections)) as pool:
        for stage in plan:
            futures = {pool.submit(_run_step, step, idle): step for step in stage}
            try:
                for future in as_completed(futures):
                    future.result()
                    done += 1
                    progress(futures[future].label, done, total)
            except BaseException:
                for future in futures:
                    future.cancel()
                for connection in connections:
                    connection.cancel()
                raise
            for connection in connections:
                _publish_counts(connection)


def _publish_counts(connection: Connection) -> None:
    """Have the server count what this session changed; counted after a later ANALYZE, its work would look stale."""
    if value(connection, "SELECT to_regprocedure('pg_stat_force_next_flush()') IS NOT NULL"):  # from 15 on
        connection.execute("SELECT pg_stat_force_next_flush()")


def _run_step(step: Step, idle: SimpleQueue[Connection]) -> None:
    connection = idle.get()
    try:
        connection.execute(step.sql)
    finally:
        idle.put(connection)


def _table_size(connection: Connection, name: str) -> TableSize:
    # pg_partition_tree knows nothing of materialised views
    row = connection.execute(
        f"SELECT (SELECT count(*) FROM alumni.{name}),"  # noqa: S608 - a name from schema.sql
        " coalesce((SELECT sum(pg_total_relation_size(relid)) FROM pg_partition_tree(relation)),"
        f" pg_total_relation_size(relation))::bigint FROM to_regclass('alumni.{name}') AS relation"
    ).fetchone()
    return TableSize(name, *row)


def value(connection: Connection, query: str) -> Any:
    """Return the first column of the first row, or None when there is no row."""
    row = connection.execute(query).fetchone()
    return None if row is None else row[0]
