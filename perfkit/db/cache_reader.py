"""The database behind a cache: results as an application would keep them, with the versions of their tables."""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress

import psycopg
from psycopg.sql import SQL, Composable, Identifier, Literal

from perfkit.bench.cache.protocols import Row
from perfkit.bench.cache.stream import Key
from perfkit.db import sql
from perfkit.db.cache_scratch import Scratch
from perfkit.db.calls import calls_of, refuse_volatile
from perfkit.db.connect import connect, require_own_session, server_errors
from perfkit.db.explain import server_types
from perfkit.db.guard import Guard, execute, guarded
from perfkit.errors import MeasureError
from perfkit.plan.model import Plan, walk
from perfkit.plan.runs import Statement
from perfkit.syntax.statement import first_word, read_statement

_BEGIN = SQL("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
_VERSIONS = SQL("SELECT version FROM {}.generation WHERE table_number IN ({}) ORDER BY table_number")
_WRITE = SQL(
    "UPDATE {}.generation SET version = version + 1 WHERE table_number IN "
    "(SELECT table_number FROM {}.generation WHERE table_number IN ({}) ORDER BY table_number FOR UPDATE)"
    " RETURNING table_number, version"
)


class CachedDatabase:
    """One session that reads what keys say, each statement prepared once, as applications do; it cannot write.

    With a scratch schema a second session writes versions there, and a read has those of its tables, of one snapshot.
    Methods raise GuardError and StatementError.
    """

    def __init__(self, dsn: str, guard: Guard, scratch: Scratch | None) -> None:
        """Connect; raises ConnectError, and GuardError behind a pooler and where perfkit does not measure."""
        self._guard = guard
        self._scratch = scratch
        self._prepared: dict[str, tuple[Identifier, int]] = {}
        self._connection = connect(dsn)
        self._writer = connect(dsn) if scratch else None
        try:
            self._limit()
        except MeasureError:
            self.close()
            raise

    def _limit(self) -> None:
        """Make the session one that cannot write, nor wait without end."""
        require_own_session(self._connection, "measuring a cache")
        guard = self._guard
        with guarded(self._connection, guard):
            pass
        with server_errors():
            self._connection.execute("SET default_transaction_read_only = on")
            for limit, ms in (
                (SQL("statement_timeout"), guard.statement_timeout_ms),
                (SQL("lock_timeout"), guard.lock_timeout_ms),
                (SQL("idle_in_transaction_session_timeout"), guard.idle_timeout_ms),
            ):
                self._connection.execute(SQL("SET {} = {}").format(limit, Literal(f"{math.ceil(ms)}ms")))

    def read(self, key: Key) -> Row:
        """Return the result as JSON text, an array of arrays of text, and the versions."""
        with server_errors():
            call = self._call(key.statement)
            if self._scratch is None or not key.tables:
                (result,) = self._results(call)
                return Row(payload=_payload(result), versions=())
            schema = Identifier(self._scratch.name)
            versions = _VERSIONS.format(schema, SQL(", ").join(map(Literal, key.tables)))
            try:
                _, result, versioned, _ = self._results(_BEGIN, call, versions, SQL("COMMIT"))
            except psycopg.Error:
                self._connection.rollback()
                raise
        found = (versioned.get_value(row, 0) or b"0" for row in range(versioned.ntuples))
        return Row(payload=_payload(result), versions=tuple(map(int, found)))

    def write(self, tables: Sequence[int]) -> dict[int, int]:
        """Make the versions of tables grow in one transaction; return them when it is committed."""
        assert self._scratch is not None
        assert self._writer is not None
        schema = Identifier(self._scratch.name)
        change = _WRITE.format(schema, schema, SQL(", ").join(map(Literal, tables)))
        with server_errors():
            return dict(self._writer.execute(change).fetchall())

    def cancel(self) -> None:
        """End what runs, from another thread."""
        for connection in (self._connection, self._writer):
            if connection is not None and not connection.closed:
                with suppress(psycopg.Error):  # the server may be gone
                    connection.cancel_safe(timeout=1)

    def close(self) -> None:
        """End the sessions."""
        self._connection.close()
        if self._writer:
            self._writer.close()

    def _call(self, statement: Statement) -> Composable:
        known = self._prepared.get(statement.text)
        if known is None:
            known = self._prepared[statement.text] = self._prepare(statement)
        name, parameters = known
        if not parameters:
            return SQL("EXECUTE {}").format(name)
        return SQL("EXECUTE {}({})").format(name, SQL(", ").join(map(Literal, statement.values)))

    def _prepare(self, statement: Statement) -> tuple[Identifier, int]:
        with guarded(self._connection, self._guard):
            if not statement.volatile:
                refuse_volatile(self._connection, calls_of(self._connection, statement.text))
            types = server_types(self._connection, statement.types)
            name = Identifier(f"perfkit_{len(self._prepared)}")
            declared = SQL("({})").format(SQL(", ").join(map(SQL, types))) if types else SQL("")
            execute(self._connection, SQL("PREPARE {}{} AS {}").format(name, declared, SQL(statement.text)))
        return name, len(types)

    def _results(self, *commands: Composable) -> list[psycopg.pq.abc.PGresult]:
        """Return the results of commands of ours that are sent at once."""
        cursor = self._connection.execute(SQL("; ").join(commands))
        return list(_each(cursor))


def _each(cursor: psycopg.Cursor) -> Iterator[psycopg.pq.abc.PGresult]:
    while True:
        assert cursor.pgresult is not None
        yield cursor.pgresult
        if not cursor.nextset():
            return


def _payload(result: psycopg.pq.abc.PGresult) -> bytes:
    rows = [
        [_text(result.get_value(row, column)) for column in range(result.nfields)]
        for row in range(result.ntuples)
    ]
    return json.dumps(rows, ensure_ascii=False, separators=(",", ":")).encode()


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode()


def tables_of(connection: psycopg.Connection, plans: Mapping[str, Plan]) -> dict[str, frozenset[str]]:
    """Return the tables that plans read or change, by the names of the plans: "schema.table", for a partition its root."""
    named = {
        name: {(node.schema, node.relation) for node in walk(plan.root) if node.schema and node.relation}
        for name, plan in plans.items()
    }
    every = sorted({pair for pairs in named.values() for pair in pairs})
    columns = [[schema for schema, _ in every], [relation for _, relation in every]]
    with server_errors(), psycopg.RawCursor(connection) as cursor:
        rows = cursor.execute(sql.load("cache_roots"), columns).fetchall()
    roots = {(schema, relation): root for schema, relation, root in rows}
    return {
        name: frozenset(roots.get((schema, relation), f"{schema}.{relation}") for schema, relation in pairs)
        for name, pairs in named.items()
    }


def command_and_tables(connection: psycopg.Connection, text: str) -> tuple[str, frozenset[str]]:
    """Return a statement's first word, in capitals, and the tables that it names, as `tables_of` does without a plan.

    Raises StatementError where a schema's names may not be looked up.
    """
    names = sorted(read_statement(text).relation_names)
    with server_errors(), psycopg.RawCursor(connection) as cursor:
        rows = cursor.execute(sql.load("cache_named"), [names]).fetchall()
    return first_word(text), frozenset(name for (name,) in rows)
