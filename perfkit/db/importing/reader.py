"""A session that reads the table beside an import, as users do: what each read took, and how often a lock held it up."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread

import psycopg
from psycopg.errors import LockNotAvailable
from psycopg.sql import SQL, Composed, Identifier

from perfkit.bench.imports.model import Reads
from perfkit.bench.imports.thresholds import LOCK_WAIT_MS, READ_PAUSE_S
from perfkit.db.importing.run import Run

_ROWS = 100


@contextmanager
def reading(run: Run, schema: str, table: str) -> Iterator[Callable[[], Reads]]:
    """Read in a thread while the block runs; what is yielded returns what was seen, after the block."""
    stop = Event()
    times: list[float] = []
    waits: list[int] = []
    with run.connect() as connection:
        connection.execute(SQL("SET lock_timeout = {}").format(f"{LOCK_WAIT_MS}ms"))
        query = SQL("SELECT count(*) FROM (SELECT FROM {} LIMIT {}) AS found").format(
            Identifier(schema, table), _ROWS
        )
        thread = Thread(target=_read, args=(connection, query, stop, times, waits))
        thread.start()
        try:
            yield lambda: Reads(times_ms=tuple(times), lock_waits=len(waits))
        finally:
            stop.set()
            thread.join()


def _read(
    connection: psycopg.Connection, query: Composed, stop: Event, times: list[float], waits: list[int]
) -> None:
    while not stop.wait(READ_PAUSE_S):
        began = time.perf_counter()
        try:
            connection.execute(query)
        except LockNotAvailable:
            waits.append(1)
        except psycopg.OperationalError:
            # The session was ended; what it saw until then counts.
            return
        times.append((time.perf_counter() - began) * 1_000)
