"""Reading what a profile is made of: what sessions do, and what was counted; each in a guarded transaction of its own."""

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Any, TypeVar

import psycopg
from psycopg.rows import dict_row
from psycopg.sql import SQL, Composed, Identifier

from perfkit.db import sql
from perfkit.db.connect import connected, server_errors
from perfkit.db.guard import Guard, guarded
from perfkit.db.statistics import statistics_schema
from perfkit.errors import StatementError
from perfkit.plan.runs import OWN_MARK
from perfkit.profile.counters import Counted, DatabaseCounts, IoCounts, Missing, StatementCounts
from perfkit.profile.model import Seen, Session
from perfkit.profile.profile import Server
from perfkit.profile.statements import mark_of
from perfkit.profile.thresholds import COUNTERS_TIMEOUT_MS, SAMPLE_TIMEOUT_MS

# What others of perfkit's commands ask too, and what a server may remember from before it bore the mark.
_UNMARKED = ("session", "statement_statistics", "profile_activity", "profile_io")
_IO_SINCE = 160_000
_WITHOUT_STATEMENTS = Missing(
    reason="pg_stat_statements is not installed in this database",
    fix="shared_preload_libraries = 'pg_stat_statements', restart, CREATE EXTENSION pg_stat_statements",
)
_Row = dict[str, Any]
_Counts = TypeVar("_Counts", StatementCounts, IoCounts, DatabaseCounts)


@dataclass(frozen=True, slots=True)
class GuardedProfileReader:
    """The reader of `perfkit.profile` on one connection; a guard's own time limit holds where it is shorter."""

    connection: psycopg.Connection
    guard: Guard

    @property
    def is_lost(self) -> bool:
        """Tell whether the connection is gone."""
        return self.connection.closed

    def server(self) -> Server:
        """Return what must be known of the server; raises StatementError."""
        (row,) = self._rows(sql.load("profile_server"), SAMPLE_TIMEOUT_MS)
        return Server(**row)

    def activity(self) -> Seen:
        """Return what the sessions do now; raises StatementError."""
        rows = self._rows(sql.load("profile_activity"), SAMPLE_TIMEOUT_MS)
        sessions = tuple(
            Session(**(row | {"blocked_by": tuple(row["blocked_by"])})) for row in rows if row["kind"]
        )
        return Seen(sessions=sessions, hidden=len(rows) - len(sessions))

    def counted(self) -> Counted:
        """Return what was counted so far; what cannot be read is Missing."""
        statements, statements_reset, evicted = self._statements()
        io, io_reset = self._io()
        database, database_reset = self._database()
        return Counted(
            statements=statements,
            statements_reset=statements_reset,
            evicted=evicted,
            io=io,
            io_reset=io_reset,
            database=database,
            database_reset=database_reset,
        )

    def texts(self, ids: Collection[int]) -> Mapping[int, str]:
        """Return the whole texts of statements by query id, as far as they can be read."""
        try:
            schema = self._schema()
            if not schema or not ids:
                return {}
            with (
                server_errors(),
                guarded(self.connection, self._limited(COUNTERS_TIMEOUT_MS)),
                psycopg.RawCursor(self.connection) as cursor,
            ):
                return dict(cursor.execute(_in(schema, "profile_texts"), [list(ids)]).fetchall())
        except StatementError:
            return {}

    def _statements(
        self,
    ) -> tuple[Mapping[tuple[int, bool], StatementCounts] | Missing, datetime | None, int]:
        try:
            schema = self._schema()
            if not schema:
                return _WITHOUT_STATEMENTS, None, 0
            rows = self._rows(_in(schema, "profile_statements"), COUNTERS_TIMEOUT_MS)
            (info,) = self._rows(_in(schema, "profile_evictions"), COUNTERS_TIMEOUT_MS)
        except StatementError as error:
            return _missing(error), None, 0
        counts = {(row["query_id"], bool(row["is_here"])): _counts(StatementCounts, row) for row in rows}
        return counts, info["stats_reset"], info["dealloc"]

    def _io(self) -> tuple[Mapping[tuple[str, str, str], IoCounts] | Missing, datetime | None]:
        try:
            with server_errors():
                if self.connection.info.server_version < _IO_SINCE:
                    return Missing(reason="pg_stat_io is there from PostgreSQL 16 on"), None
            rows = self._rows(sql.load("profile_io"), COUNTERS_TIMEOUT_MS)
        except StatementError as error:
            return _missing(error), None
        counts = {(row["kind"], row["object"], row["context"]): _counts(IoCounts, row) for row in rows}
        return counts, max((row["stats_reset"] for row in rows if row["stats_reset"]), default=None)

    def _database(self) -> tuple[DatabaseCounts | Missing, datetime | None]:
        try:
            (row,) = self._rows(sql.load("profile_database"), COUNTERS_TIMEOUT_MS)
        except StatementError as error:
            return _missing(error), None
        return _counts(DatabaseCounts, row), row["stats_reset"]

    def _schema(self) -> str:
        """Return the schema of pg_stat_statements, '' where it is not installed."""
        with guarded(self.connection, self._limited(COUNTERS_TIMEOUT_MS)), server_errors():
            return statistics_schema(self.connection)[0]

    def _rows(self, query: bytes | Composed, timeout_ms: float) -> list[_Row]:
        with (
            server_errors(),
            guarded(self.connection, self._limited(timeout_ms)),
            psycopg.RawCursor(self.connection, row_factory=dict_row) as cursor,
        ):
            return cursor.execute(query).fetchall()

    def _limited(self, timeout_ms: float) -> Guard:
        own_ms = self.guard.statement_timeout_ms
        return replace(self.guard, statement_timeout_ms=min(timeout_ms, own_ms or timeout_ms))


@contextmanager
def profile_reader(dsn: str, guard: Guard) -> Iterator[GuardedProfileReader]:
    """Yield a reader on a connection of its own and close it after.

    Its queries are perfkit's own and read views of the server alone: they run as any role, and on a primary.
    """
    with connected(dsn) as connection:
        yield GuardedProfileReader(connection, replace(guard, allow_superuser=True, analyze_on_primary=True))


def own_ids(texts: Mapping[int, str]) -> frozenset[int]:
    """Return the query ids of what perfkit itself asks for a profile: it bears perfkit's mark, or others ask it too."""
    unmarked = {mark_of(sql.load(name).decode()) for name in _UNMARKED}
    return frozenset(
        query_id
        for query_id, text in texts.items()
        if text.rstrip().endswith(OWN_MARK) or mark_of(text) in unmarked
    )


def _in(schema: str, name: str) -> Composed:
    return SQL(sql.load(name).decode()).format(schema=Identifier(schema))


def _counts(kind: type[_Counts], row: _Row) -> _Counts:
    return kind(**{field.name: row[field.name] for field in fields(kind)})


def _missing(error: StatementError) -> Missing:
    """Return why counters could not be read; an old extension lacks columns and views of today's."""
    if error.sqlstate in {"42703", "42P01", "42883"}:
        return Missing(reason=error.message, fix="ALTER EXTENSION pg_stat_statements UPDATE")
    return Missing(reason=error.message, fix=error.hint)
