"""Shared buffers: what pg_statio_all_tables counted, what pg_buffercache shows, and emptying them where that is allowed."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import psycopg
from psycopg.rows import class_row
from psycopg.sql import SQL, Identifier

from perfkit.bench.cache.blocks import Accesses
from perfkit.db import sql
from perfkit.db.connect import connected, server_errors
from perfkit.db.guard import Guard, guarded
from perfkit.errors import StatementError

_EVICTS = 170_000
_EVICTS_ALL = 180_000
# Sessions tell what they counted when they end, which a client does not wait for.
_SETTLED_S, _SETTLED_LIMIT_S = 0.05, 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Extension:
    schema: str | None
    available: bool
    is_superuser: bool
    shared_buffers_bytes: int


class SharedBuffers:
    """Shared buffers as one session sees them; the faces are perfkit.bench.cache.blocks.Buffers'."""

    def __init__(self, connection: psycopg.Connection, extension: _Extension, why_warm: str) -> None:
        self._connection = connection
        self._schema = Identifier(extension.schema or "")
        self.shared_buffers_bytes = extension.shared_buffers_bytes
        self.why_unknown = "" if extension.schema else _why_unknown(extension)
        self.why_warm = why_warm or self.why_unknown
        self.why_unknown = self.why_unknown or self._refusal()

    def cached(self) -> Mapping[str, int]:
        """Return the bytes of each table in shared buffers, with indexes and TOAST; raises StatementError."""
        query = SQL(sql.load("cache_buffers").decode()).format(schema=self._schema)
        with server_errors():
            return {name: int(size) for name, size in self._connection.execute(query).fetchall()}

    def evict(self) -> None:
        """Empty shared buffers but for what is in use; raises StatementError."""
        every = self._connection.info.server_version >= _EVICTS_ALL
        query = (
            SQL("SELECT {}.pg_buffercache_evict_all()")
            if every
            else SQL("SELECT count({}.pg_buffercache_evict(bufferid)) FROM {}.pg_buffercache")
        )
        with server_errors():
            self._connection.execute(query.format(*[self._schema] * (1 if every else 2)))

    def accesses(self) -> Mapping[str, Accesses]:
        """Return the blocks that were asked for of each table, once all sessions that ended have told."""
        found, end = self._accesses(), time.monotonic() + _SETTLED_LIMIT_S
        while time.monotonic() < end:
            time.sleep(_SETTLED_S)
            again = self._accesses()
            if again == found:
                break
            found = again
        return found

    def _accesses(self) -> dict[str, Accesses]:
        with server_errors():
            self._connection.execute("SELECT pg_catalog.pg_stat_clear_snapshot()")
            rows = self._connection.execute(sql.load("cache_statio")).fetchall()
        return {name: Accesses(hit=hit, read=read, size_bytes=size) for name, hit, read, size in rows}

    def _refusal(self) -> str:
        try:
            with self._connection.transaction():
                self._connection.execute(SQL("SELECT FROM {}.pg_buffercache LIMIT 1").format(self._schema))
        except psycopg.Error as error:
            return (
                f"what is in shared buffers cannot be read: {error.diag.message_primary} (GRANT pg_monitor)"
            )
        return ""


@contextmanager
def shared_buffers(dsn: str, guard: Guard, *, own: bool) -> Iterator[SharedBuffers]:
    """Yield shared buffers; with `own`, on a server that is ours, they may be emptied, and pg_buffercache is made.

    The extension is made in a transaction that is rolled back. Raises GuardError and StatementError.
    """
    with connected(dsn) as connection:
        if not own:
            with guarded(connection, guard):
                pass
        with server_errors():
            connection.execute("BEGIN" if own else "BEGIN READ ONLY")
        try:
            extension = _extension(connection)
            if own and extension.schema is None and extension.available and extension.is_superuser:
                with suppress(psycopg.Error), connection.transaction():
                    connection.execute("CREATE EXTENSION pg_buffercache")
                extension = _extension(connection)
            yield SharedBuffers(connection, extension, _why_warm(connection, extension, own=own))
        finally:
            if not connection.closed:
                with server_errors():
                    connection.rollback()


def _extension(connection: psycopg.Connection) -> _Extension:
    with server_errors(), connection.cursor(row_factory=class_row(_Extension)) as cursor:
        row = cursor.execute(sql.load("cache_extension")).fetchone()
    if row is None:
        raise StatementError("the server does not tell of its extensions")
    return row


def _why_unknown(extension: _Extension) -> str:
    hint = "CREATE EXTENSION pg_buffercache" if extension.available else "the server does not have it"
    return f"what is in shared buffers is unknown without the extension pg_buffercache ({hint})"


def _why_warm(connection: psycopg.Connection, extension: _Extension, *, own: bool) -> str:
    """Return why buffers cannot, or may not, be emptied."""
    if not own:
        return "cold runs are unknown: shared buffers are only emptied on perfkit's own servers"
    if connection.info.server_version < _EVICTS:
        return "cold runs are unknown: shared buffers can be emptied from PostgreSQL 17 on"
    if not extension.is_superuser:
        return "cold runs are unknown: only a superuser may empty shared buffers"
    return ""
