"""An application that goes on writing while its database is changed, and what it had to suffer."""

import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import psycopg

NAME = "application"
# What the death of a server does to a client: connection lost, shutting down, starting up.
_DEATH = ("08", "57P")
_LOOK_EVERY_S = 0.01
_CALM_S = 0.05
# Such a share of the slow pages is so slow that who waits for its locks in a queue waits too long.
_LONG, _LONG_S = 0.02, 3.0
_WRITES = (
    "INSERT INTO account (writer, number, email) VALUES (%(writer)s, %(number)s, %(email)s)",
    "INSERT INTO event (writer, number, kind) VALUES (%(writer)s, %(number)s, %(number)s %% 4)",
    "UPDATE account SET email = upper(email) WHERE id = %(number)s",
)
# How long those of the application who wait for a lock have waited, where perfkit holds it or is before them in the queue.
_WAITS = f"""
    SELECT coalesce(max(extract(epoch FROM clock_timestamp() - waiting.waitstart)), 0)::float8
    FROM pg_locks AS waiting
    JOIN pg_stat_activity AS activity USING (pid)
    WHERE
        NOT waiting.granted
        AND activity.application_name = '{NAME}'
        AND EXISTS (
            SELECT FROM pg_stat_activity AS other
            WHERE other.pid = any(pg_blocking_pids(waiting.pid)) AND other.application_name = 'perfkit'
        )
"""


@dataclass(slots=True)
class Suffered:
    """What the application saw: rows that the server acknowledged, writes that failed, those that its death broke.

    `longest_wait_ms` is for a lock of perfkit's, `longest_write_ms` of a write that succeeded.
    """

    acknowledged: set[tuple[int, int, int]] = field(default_factory=set)
    failed: list[str] = field(default_factory=list)
    broken: int = 0
    longest_wait_ms: float = 0.0
    longest_write_ms: float = 0.0


@contextmanager
def writing(dsn: Callable[[], str], writers: int = 3) -> Iterator[Suffered]:
    """Write, and hold transactions of seconds, on the database that `dsn` leads to until the block ends."""
    suffered, over = Suffered(), threading.Event()
    threads = [
        threading.Thread(target=_kept_up, args=(dsn, over, suffered, _Writer(number, suffered)))
        for number in range(writers)
    ]
    threads.append(threading.Thread(target=_kept_up, args=(dsn, over, suffered, _slow_page)))
    threads.append(threading.Thread(target=_kept_up, args=(dsn, over, suffered, _Look(suffered))))
    for thread in threads:
        thread.start()
    try:
        yield suffered
    finally:
        over.set()
        for thread in threads:
            thread.join()


def _kept_up(
    dsn: Callable[[], str],
    over: threading.Event,
    suffered: Suffered,
    work: Callable[[psycopg.Connection], None],
) -> None:
    """Do the work again and again, on a new connection when the server died."""
    while not over.is_set():
        try:
            with psycopg.connect(dsn(), autocommit=True, application_name=_name(work)) as connection:
                while not over.is_set():
                    work(connection)
        except psycopg.Error as error:
            if _is_death(error):
                time.sleep(_CALM_S)
            else:
                suffered.failed.append(f"{error.sqlstate} {error}")


def _is_death(error: psycopg.Error) -> bool:
    """Tell whether the server's death is what the error says: a statement that it refused has another SQLSTATE."""
    return isinstance(error, psycopg.OperationalError) and (error.sqlstate or "08").startswith(_DEATH)


def _name(work: Callable[[psycopg.Connection], None]) -> str:
    return "watcher" if isinstance(work, _Look) else NAME


@dataclass(slots=True)
class _Writer:
    writer: int
    suffered: Suffered
    number: int = 0

    def __call__(self, connection: psycopg.Connection) -> None:
        self.number += 1
        place = self.number % len(_WRITES)
        values = {"writer": self.writer, "number": self.number, "email": f"w{self.writer}.{self.number}@x"}
        began = time.perf_counter()
        try:
            connection.execute(_WRITES[place].encode(), values)
        except psycopg.OperationalError as error:
            self.suffered.broken += _is_death(error)
            raise
        took_ms = (time.perf_counter() - began) * 1000
        self.suffered.longest_write_ms = max(self.suffered.longest_write_ms, took_ms)
        if place < 2:
            self.suffered.acknowledged.add((place, self.writer, self.number))
        time.sleep(0.002)


@dataclass(slots=True)
class _Look:
    suffered: Suffered

    def __call__(self, connection: psycopg.Connection) -> None:
        ((wait_s,),) = connection.execute(_WAITS.encode()).fetchall()
        self.suffered.longest_wait_ms = max(self.suffered.longest_wait_ms, wait_s * 1000)
        time.sleep(_LOOK_EVERY_S)


def _slow_page(connection: psycopg.Connection) -> None:
    """Hold a transaction that reads or writes a table, as slow pages of an application do."""
    with connection.transaction():
        table = random.choice(("account", "event"))
        if random.random() < 0.5:
            connection.execute(f"SELECT count(*) FROM (SELECT FROM {table} LIMIT 100) AS page".encode())
        else:
            connection.execute(f"UPDATE {table} SET number = number WHERE number = -1".encode())
        time.sleep(random.random() ** 4 if random.random() > _LONG else _LONG_S)


def lost(connection: psycopg.Connection, suffered: Suffered) -> int:
    """Return how many rows were acknowledged and are not there."""
    there = {
        (place, writer, number)
        for place, table in enumerate(("account", "event"))
        for writer, number in connection.execute(
            f"SELECT writer, number FROM {table} WHERE number > 0".encode()
        )
    }
    return len(suffered.acknowledged - there)
