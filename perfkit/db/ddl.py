"""A session that changes indexes: what it reads of them, what it runs, and the lock that keeps two of them apart."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from threading import Event, Thread
from typing import Any

import psycopg
from psycopg.sql import SQL

from perfkit.apply.state import Blocker, Name, Place
from perfkit.apply.thresholds import (
    BRIEF_LOCK_TIMEOUT_MS,
    BRIEF_OVERLONG_TRIES,
    BRIEF_PAUSE_S,
    BRIEF_STATEMENT_TIMEOUT_MS,
    BRIEF_TRIES,
    CLIENT_CHECK_S,
    LOCK_PATIENCE_S,
)
from perfkit.db.connect import connect, connected, require_own_session, server_errors
from perfkit.db.index_catalog import IndexCatalog, rows_of
from perfkit.errors import ConnectError, GuardError, StatementError

# Any number that no other program is likely to choose: the first half of the advisory lock's key.
APPLY_LOCK = 7_331_004
_POLL_S = 0.5
# lock_not_available, query_canceled: what lock_timeout and statement_timeout end a statement with.
_NO_LOCK, _OVERLONG = "55P03", "57014"


Progress = Callable[[int, int, str], None]
"""Called with what is done, what there is in all (0 for unknown), and what is at work."""


@dataclass(slots=True)
class DdlSession:
    """A connection that changes indexes; `progress`, if any, hears how far a long statement is."""

    connection: psycopg.Connection
    catalog: IndexCatalog
    dsn: str
    place: Place
    progress: Progress | None = None

    def take_lock(self) -> None:
        """Hold the lock of the apply until the session ends; GuardError, with its holder, when another one keeps it.

        Waits here, not on the server, where the snapshot of a waiting session would hold the other one's build up.
        """
        deadline = time.monotonic() + LOCK_PATIENCE_S
        while not self._try_lock():
            if time.monotonic() > deadline:
                raise GuardError(
                    f"another perfkit apply is at work on this database: {self._lock_holder()}",
                    hint="wait until it is done; only one at a time changes indexes",
                )
            time.sleep(_POLL_S)

    def _try_lock(self) -> bool:
        with server_errors():
            ((taken,),) = self.connection.execute(
                "SELECT pg_catalog.pg_try_advisory_lock(%s::int4, 0)", [APPLY_LOCK]
            ).fetchall()
        return bool(taken)

    def _lock_holder(self) -> str:
        found = [Blocker(**row) for row in rows_of(self.connection, "ddl_lock_holder", [APPLY_LOCK])]
        return f"{found[0].told}, since {found[0].age_s:.0f} s" if found else "its session ends now"

    def run(self, statement: str, title: str) -> None:
        """Run a statement for as long as it takes, outside a transaction; raises StatementError."""
        with self._watched(title), server_errors():
            self.connection.execute(statement.encode())

    def run_briefly(self, statement: str) -> None:
        """Run a statement whose locks the application waits for: within BRIEF_STATEMENT_TIMEOUT_MS, or again later.

        Raises GuardError after many tries that did not get a lock, or a few that were ended although they got it.
        """
        overlong = 0
        for attempt in range(BRIEF_TRIES):
            if attempt:
                if self.progress:
                    self.progress(attempt, BRIEF_TRIES, f"waiting for a moment's lock: {statement}")
                time.sleep(BRIEF_PAUSE_S)
            problem = self._tried(statement)
            if not problem:
                return
            overlong += problem == _OVERLONG
            if overlong == BRIEF_OVERLONG_TRIES:
                raise GuardError(
                    f"not done within {BRIEF_STATEMENT_TIMEOUT_MS} ms, and the application may not be kept waiting longer:"
                    f" {statement}",
                    hint="try again in a quiet time; if that does not do, run it yourself, and then --resume",
                )
        raise GuardError(
            f"no moment was found for: {statement}",
            hint="transactions that last keep its table locked; try again when they are over: --resume",
        )

    def _tried(self, statement: str) -> str:
        """Run a statement with limits; return the SQLSTATE of the limit that ended it, '' when it is done."""
        self._limit(BRIEF_LOCK_TIMEOUT_MS, BRIEF_STATEMENT_TIMEOUT_MS)
        try:
            with server_errors():
                self.connection.execute(statement.encode())
        except StatementError as error:
            if error.sqlstate not in (_NO_LOCK, _OVERLONG):
                raise
            return error.sqlstate
        finally:
            with suppress(StatementError):  # a session that is lost has no limits to be lifted
                self._limit(0, 0)
        return ""

    def _limit(self, lock_ms: int, statement_ms: int) -> None:
        with server_errors():
            self.connection.execute(SQL("SET lock_timeout = {}").format(lock_ms))
            self.connection.execute(SQL("SET statement_timeout = {}").format(statement_ms))

    def blockers(self, tables: Sequence[Name], older_than_s: float) -> tuple[Blocker, ...]:
        """Return the transactions of that age that a concurrent build on the tables waits for, the oldest first."""
        rows = rows_of(self.connection, "ddl_blockers", [[table.sql for table in tables], older_than_s])
        return tuple(Blocker(**row) for row in rows)

    def hidden_sessions(self) -> int:
        """Return how many sessions do not show this role how old their transactions are."""
        (row,) = rows_of(self.connection, "ddl_hidden_sessions")
        return int(row["count"])

    def close(self) -> None:
        """End the session, and with it its lock."""
        self.connection.close()

    @contextmanager
    def _watched(self, title: str) -> Iterator[None]:
        if self.progress is None:
            yield
            return
        over = Event()
        pid = self.connection.info.backend_pid
        watcher = Thread(target=_watch, args=(self.dsn, pid, title, self.progress, over), daemon=True)
        watcher.start()
        try:
            yield
        finally:
            over.set()
            watcher.join(_POLL_S)


@contextmanager
def ddl_session(dsn: str, progress: Progress | None = None) -> Iterator[DdlSession]:
    """Yield a session that changes indexes and end it after.

    Raises ConnectError, and GuardError on a replica, or behind a pooler, which would give each statement another session.
    """
    connection = connect(dsn)
    try:
        require_own_session(connection, "building")
        (found,) = rows_of(connection, "ddl_session")
        if found["in_recovery"]:
            raise GuardError("the server is a replica, where no index can be made", hint="name its primary")
        # A server whose system cannot tell that a client is gone refuses this.
        with suppress(StatementError), server_errors():
            connection.execute(SQL("SET client_connection_check_interval = {}").format(f"{CLIENT_CHECK_S}s"))
        place = Place(**{name: found[name] for name in ("database", "identifier", "role")})
        yield DdlSession(
            connection=connection, catalog=IndexCatalog(connection), dsn=dsn, place=place, progress=progress
        )
    finally:
        connection.close()


def _watch(dsn: str, pid: int, title: str, progress: Progress, over: Event) -> None:
    """Tell how far the build of session `pid` is until it is over; a server that does not say is no error."""
    with suppress(ConnectError, StatementError), connected(dsn) as connection:
        while not over.wait(_POLL_S):
            if rows := rows_of(connection, "ddl_progress", [pid]):
                progress(*_far(rows[0], title))


def _far(row: dict[str, Any], title: str) -> tuple[int, int, str]:
    """Return how many of 100 parts of its phase the build has done, and the phase's name; of 0 where it does not count."""
    waits = f", for process {row['current_locker_pid']}" if row["current_locker_pid"] else ""
    name = f"{title}: {row['phase']}{waits}"
    for what in ("lockers", "blocks", "tuples"):
        if total := row[f"{what}_total"]:
            return round(100 * (row[f"{what}_done"] or 0) / total), 100, name
    return 0, 0, name
