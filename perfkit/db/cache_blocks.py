"""Shared buffers: what pg_statio_all_tables counted, what pg_buffercache shows, and emptying them where that is allowed."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from functools import partial

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
_NOT_OURS = "cold runs are unknown: shared buffers are only emptied on perfkit's own servers"

_Asking = Callable[[], AbstractContextManager[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Extension:
    schema: str | None
    available: bool
    is_superuser: bool
    shared_buffers_bytes: int


class SharedBuffers:
    """Shared buffers as one session sees them; the faces are perfkit.bench.cache.blocks.Buffers'.

    `asking` holds the transaction in which one thing is asked.
    """

    def __init__(
        self, connection: psycopg.Connection, asking: _Asking, extension: _Extension, why_warm: str
    ) -> None:
        self._connection = connection
        self._asking = asking
        self._schema = Identifier(extension.schema or "")
        self.shared_buffers_bytes = extension.shared_buffers_bytes
        self.why_unknown = "" if extension.schema else _why_unknown(extension)
        self.why_warm = why_warm or self.why_unknown
        self.why_unknown = self.why_unknown or self._refusal()

    def cached(self) -> Mapping[str, int]:
        """Return the bytes of each table in shared buffers, with indexes and TOAST; raises StatementError."""
        query = SQL(sql.load("cache_buffers").decode()).format(schema=self._schema)
        with self._asking():
            return {name: int(size) for name, size in self._connection.execute(query).fetchall()}

    def evict(self) -> None:
        """Empty shared buffers but for what is in use; raises StatementError."""
        every = self._connection.info.server_version >= _EVICTS_ALL
        query = (
            SQL("SELECT {}.pg_buffercache_evict_all()")
            if every
            else SQL("SELECT count({}.pg_buffercache_evict(bufferid)) FROM {}.pg_buffercache")
        )
        with self._asking():
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
        with self._asking():
            self._connection.execute("SELECT pg_catalog.pg_stat_clear_snapshot()")
            rows = self._connection.execute(sql.load("cache_statio")).fetchall()
        return {name: Accesses(hit=hit, read=read, size_bytes=size) for name, hit, read, size in rows}

    def _refusal(self) -> str:
        query = SQL("SELECT FROM {}.pg_buffercache LIMIT 1").format(self._schema)
        with self._asking():
            try:
                with self._connection.transaction():
                    self._connection.execute(query)
            except psycopg.Error as error:
                said = error.diag.message_primary
                return f"what is in shared buffers cannot be read: {said} (GRANT pg_monitor)"
        return ""


@contextmanager
def shared_buffers(dsn: str, guard: Guard, *, own: bool) -> Iterator[SharedBuffers]:
    """Yield shared buffers; with `own`, on a server that is ours, they may be emptied, and pg_buffercache is made.

    The extension is made in a transaction that is rolled back. On others' servers whatever is asked is asked under the
    guard. Raises GuardError and StatementError.
    """
    with connected(dsn) as connection:
        if own:
            with _extended(connection) as extension:
                why_warm = _why_warm(connection, extension)
                yield SharedBuffers(connection, server_errors, extension, why_warm)
        else:
            asking = partial(guarded, connection, guard)
            with asking():
                extension = _extension(connection)
            yield SharedBuffers(connection, asking, extension, _NOT_OURS)


@contextmanager
def _extended(connection: psycopg.Connection) -> Iterator[_Extension]:
    """Hold a transaction in which pg_buffercache is there where it can be."""
    with server_errors():
        connection.execute("BEGIN")
    try:
        extension = _extension(connection)
        if extension.schema is None and extension.available and extension.is_superuser:
            with suppress(psycopg.Error), connection.transaction():
                connection.execute("CREATE EXTENSION pg_buffercache")
            extension = _extension(connection)
        yield extension
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


def _why_warm(connection: psycopg.Connection, extension: _Extension) -> str:
    """Return why buffers of ours cannot be emptied."""
    if connection.info.server_version < _EVICTS:
        return "cold runs are unknown: shared buffers can be emptied from PostgreSQL 17 on"
    if not extension.is_superuser:
        return "cold runs are unknown: only a superuser may empty shared buffers"
    return ""
