"""Looking at a server with one check, and making its states."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from math import inf
from typing import Any

import psycopg

from perfkit.db.guard import Guard
from perfkit.db.health import health_reader
from perfkit.health.checks import choose
from perfkit.health.model import Health, HealthResult
from perfkit.health.run import run_checks
from perfkit.health.thresholds import THRESHOLDS, Limit

WATCHER = "watcher"
PASSWORD = "looks at everything"
# From the first moment on.
AT_ONCE = Limit(0)
CRITICAL_AT_ONCE = Limit(0, 0)
NEVER = Limit(inf)

_TIME_LIMIT_S = 20


def look(dsn: str, check: str, **thresholds: Any) -> HealthResult:
    """Return what a check says, held against other thresholds where they are given."""
    (result,) = look_at_all(dsn, check, **thresholds).results
    return result


def look_at_all(dsn: str, *checks: str, **thresholds: Any) -> Health:
    """Return what the checks say."""
    with health_reader(dsn, Guard()) as reader:
        return run_checks(reader, choose(checks), replace(THRESHOLDS, **thresholds))


def run(dsn: str, *statements: str) -> None:
    """Run statements, each by itself, as VACUUM and CREATE INDEX CONCURRENTLY need it."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement.encode())


def carry_out(dsn: str, fix: str) -> None:
    """Run the statements of a fix, as a DBA would who copies them."""
    run(dsn, *fix.partition("  -- ")[0].split("; "))


def value(dsn: str, query: str) -> Any:
    """Return the one value of a query."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        row = connection.execute(query.encode()).fetchone()
    assert row is not None
    return row[0]


@contextmanager
def running(dsn: str, statement: str) -> Iterator[int]:
    """Send a statement and go on while it runs; yield the process that runs it, and cancel it in the end."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        pid = connection.info.backend_pid
        connection.pgconn.send_query(statement.encode())
        wait_for(lambda: value(dsn, f"SELECT state = 'active' FROM pg_stat_activity WHERE pid = {pid}"))
        yield pid
        with psycopg.connect(dsn, autocommit=True) as other:
            other.execute("SELECT pg_cancel_backend(%s)", [pid])
        while connection.pgconn.get_result():
            pass


@contextmanager
def waiting(dsn: str, statement: str) -> Iterator[int]:
    """Send a statement that has to wait for a lock, and yield its process while it waits."""
    with running(dsn, statement) as pid:
        wait_for(
            lambda: value(dsn, f"SELECT count(*) FROM pg_locks WHERE pid = {pid} AND waitstart IS NOT NULL")
        )
        yield pid


def wait_for(is_so: Callable[[], Any]) -> None:
    """Wait until it is so; a server counts and reloads when it has time."""
    deadline = time.monotonic() + _TIME_LIMIT_S
    while not is_so():
        assert time.monotonic() < deadline, "the server does not get there"
        time.sleep(0.02)


def burn(dsn: str, transactions: int) -> None:
    """Use up numbers of transactions."""
    run(
        dsn,
        f"DO $$ BEGIN FOR n IN 1..{transactions} LOOP PERFORM pg_current_xact_id(); COMMIT; END LOOP; END $$",
    )
