"""A scratch schema with a version for each table of a stream, a trigger that notifies of its changes, and who listens.

Real rows stay as they are: a write of the bench makes a version grow, in a transaction of its own, as a real one would.
"""

import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass

import psycopg
from psycopg.sql import SQL, Identifier, Literal

from perfkit.db import sql
from perfkit.db.connect import connect, connected, require_own_session, server_errors
from perfkit.db.guard import Guard, guarded
from perfkit.errors import MeasureError

# The first half of an advisory lock's key; the second is the number in the schema's name.
_LOCK = 7_331_005
_LISTEN_S = 0.2


@dataclass(frozen=True, slots=True)
class Scratch:
    """The scratch schema's name, which is also that of its channel."""

    name: str


@contextmanager
def scratch_schema(dsn: str, guard: Guard, *, tables: int) -> Iterator[Scratch]:
    """Make a scratch schema with a version for so many tables, and drop it after.

    A session holds an advisory lock for as long as the schema is in use; schemas whose session is gone, as after a kill,
    are dropped first. Raises GuardError behind a pooler and where perfkit does not measure, StatementError where the role
    may not make it.
    """
    with connected(dsn) as connection:
        require_own_session(connection, "measuring a cache")
        with guarded(connection, guard):
            pass
        with server_errors():
            drop_left(connection)
            number = secrets.randbelow(10**9)
            name = f"perfkit_cache_{number}"
            connection.execute("SELECT pg_catalog.pg_advisory_lock(%s, %s)", [_LOCK, number])
            make = SQL(sql.load("cache_scratch").decode()).format(
                schema=Identifier(name), channel=Literal(name), tables=Literal(tables)
            )
            with connection.transaction():
                connection.execute(make)
        try:
            yield Scratch(name)
        finally:
            with server_errors(), connected(dsn) as last:
                last.execute(SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(Identifier(name)))


def drop_left(connection: psycopg.Connection) -> list[str]:
    """Drop the scratch schemas whose session is gone; return their names."""
    dropped = []
    for name, number in connection.execute(sql.load("cache_left")).fetchall():
        row = connection.execute("SELECT pg_catalog.pg_try_advisory_lock(%s, %s)", [_LOCK, number]).fetchone()
        if row is None or not row[0]:
            continue
        connection.execute(SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(Identifier(name)))
        connection.execute("SELECT pg_catalog.pg_advisory_unlock(%s, %s)", [_LOCK, number])
        dropped.append(name)
    return dropped


@contextmanager
def listening(dsn: str, scratch: Scratch, heard: Callable[[int, int], None]) -> Iterator[None]:
    """Call `heard` with table and version for each notification, in a thread, while inside.

    What `heard` raises, and a lost connection, end the listening: writes then find that nobody answers.
    """
    ended = threading.Event()
    with closing(connect(dsn)) as connection:
        with server_errors():
            connection.execute(SQL("LISTEN {}").format(Identifier(scratch.name)))
        thread = threading.Thread(target=_listen, args=(connection, heard, ended), daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()


def _listen(
    connection: psycopg.Connection, heard: Callable[[int, int], None], ended: threading.Event
) -> None:
    while not ended.is_set():
        try:
            for notification in connection.notifies(timeout=_LISTEN_S, stop_after=1):
                table, version = notification.payload.split()
                heard(int(table), int(version))
        except (psycopg.Error, MeasureError):
            return
