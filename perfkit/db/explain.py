"""Runs a statement under EXPLAIN ANALYZE, the way an application would plan it, several times."""

import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

import psycopg
from psycopg.sql import SQL, Composed, Literal

from perfkit.db import sql
from perfkit.db.guard import Guard, execute, guarded, refuse_volatile
from perfkit.errors import StatementError
from perfkit.plan.counters import Counters, count
from perfkit.plan.parse import parse_plan
from perfkit.plan.runs import Runs, Statement

# One case may take this long: a slow query says what it has to say in fewer runs.
CASE_LIMIT_MS = 5_000


def run_statement(
    connection: psycopg.Connection, statement: Statement, *, guard: Guard, samples: int
) -> Runs:
    """Return the runs of the statement: a warm-up, up to `samples` with TIMING OFF, one with TIMING ON.

    PREPARE takes one SELECT, INSERT, UPDATE, DELETE, MERGE or VALUES and nothing else, and binds the declared types,
    so that the plan is the one an application gets. Raises GuardError or StatementError; nothing is kept.
    """
    with guarded(connection, guard, writes=statement.writes):
        command = _prepare(connection, statement)
        if not statement.volatile:
            refuse_volatile(connection, statement.text)
        return _run(connection, command, samples, undo=statement.writes or statement.volatile)


def explain_options(version: int, *, timing: bool) -> str:
    """Return EXPLAIN's options for a server of `version` (server_version_num)."""
    newer = ", SERIALIZE TEXT, MEMORY" if version >= 170_000 else ""
    return f"ANALYZE, VERBOSE, BUFFERS, WAL, SETTINGS, SUMMARY{newer}, TIMING {'ON' if timing else 'OFF'}, FORMAT JSON"


def _prepare(connection: psycopg.Connection, statement: Statement) -> Composed:
    types = _server_types(connection, statement.types)
    declared = SQL("({})").format(SQL(", ").join(map(SQL, types))) if types else SQL("")
    execute(connection, SQL("PREPARE perfkit{} AS {}").format(declared, SQL(statement.text)))
    if not types:
        return SQL("EXECUTE perfkit").format()
    return SQL("EXECUTE perfkit({})").format(SQL(", ").join(map(Literal, statement.values)))


def _server_types(connection: psycopg.Connection, names: tuple[str, ...]) -> list[str]:
    if not names:
        return []
    with psycopg.RawCursor(connection) as cursor:
        types = [row[0] for row in cursor.execute(sql.load("types"), [list(names)]).fetchall()]
    unknown = [name for name, found in zip(names, types, strict=True) if found is None]
    if unknown:
        raise StatementError(
            f"the server knows no type {unknown[0]}",
            sqlstate="42704",
            hint="check the param lines of its header",
        )
    return types


def _run(connection: psycopg.Connection, command: Composed, samples: int, *, undo: bool) -> Runs:
    untimed, timed = (
        SQL("EXPLAIN ({}) {}").format(
            SQL(explain_options(connection.info.server_version, timing=timing)), command
        )
        for timing in (False, True)
    )
    started = time.perf_counter()
    documents = [_explain(connection, untimed, undo=undo)]  # the warm-up
    if (time.perf_counter() - started) * 1000 < CASE_LIMIT_MS:
        documents.clear()
    while not documents or (
        len(documents) < samples and (time.perf_counter() - started) * 1000 < CASE_LIMIT_MS
    ):
        documents.append(_explain(connection, untimed, undo=undo))
    plans = [parse_plan(document) for document in documents]
    counted: list[Counters] = [count(plan) for plan in plans]
    return Runs(
        plan=parse_plan(_explain(connection, timed, undo=undo)),
        counters=counted[-1],
        counters_repeat=all(_same_work(counters, counted[-1]) for counters in counted),
        execution_ms=tuple(plan.execution_ms or 0.0 for plan in plans),
        planning_ms=tuple(plan.planning_ms or 0.0 for plan in plans),
    )


def _same_work(one: Counters, other: Counters) -> bool:
    return (one.shared_blocks, one.rows) == (other.shared_blocks, other.rows)


def _explain(connection: psycopg.Connection, query: Composed, *, undo: bool) -> object:
    """Return the document of one run; with `undo`, what it did is taken back, so that the next run finds the same."""
    with _undone(connection) if undo else nullcontext():
        row = execute(connection, query).fetchone()
    assert row is not None
    return row[0]


@contextmanager
def _undone(connection: psycopg.Connection) -> Iterator[None]:
    connection.execute("SAVEPOINT run")
    yield
    connection.execute("ROLLBACK TO SAVEPOINT run")
