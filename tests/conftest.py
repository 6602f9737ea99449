"""The servers that tests run against: real, embedded, one of each kind per session (with xdist, per worker).

Their files, and all others of tests, are in memory where there is plenty.

`postgres` is what PERFKIT_PG_BIN names or the installed wheel, PostgreSQL 18; `postgres15` is the
distribution's 15, from PERFKIT_TEST_PG15_BIN or Debian's place; `valkey` is the wheel's Valkey.
`server` is `postgres`; under `@pytest.mark.both_servers` the test runs once on each.
`database` is the DSN of an empty database on `server`, made for the one test and dropped after it.
"""

import gc
import os
import shutil
import signal
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import psycopg
import pytest
from psycopg import sql

from perfkit.embedded import (
    PostgresServer,
    ValkeyServer,
    start_postgres,
    start_valkey,
    stop_postgres,
    stop_valkey,
)

# A shell's jobs in the background ignore interrupts, and so would all that tests start.
signal.signal(signal.SIGINT, signal.default_int_handler)

# A test's data need not outlive the machine; nothing here is timed, and nobody vacuums while blocks are compared.
FAST = {
    "autovacuum": "off",
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "shared_buffers": "64MB",
    "max_wal_size": "128MB",
}
# Half of a connection's time is the work that makes passwords hard to guess; PostgreSQL 15 has it fixed.
QUICK_LOGIN = ("--set=scram_iterations=1",)
# Making a database, starting and ending a server are a thousand files each; a file system on a disk takes twice the time
# of tests for them, as it does not give inodes away again that were freed lately.
_MEMORY = Path("/dev/shm")
_ENOUGH_BYTES = 8 * 1024**3


# A slow machine is no failure. In CI every run tries the same examples; elsewhere new ones are looked for.
hypothesis.settings.register_profile("perfkit", deadline=None)
hypothesis.settings.register_profile("ci", deadline=None, derandomize=True)
hypothesis.settings.load_profile("ci" if os.environ.get("CI") == "true" else "perfkit")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "both_servers: run the test on PostgreSQL 18 and on 15")
    # Workers have inherited the folder.
    if not hasattr(config, "workerinput") and "TMPDIR" not in os.environ and _memory_has_room():
        folder = Path(tempfile.mkdtemp(prefix="perfkit-tests-", dir=_MEMORY))
        folder.chmod(0o711)
        config.add_cleanup(lambda: shutil.rmtree(folder, ignore_errors=True))
        os.environ["TMPDIR"], tempfile.tempdir = str(folder), None


def pytest_collection_finish() -> None:
    """Hide what was collected from the garbage collector: it took a fifth of the time of tests that only compute."""
    gc.collect()
    gc.freeze()


def _memory_has_room() -> bool:
    """Tell whether files may be in memory: enough is free for all of them, and programs may run there."""
    if not _MEMORY.is_dir():
        return False
    there = os.statvfs(_MEMORY)
    known = dict(line.split(":") for line in Path("/proc/meminfo").read_text().splitlines())
    free = min(there.f_bavail * there.f_frsize, int(known["MemAvailable"].split()[0]) * 1024)
    return free > _ENOUGH_BYTES and not there.f_flag & os.ST_NOEXEC


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if metafunc.definition.get_closest_marker("both_servers"):
        metafunc.parametrize("server", ["postgres", "postgres15"], indirect=True)


@pytest.fixture(scope="session")
def server_folder() -> Iterator[Path]:
    """Make a folder that the user nobody may enter, which pytest's own are not; it ends with the session."""
    folder = Path(tempfile.mkdtemp(prefix="perfkit-tests-"))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def postgres(server_folder: Path) -> Iterator[PostgresServer]:
    yield start_postgres(
        server_folder / "postgres", settings=FAST, die_with_parent=True, initdb_options=QUICK_LOGIN
    )
    stop_postgres(server_folder / "postgres")


@pytest.fixture(scope="session")
def postgres15_binaries() -> Path:
    """Return the bin directory of PostgreSQL 15; without it the test is skipped, but fails in CI."""
    binaries = Path(os.environ.get("PERFKIT_TEST_PG15_BIN") or "/usr/lib/postgresql/15/bin")
    if not (binaries / "postgres").exists():
        reason = f"no PostgreSQL 15 in {binaries}; set PERFKIT_TEST_PG15_BIN"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return binaries


@pytest.fixture(scope="session")
def postgres15(server_folder: Path, postgres15_binaries: Path) -> Iterator[PostgresServer]:
    folder = server_folder / "postgres15"
    yield start_postgres(folder, settings=FAST, binaries=postgres15_binaries, die_with_parent=True)
    stop_postgres(folder)


@pytest.fixture
def server(request: pytest.FixtureRequest) -> PostgresServer:
    found = request.getfixturevalue(getattr(request, "param", "postgres"))
    assert isinstance(found, PostgresServer)
    return found


@pytest.fixture
def database(server: PostgresServer) -> Iterator[str]:
    name = f"test_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(server.dsn, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {} STRATEGY file_copy").format(sql.Identifier(name)))
    yield server.dsn_for(name)
    with psycopg.connect(server.dsn, autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture(scope="session")
def valkey(server_folder: Path) -> Iterator[ValkeyServer]:
    yield start_valkey(server_folder / "valkey", die_with_parent=True)
    stop_valkey(server_folder / "valkey")
