"""Prepared: a statement that runs under EXPLAIN ANALYZE the way an application would plan it, and leaves nothing."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass

import psycopg
from psycopg.sql import SQL, Composed, Literal

from perfkit.db import sql
from perfkit.db.calls import calls_of, functions_of, refuse_volatile
from perfkit.db.connect import server_errors
from perfkit.db.guard import Guard, execute, guarded
from perfkit.errors import StatementError
from perfkit.plan.model import Plan
from perfkit.plan.parse import parse_plan
from perfkit.plan.runs import Statement


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A statement of one case, ready to run on a connection of its own; `functions` as in Runs."""

    connection: psycopg.Connection
    command: Composed
    undo: bool
    functions: Mapping[str, str]

    def run(self, *, timing: bool = False) -> Plan:
        """Return the plan of one run, with the times of its nodes if asked; what it did is taken back.

        Raises StatementError.
        """
        options = explain_options(self.connection.info.server_version, timing=timing)
        explain = SQL("EXPLAIN ({}) {}").format(SQL(options), self.command)
        with server_errors(), _undone(self.connection) if self.undo else nullcontext():
            row = execute(self.connection, explain).fetchone()
        assert row is not None
        return parse_plan(row[0])


@contextmanager
def prepared(connection: psycopg.Connection, statement: Statement, *, guard: Guard) -> Iterator[Prepared]:
    """Hold the statement ready to run in a guarded transaction.

    PREPARE takes one SELECT, INSERT, UPDATE, DELETE, MERGE or VALUES and nothing else, and binds the declared types,
    so that the plan is the one an application gets. Raises GuardError or StatementError; nothing is kept.
    """
    with guarded(connection, guard, writes=statement.writes):
        command = _prepare(connection, statement)
        yield Prepared(
            connection=connection,
            command=command,
            undo=statement.writes or statement.volatile,
            functions=_functions(connection, statement),
        )


def plan_of(connection: psycopg.Connection, statement: Statement, *, guard: Guard) -> Plan:
    """Return the plan of a statement that is not run, so that it may write; raises GuardError or StatementError."""
    with guarded(connection, guard), server_errors():
        command = _prepare(connection, statement)
        explain = SQL("EXPLAIN (VERBOSE, SETTINGS, FORMAT JSON) {}").format(command)
        row = execute(connection, explain).fetchone()
    assert row is not None
    return parse_plan(row[0])


def _functions(connection: psycopg.Connection, statement: Statement) -> Mapping[str, str]:
    """Return the functions that the statement calls; raises GuardError where one is volatile and that is not allowed."""
    calls = calls_of(connection, statement.text)
    if not statement.volatile:
        refuse_volatile(connection, calls)
    return functions_of(connection, calls)


def explain_options(version: int, *, timing: bool) -> str:
    """Return EXPLAIN's options for a server of `version` (server_version_num)."""
    newer = ", SERIALIZE TEXT, MEMORY" if version >= 170_000 else ""
    return f"ANALYZE, VERBOSE, BUFFERS, WAL, SETTINGS, SUMMARY{newer}, TIMING {'ON' if timing else 'OFF'}, FORMAT JSON"


def _prepare(connection: psycopg.Connection, statement: Statement) -> Composed:
    types = server_types(connection, statement.types)
    declared = SQL("({})").format(SQL(", ").join(map(SQL, types))) if types else SQL("")
    execute(connection, SQL("PREPARE perfkit{} AS {}").format(declared, SQL(statement.text)))
    if not types:
        return SQL("EXECUTE perfkit").format()
    return SQL("EXECUTE perfkit({})").format(SQL(", ").join(map(Literal, statement.values)))


def server_types(connection: psycopg.Connection, names: tuple[str, ...]) -> list[str]:
    """Return the server's own spelling of type names; StatementError when it does not know one."""
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


@contextmanager
def _undone(connection: psycopg.Connection) -> Iterator[None]:
    connection.execute("SAVEPOINT run")
    yield
    connection.execute("ROLLBACK TO SAVEPOINT run")
