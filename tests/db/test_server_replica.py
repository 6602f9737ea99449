"""On a streaming replica perfkit works as an ordinary role, and says that it is one."""

import dataclasses
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from perfkit.db.tables import read_tables
from perfkit.embedded import PostgresServer, start_postgres, stop_postgres
from perfkit.embedded.record import read_record, write_record
from perfkit.embedded.spawn import ordinary_mode, run
from tests.db.command_line import analyze, cases

_RECORD = "postgres.json"
_SETTINGS = {"fsync": "off", "shared_buffers": "32MB", "hot_standby": "on", "max_connections": "20"}
_SCHEMA = """
CREATE ROLE reader LOGIN PASSWORD 'books';
CREATE TABLE gift (id int PRIMARY KEY, amount numeric, person int);
INSERT INTO gift SELECT n, n % 100, n % 1000 FROM generate_series(1, 20000) AS n;
GRANT SELECT ON gift TO reader;
ANALYZE;
"""
_QUERIES = """
-- name: largest
-- param: person int
-- case: one  person=7
-- cases: draw 2 SELECT person FROM gift
SELECT amount FROM gift WHERE person = :person ORDER BY amount DESC;

-- name: all_gifts
SELECT count(*) FROM gift;

-- name: raise
-- allow: write  what a replica cannot do
UPDATE gift SET amount = amount + 1 WHERE id = 1;
"""


@pytest.fixture(scope="module")
def primary(server_folder: Path) -> Iterator[PostgresServer]:
    folder = server_folder / "primary"
    server = start_postgres(folder, settings=_SETTINGS, die_with_parent=True)
    with psycopg.connect(server.dsn, autocommit=True) as connection:
        connection.execute(_SCHEMA)
    yield server
    stop_postgres(folder)


@pytest.fixture(scope="module")
def replica(server_folder: Path, primary: PostgresServer) -> Iterator[PostgresServer]:
    folder = server_folder / "replica"
    folder.mkdir(mode=0o700)
    mode = ordinary_mode()
    backup = [str(primary.binaries / "pg_basebackup"), "-D", str(folder / "data"), "-d", primary.dsn]
    result = run([*backup, "--write-recovery-conf", "--checkpoint=fast", "--no-sync"], mode=mode)
    assert result.returncode == 0, result.stdout
    record = read_record(primary.directory / _RECORD)
    assert record is not None
    write_record(folder / _RECORD, dataclasses.replace(record, port=0, pid=0, birth="", socket_directory=""))
    (folder / "data" / "postmaster.pid").unlink(missing_ok=True)
    yield start_postgres(folder, settings=_SETTINGS, die_with_parent=True)
    stop_postgres(folder)


def _reader(server: PostgresServer) -> str:
    return make_conninfo(server.dsn, user="reader", password="books")


def _wait_for_rows(server: PostgresServer, count: int) -> None:
    deadline = time.monotonic() + 20
    with psycopg.connect(server.dsn, autocommit=True) as connection:
        while connection.execute("SELECT count(*) FROM gift").fetchone() != (count,):
            assert time.monotonic() < deadline, "the replica does not follow its primary"
            time.sleep(0.05)


def test_a_replica_is_measured_by_an_ordinary_role(
    primary: PostgresServer, replica: PostgresServer, tmp_path: Path
) -> None:
    with psycopg.connect(primary.dsn, autocommit=True) as connection:
        connection.execute("INSERT INTO gift SELECT n, 0, 0 FROM generate_series(20001, 20010) AS n")
    _wait_for_rows(replica, 20_010)
    (tmp_path / "gifts.sql").write_text(_QUERIES)
    analysis = analyze(_reader(replica), tmp_path, "--samples", "1")
    assert analysis["server"]["in_recovery"] is True
    measured = cases(analysis)
    assert measured["all_gifts/default"]["plan"]["root"]["children"][0]["actual"]["rows"] == 20_010
    assert len([name for name in measured if name.startswith("largest/")]) == 3
    assert measured["raise/default"]["problem"]["kind"] == "refused"
    gift = analysis["relations"]["public.gift"]
    assert gift["rows"] == 20_000
    assert (gift["modified_since_analyze"], gift["dead_rows"]) == (None, None)
    on_primary = cases(analyze(_reader(primary), tmp_path, "--samples", "1"))
    for name, case in measured.items():
        if case["problem"] is None:
            assert case["counters"]["shared_blocks"] == on_primary[name]["counters"]["shared_blocks"], name


def test_the_primary_is_known_to_have_a_standby_by_an_ordinary_role_too(
    primary: PostgresServer, replica: PostgresServer
) -> None:
    for server in (primary, replica):
        with psycopg.connect(_reader(server)) as connection:
            assert read_tables(connection).has_replicas is True


def test_a_write_on_a_replica_is_that_case_s_error(replica: PostgresServer, tmp_path: Path) -> None:
    (tmp_path / "gifts.sql").write_text(_QUERIES)
    analysis = analyze(_reader(replica), tmp_path, "--samples", "1", "--allow-writes", exit_code=3)
    problem = cases(analysis)["raise/default"]["problem"]
    assert problem["kind"] == "error"
    assert "read-write mode during recovery" in problem["message"]
    assert analysis["summary"]["measured"] == 4
