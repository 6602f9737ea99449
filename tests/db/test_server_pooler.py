"""Through PgBouncer in session mode perfkit measures what it measures directly, and leaves nothing in the pool."""

import os
import shutil
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from perfkit.embedded import PostgresServer
from perfkit.embedded.spawn import hand_over, ordinary_mode, spawn
from tests.db.command_line import analyze, cases
from tests.db.office import Office

_CONFIGURATION = """
[databases]
* = host=127.0.0.1 port={server_port}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = plain
auth_file = {folder}/users.txt
pool_mode = session
default_pool_size = 1
server_tls_sslmode = disable
"""
_QUERIES = """
-- name: by_year
-- param: year int
-- case: one  year=1980
-- cases: draw 2 SELECT DISTINCT year FROM "Alumni Office"."Person"
SELECT "Family Name" FROM "Alumni Office"."Person" WHERE year = :year;

-- name: raise
-- allow: write  what the office does
UPDATE "Alumni Office".gift SET amount = amount + 1 WHERE id < 10;
"""


@pytest.fixture
def pooler(server: PostgresServer, office: Office, server_folder: Path) -> Iterator[str]:
    """Yield the office's DSN by way of a PgBouncer of its own; skipped where there is none, but not in CI."""
    program = shutil.which("pgbouncer", path=f"{os.environ['PATH']}:/usr/sbin:/usr/local/sbin")
    if program is None:
        reason = "no pgbouncer; install it with: apt-get install pgbouncer"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    folder = server_folder / "pooler"
    folder.mkdir(mode=0o711)
    mode = ordinary_mode()
    port = _free_port()
    files = {
        "pgbouncer.ini": _CONFIGURATION.format(server_port=server.port, port=port, folder=folder),
        "users.txt": f'"office" "{office.password}"\n',
    }
    for name, text in files.items():
        (folder / name).write_text(text)
        hand_over(folder / name, mode)
    pid = spawn([program, str(folder / "pgbouncer.ini")], mode=mode, log=folder / "log", die_with_parent=True)
    dsn = make_conninfo(office.dsn, port=port)
    try:
        _wait_until_it_answers(dsn, folder / "log")
        yield dsn
    finally:
        os.kill(pid, signal.SIGINT)
        os.waitpid(pid, 0)
        shutil.rmtree(folder)


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
    return port


def _wait_until_it_answers(dsn: str, log: Path) -> None:
    deadline = time.monotonic() + 10
    while True:
        try:
            with psycopg.connect(dsn) as connection:
                connection.execute("SELECT 1")
        except psycopg.OperationalError:
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.05)
        else:
            return


@pytest.mark.both_servers
def test_a_pooler_changes_no_number_and_keeps_nothing(office: Office, pooler: str, tmp_path: Path) -> None:
    (tmp_path / "office.sql").write_text(_QUERIES)
    options = ("--samples", "2", "--allow-writes")
    pooled = cases(analyze(pooler, tmp_path, *options))
    direct = cases(analyze(office.dsn, tmp_path, *options))
    assert pooled.keys() == direct.keys()
    reads = [name for name in direct if name.startswith("by_year/")]
    assert len(reads) == 3
    for name in reads:
        assert pooled[name]["counters"]["shared_blocks"] == direct[name]["counters"]["shared_blocks"]
        assert pooled[name]["counters"]["rows"] == direct[name]["counters"]["rows"]
    with psycopg.connect(pooler) as connection:
        query = "SELECT current_setting('statement_timeout'), current_setting('plan_cache_mode'), count(*) FROM pg_prepared_statements"
        assert connection.execute(query, prepare=False).fetchone() == ("0", "auto", 0)
    assert int(conninfo_to_dict(pooler)["port"] or 0) != int(conninfo_to_dict(office.dsn)["port"] or 0)
