"""Reading what health checks look at: each query in a guarded transaction of its own, within its own time limit."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import psycopg
from psycopg.rows import dict_row

from perfkit.db import sql
from perfkit.db.connect import connected, server_errors
from perfkit.db.guard import Guard, guarded


@dataclass(frozen=True, slots=True)
class GuardedHealthReader:
    """The reader of `perfkit.health` on a connection; the guard's own time limit holds too, where it is shorter."""

    connection: psycopg.Connection
    guard: Guard

    def rows(self, query: str, timeout_ms: float) -> list[dict[str, Any]]:
        """Return the rows of db/sql/health_<query>.sql; raises StatementError, also when the connection is lost."""
        own_ms = self.guard.statement_timeout_ms
        limited = replace(self.guard, statement_timeout_ms=min(timeout_ms, own_ms or timeout_ms))
        with (
            server_errors(),
            guarded(self.connection, limited),
            psycopg.RawCursor(self.connection, row_factory=dict_row) as cursor,
        ):
            return cursor.execute(sql.load(f"health_{query}")).fetchall()


@contextmanager
def health_reader(dsn: str, guard: Guard) -> Iterator[GuardedHealthReader]:
    """Yield a reader on a connection of its own and close it after.

    Its queries are perfkit's own and read catalogs alone: they run as any role, and on a primary, which measuring refuses.
    """
    with connected(dsn) as connection:
        yield GuardedHealthReader(connection, replace(guard, allow_superuser=True, analyze_on_primary=True))
