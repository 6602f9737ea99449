"""Servers in trouble: killed in the middle, sessions ended, tables locked, names that need quotes."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from perfkit.db.guard import Guard
from perfkit.db.health import health_reader
from perfkit.db.tables import read_tables
from perfkit.embedded import PostgresServer, start_postgres, stop_postgres
from tests.db.command_line import analyze, cases, finished, start
from tests.db.health.looking import value, wait_for
from tests.db.office import Office

_SLEEPS = """
-- name: a_before
SELECT count(*) FROM generate_series(1, 1000);

-- name: b_sleeps
SELECT pg_sleep(60);

-- name: c_after
-- param: n int
-- case: one  n=1
-- case: two  n=2
-- case: three  n=3
-- case: four  n=4
SELECT :n;
"""
_OFFICE = """
-- name: gifts
SELECT count(*) FROM "Alumni Office".gift;

-- name: people
-- param: year int
-- case: one  year=1980
SELECT "Family Name" FROM "Alumni Office"."Person" WHERE year = :year;
"""
_SLEEPING = (
    "SELECT pid FROM pg_stat_activity WHERE application_name = 'perfkit' AND state = 'active'"
    " AND wait_event = 'PgSleep'"
)
_RECOVERED = (
    "SELECT backend_start > to_timestamp({}) FROM pg_stat_activity WHERE backend_type = 'checkpointer'"
)


@pytest.fixture
def doomed(server_folder: Path) -> Iterator[PostgresServer]:
    """Yield a server that the test may kill."""
    yield from _doomed(server_folder / "doomed", None)


@pytest.fixture
def doomed15(server_folder: Path, postgres15_binaries: Path) -> Iterator[PostgresServer]:
    yield from _doomed(server_folder / "doomed15", postgres15_binaries)


def _doomed(folder: Path, binaries: Path | None) -> Iterator[PostgresServer]:
    server = start_postgres(folder, settings={"fsync": "off"}, binaries=binaries, die_with_parent=True)
    with psycopg.connect(server.dsn, autocommit=True) as connection:
        connection.execute("DROP ROLE IF EXISTS reader")
        connection.execute("CREATE ROLE reader LOGIN PASSWORD 'books'")
    yield server
    stop_postgres(folder)


def _wait_for_sleep(dsn: str) -> int:
    deadline = time.monotonic() + 20
    with psycopg.connect(dsn, autocommit=True) as connection:
        while (row := connection.execute(_SLEEPING.encode()).fetchone()) is None:
            assert time.monotonic() < deadline
            time.sleep(0.02)
    pid: int = row[0]
    return pid


def _recovered(dsn: str, killed_s: float) -> bool:
    """Tell whether the server takes connections again, with processes that started after the crash."""
    with suppress(psycopg.OperationalError):
        return bool(value(dsn, _RECOVERED.format(killed_s)))
    return False


@pytest.mark.parametrize("name", ["doomed", "doomed15"])
def test_scans_are_counted_anew_after_a_crash_though_the_server_was_not_started_again(
    request: pytest.FixtureRequest, name: str
) -> None:
    server: PostgresServer = request.getfixturevalue(name)
    with psycopg.connect(server.dsn) as connection:
        killed_s = time.time()
        os.kill(connection.info.backend_pid, signal.SIGKILL)
    wait_for(lambda: _recovered(server.dsn, killed_s))
    assert value(server.dsn, f"SELECT pg_postmaster_start_time() < to_timestamp({killed_s})")
    with psycopg.connect(server.dsn) as connection:
        assert (read_tables(connection).statistics_since or 0) >= killed_s
    with health_reader(server.dsn, Guard()) as reader:
        (seen,) = reader.rows("server", 1_000)
    assert seen["statistics_age_s"] <= time.time() - killed_s


@pytest.mark.parametrize("command", ["analyze", "baseline"])
def test_a_server_killed_in_the_middle_costs_only_what_comes_after(
    doomed: PostgresServer, tmp_path: Path, command: str
) -> None:
    (tmp_path / "sleeps.sql").write_text(_SLEEPS)
    dsn = make_conninfo(doomed.dsn, user="reader", password="books")
    options = ("--dsn", dsn, "--queries", tmp_path, "--samples", "1", "--format", "json", "--timeout", "60s")
    # The sleep stands in the middle of the order that this seed gives.
    extra = ("--baselines", tmp_path / "baselines", "--seed", "0") if command == "baseline" else ()
    process = start(command, *options, *extra, cwd=tmp_path)
    _wait_for_sleep(doomed.dsn)
    os.kill(doomed.pid, signal.SIGKILL)
    document = finished(process, exit_code=3)
    if command == "baseline":
        assert document["queries"] == ["a_before", "c_after"]
        stored = sorted(path.name for path in tmp_path.glob("baselines/main/*"))
        assert stored == ["a_before.json", "c_after.json"]
        return
    measured = cases(document)
    assert measured["a_before/default"]["counters"]["rows"] == 1
    assert measured["b_sleeps/default"]["problem"]["kind"] == "error"
    kinds = [case["problem"]["kind"] for name, case in measured.items() if name.startswith("c_after/")]
    assert kinds == ["error", "error", "error", "skipped"]
    assert document["summary"] | {"measured": 1, "failed": 4, "skipped": 1} == document["summary"]


def test_a_session_that_is_ended_costs_only_its_case(doomed: PostgresServer, tmp_path: Path) -> None:
    (tmp_path / "sleeps.sql").write_text(_SLEEPS)
    dsn = make_conninfo(doomed.dsn, user="reader", password="books")
    options = ("--dsn", dsn, "--queries", tmp_path, "--samples", "1", "--format", "json", "--timeout", "60s")
    process = start("analyze", *options)
    pid = _wait_for_sleep(doomed.dsn)
    with psycopg.connect(doomed.dsn, autocommit=True) as connection:
        connection.execute("SELECT pg_terminate_backend(%s)", (pid,))
    document = finished(process, exit_code=3)
    problem = cases(document)["b_sleeps/default"]["problem"]
    assert problem["sqlstate"] == "57P01"
    assert "terminating connection" in problem["message"]
    assert document["summary"] | {"measured": 5, "failed": 1} == document["summary"]


@pytest.mark.both_servers
def test_a_locked_table_costs_only_its_cases(office: Office, tmp_path: Path) -> None:
    (tmp_path / "office.sql").write_text(_OFFICE)
    with psycopg.connect(office.dsn) as other:
        other.execute('LOCK TABLE "Alumni Office".gift IN ACCESS EXCLUSIVE MODE')
        document = analyze(office.dsn, tmp_path, "--samples", "1", exit_code=3)
    measured = cases(document)
    assert measured["gifts/default"]["problem"]["sqlstate"] == "55P03"
    assert measured["people/one"]["counters"]["rows"] > 0
    assert list(document["relations"]) == ["Alumni Office.Person"]


def test_a_lock_taken_while_perfkit_runs_costs_no_other_case(office: Office, tmp_path: Path) -> None:
    """The size of a relation is asked for after its cases ran; a lock on it must not cost what was measured."""
    (tmp_path / "office.sql").write_text(_OFFICE + "\n-- name: hold\nSELECT pg_sleep(2);\n")
    options = ("--dsn", office.dsn, "--queries", tmp_path, "--samples", "1", "--format", "json")
    process = start("analyze", *options)
    _wait_for_sleep(office.superuser_dsn)
    with psycopg.connect(office.dsn) as other:
        other.execute('LOCK TABLE "Alumni Office".gift, "Alumni Office"."Person" IN ACCESS EXCLUSIVE MODE')
        document = finished(process, exit_code=3)
    measured = cases(document)
    assert measured["gifts/default"]["counters"]["rows"] == 1
    assert measured["people/one"]["problem"]["sqlstate"] == "55P03"


@pytest.mark.both_servers
def test_a_search_path_on_the_role_and_quoted_names_are_understood(office: Office, tmp_path: Path) -> None:
    with psycopg.connect(office.superuser_dsn, autocommit=True) as connection:
        connection.execute('ALTER ROLE office SET search_path TO "Alumni Office"')
    (tmp_path / "office.sql").write_text(
        "-- name: people\n-- param: year int\n-- case: one  year=1980\n"
        '-- cases: draw 2 SELECT DISTINCT year FROM "Person"\n'
        'SELECT "Family Name" FROM "Person" WHERE year = :year;\n'
    )
    baselines = ("--baselines", tmp_path / "baselines")
    document = analyze(office.dsn, tmp_path)
    root = cases(document)["people/one"]["plan"]["root"]
    assert '"Alumni Office"."Person"' in str(root["extra"]) or root["schema"] == "Alumni Office"
    (relation,) = document["relations"].values()
    assert relation["indexes"][1]["name"] == "by year"
    common = ("--dsn", office.dsn, "--queries", tmp_path, *baselines, "--format", "json")
    finished(start("baseline", *common))
    assert finished(start("regress", *common))["failed"] is False
    with psycopg.connect(office.superuser_dsn, autocommit=True) as connection:
        connection.execute("ALTER ROLE office RESET search_path")
        connection.execute('DROP INDEX "Alumni Office"."by year"')
    (tmp_path / "office.sql").write_text(
        (tmp_path / "office.sql").read_text().replace('"Person"', '"Alumni Office"."Person"')
    )
    qualified = finished(start("analyze", *common[:4], "--format", "json"))
    assert "Seq Scan" in str(cases(qualified)["people/one"]["plan"])
