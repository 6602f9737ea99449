"""Every test of this folder runs on PostgreSQL 18 and on 15, each a server of its own.

They hold on 14 too: PERFKIT_TEST_PG15_BIN may name the binaries of that version.
"""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from perfkit.embedded import PostgresServer, start_postgres, stop_postgres
from tests.db.health.looking import PASSWORD, WATCHER

# WAL in small files and few connections, so that little fills them; durable only where a test looks at that.
_SETTINGS = {
    "autovacuum": "off",
    "fsync": "off",
    "synchronous_commit": "off",
    "shared_buffers": "32MB",
    "max_connections": "20",
    "superuser_reserved_connections": "3",
    "max_prepared_transactions": "4",
    "wal_level": "logical",
    "max_replication_slots": "4",
    "max_wal_senders": "4",
}
_INITDB_OPTIONS = ("--data-checksums", "--wal-segsize=1")


@pytest.fixture(scope="session")
def health_postgres(server_folder: Path) -> Iterator[PostgresServer]:
    yield from _server(server_folder / "health", None)


@pytest.fixture(scope="session")
def health_postgres15(server_folder: Path, postgres15_binaries: Path) -> Iterator[PostgresServer]:
    yield from _server(server_folder / "health15", postgres15_binaries)


def _server(folder: Path, binaries: Path | None) -> Iterator[PostgresServer]:
    server = start_postgres(
        folder, settings=_SETTINGS, binaries=binaries, die_with_parent=True, initdb_options=_INITDB_OPTIONS
    )
    with psycopg.connect(server.dsn, autocommit=True) as connection:
        connection.execute(f"CREATE ROLE {WATCHER} LOGIN PASSWORD '{PASSWORD}'")
    yield server
    stop_postgres(folder)


@pytest.fixture(params=["health_postgres", "health_postgres15"])
def server(request: pytest.FixtureRequest) -> PostgresServer:
    found = request.getfixturevalue(request.param)
    assert isinstance(found, PostgresServer)
    return found


@pytest.fixture
def watcher(server: PostgresServer, database: str) -> Iterator[str]:
    """Return the DSN of a role without any right; what a test grants it is taken back."""
    name = psycopg.conninfo.conninfo_to_dict(database)["dbname"]
    yield server.dsn_for(str(name), WATCHER, PASSWORD)
    with psycopg.connect(server.dsn, autocommit=True) as connection:
        connection.execute(
            f"REVOKE pg_monitor, pg_read_all_stats, pg_read_all_settings, pg_read_all_data FROM {WATCHER}"
        )
