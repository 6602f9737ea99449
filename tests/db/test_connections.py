"""A role that may not look at others' sessions still counts the connections that they take."""

import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import psycopg
import pytest

from perfkit.db.guard import Guard
from perfkit.db.load import LoadServer
from perfkit.db.monitor import KeptServer
from perfkit.embedded import PostgresServer, start_postgres, stop_postgres
from tests.conftest import FAST
from tests.db.serving import LIMIT_S

HIDDEN = 3
SESSIONS = "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'"


@pytest.fixture(scope="module")
def server(server_folder: Path) -> Iterator[PostgresServer]:
    """Yield a server with few connections, some of them kept for two kinds of roles; the role `watcher` is of neither."""
    folder = server_folder / "connections"
    few = {"max_connections": "20", "superuser_reserved_connections": "4", "reserved_connections": "3"}
    server = start_postgres(folder, settings=FAST | few, die_with_parent=True)
    with psycopg.connect(server.dsn, autocommit=True) as connection:
        connection.execute("CREATE ROLE watcher LOGIN PASSWORD 'sesame'")
    yield server
    stop_postgres(folder)


@pytest.fixture
def dsn(server: PostgresServer) -> Iterator[str]:
    """Return the DSN of the role, from which sessions of the superuser are hidden."""
    with ExitStack() as sessions:
        hidden = [sessions.enter_context(psycopg.connect(server.dsn, autocommit=True)) for _ in range(HIDDEN)]
        # Sessions that were closed before may still be ending.
        deadline = time.monotonic() + LIMIT_S
        while hidden[0].execute(SESSIONS).fetchone() != (HIDDEN,):
            assert time.monotonic() < deadline
            time.sleep(0.02)
        yield server.dsn_for("postgres", "watcher", "sesame")


def test_as_many_connections_are_free_as_can_be_made(dsn: str) -> None:
    with ExitStack() as sessions:
        first = sessions.enter_context(psycopg.connect(dsn))
        limits = LoadServer(first).limits()
        for _ in range(limits.connections_most - limits.connections_used):
            sessions.enter_context(psycopg.connect(dsn))
        with pytest.raises(psycopg.OperationalError, match="remaining connection slots"):
            psycopg.connect(dsn)


def test_the_exporter_counts_sessions_that_it_may_not_see(dsn: str) -> None:
    with closing(KeptServer(dsn, Guard())) as kept:
        activity = kept.activity()
    assert {group.state: group.sessions for group in activity.groups} == {"unknown": HIDDEN}
    assert activity.counted.most == 20 - 4 - 3
