"""The guard: what must hold before a statement runs, and the transaction that keeps it from leaving a trace."""

import math
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import psycopg
from psycopg.pq import TransactionStatus
from psycopg.rows import class_row
from psycopg.sql import SQL, Composed

from perfkit.db import sql
from perfkit.db.connect import server_errors
from perfkit.errors import GuardError

OLDEST_VERSION = 140_000
IDLE_TIMEOUT_MS = 60_000
# In a pair of sessions one waits while the other runs its statement, twice in a row at most.
IDLE_STATEMENTS = 3
CANCEL_TIMEOUT_S = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """What the user allows: time limits in ms (0 is no limit), the plan mode, and what is refused unless told."""

    statement_timeout_ms: float = 30_000
    lock_timeout_ms: float = 1_000
    plan_mode: str = "custom"
    allow_writes: bool = False
    allow_superuser: bool = False
    analyze_on_primary: bool = False

    @property
    def idle_timeout_ms(self) -> float:
        """Return how long a transaction may wait for its next statement."""
        if not self.statement_timeout_ms:
            return 0.0
        return max(IDLE_TIMEOUT_MS, IDLE_STATEMENTS * self.statement_timeout_ms)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Session:
    guarded: bool
    role: str
    is_superuser: bool
    in_recovery: bool
    is_local: bool


@contextmanager
def guarded(connection: psycopg.Connection, guard: Guard, *, writes: bool = False) -> Iterator[None]:
    """Hold a transaction that is read-only (unless `writes` and allowed), limited in time, and always rolled back.

    Statements inside go by the extended protocol (`execute`), which refuses several commands in one text. Raises
    GuardError when the role or the server is one that perfkit does not measure on unless told.
    """
    # Of a lost connection libpq knows no version; the first command says that it is lost.
    if not connection.closed and connection.info.server_version < OLDEST_VERSION:
        raise GuardError(
            f"the server is PostgreSQL {connection.info.server_version // 10_000}: perfkit measures 14 and later"
        )
    if writes and not guard.allow_writes:
        raise GuardError("it writes", hint="run it with --allow-writes; it is rolled back all the same")
    try:
        with server_errors():
            execute(connection, b"BEGIN READ WRITE" if writes else b"BEGIN READ ONLY")
            _enter(connection, guard)
            yield
    finally:
        _leave(connection)


def _leave(connection: psycopg.Connection) -> None:
    """Roll back; where an interrupt left a command running, cancel it on the server and end the session."""
    if connection.info.transaction_status == TransactionStatus.ACTIVE:
        with suppress(psycopg.Error):  # the server may be gone; the interrupt goes on
            connection.cancel_safe(timeout=CANCEL_TIMEOUT_S)
        connection.close()
    elif not connection.closed:
        with server_errors():
            connection.rollback()


def _enter(connection: psycopg.Connection, guard: Guard) -> None:
    limits = (guard.statement_timeout_ms, guard.lock_timeout_ms, guard.idle_timeout_ms)
    # Rounded up: a limit below a millisecond must not become 0, which is none.
    values = [f"{math.ceil(limit)}ms" for limit in limits] + [f"force_{guard.plan_mode}_plan"]
    with psycopg.RawCursor(connection, row_factory=class_row(_Session)) as cursor:
        (session,) = cursor.execute(sql.load("session"), values).fetchall()
    if session.is_superuser and not guard.allow_superuser:
        raise GuardError(
            f"role {session.role} is a superuser, which no guard can hold",
            hint="connect as an ordinary role (README has the script), or pass --allow-superuser",
        )
    if not (session.in_recovery or session.is_local or guard.analyze_on_primary):
        raise GuardError(
            "the server is a primary on another machine",
            hint="connect to a replica, or pass --analyze-on-primary",
        )


def execute(connection: psycopg.Connection, query: bytes | SQL | Composed) -> psycopg.Cursor:
    """Run one command by the extended protocol, which psycopg uses for binary results."""
    return connection.execute(query, binary=True)
