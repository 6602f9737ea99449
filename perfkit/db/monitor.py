"""KeptServer: one connection that is kept, for who asks a server for weeks; the server may go away and come back."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.rows import class_row

from perfkit.db import sql
from perfkit.db.connect import connect, server_errors
from perfkit.db.explain import Prepared, prepared
from perfkit.db.guard import CANCEL_TIMEOUT_S, Guard, guarded
from perfkit.db.health import GuardedHealthReader
from perfkit.db.introspect import read_facts
from perfkit.db.server import read_rows
from perfkit.errors import ConnectError, MeasureError
from perfkit.monitor.model import Activity, Counted, Group
from perfkit.plan.facts import Facts
from perfkit.plan.model import Plan
from perfkit.plan.runs import Statement

# A peer that is gone without a word is noticed within half a minute, not after two hours.
_KEEPALIVE = {"keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3}


class KeptServer:
    """A server reached by `dsn` under `guard` on one connection, made when it is first needed and when it was lost.

    JIT is off: what it compiles would slow the next case on the same connection. Methods raise ConnectError when the
    connection cannot be made or was lost, GuardError and StatementError as GuardedServer's.
    """

    def __init__(self, dsn: str, guard: Guard) -> None:
        self._dsn = _kept_alive(dsn)
        self._guard = guard
        self._own_guard = replace(guard, allow_superuser=True, analyze_on_primary=True)
        self._connection: psycopg.Connection | None = None
        self._ended = False

    @contextmanager
    def prepared(self, statement: Statement) -> Iterator[Prepared]:
        """Hold a statement ready to run."""
        with self._held() as connection:
            try:
                with prepared(connection, statement, guard=self._guard) as ready:
                    yield ready
            finally:
                # A prepared statement outlives its transaction.
                with suppress(psycopg.Error):
                    connection.execute("DEALLOCATE ALL")

    def facts(self, plans: Iterable[Plan]) -> Facts:
        """Return the server's facts and those of the relations in the plans."""
        with self._held() as connection, guarded(connection, self._guard):
            return read_facts(connection, plans)

    def rows(self, query: str) -> Iterator[Mapping[str, str | None]]:
        """Yield the rows of one read-only SELECT as they come, values as text."""
        with self._held() as connection:
            yield from read_rows(connection, query, guard=self._guard)

    def activity(self) -> Activity:
        """Return what the sessions do, and what the database has counted; as any role, as no user's statement runs."""
        with self._held() as connection, guarded(connection, self._own_guard):
            with psycopg.RawCursor(connection, row_factory=class_row(Group)) as cursor:
                groups = cursor.execute(sql.load("monitor_sessions")).fetchall()
            with psycopg.RawCursor(connection, row_factory=class_row(Counted)) as cursor:
                (counted,) = cursor.execute(sql.load("monitor_counters")).fetchall()
        return Activity(groups=tuple(groups), counted=counted)

    def health(self) -> "KeptHealthReader":
        """Return the reader of health queries, on the same connection."""
        return KeptHealthReader(self)

    def health_rows(self, query: str, timeout_ms: float) -> list[dict[str, Any]]:
        """Return the rows of db/sql/health_<query>.sql, as GuardedHealthReader does."""
        with self._held() as connection:
            return GuardedHealthReader(connection, self._own_guard).rows(query, timeout_ms)

    def end(self) -> None:
        """Cancel what runs, from another thread; whatever is asked from now on raises ConnectError."""
        self._ended = True
        connection = self._connection
        if connection is not None and not connection.closed:
            with suppress(psycopg.Error):  # the server may be gone
                connection.cancel_safe(timeout=CANCEL_TIMEOUT_S)

    def close(self) -> None:
        """End the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    @contextmanager
    def _held(self) -> Iterator[psycopg.Connection]:
        if self._ended:
            raise ConnectError("the connection was ended")
        is_new = self._connection is None
        connection = self._connection = self._connection or connect(self._dsn)
        try:
            if is_new:
                with server_errors():
                    connection.execute("SET jit = off")
            yield connection
        except MeasureError as error:
            if connection.closed or self._ended:
                raise ConnectError(f"the connection was lost: {error.message}", hint=error.hint) from None
            raise
        finally:
            if connection.closed:
                self._connection = None


@dataclass(frozen=True, slots=True)
class KeptHealthReader:
    """The reader of `perfkit.health` on a kept connection; raises ConnectError when that is lost."""

    server: KeptServer

    def rows(self, query: str, timeout_ms: float) -> list[dict[str, Any]]:
        """Return the rows of db/sql/health_<query>.sql."""
        return self.server.health_rows(query, timeout_ms)


def _kept_alive(dsn: str) -> str:
    """Return the string with what it leaves out for noticing a lost peer; one that cannot be read as it is."""
    try:
        given = conninfo_to_dict(dsn)
    except psycopg.Error:
        return dsn
    return make_conninfo("", **(_KEEPALIVE | {"tcp_user_timeout": 30_000} | given))
