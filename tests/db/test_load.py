"""A load on a real server: calls are counted as the server counts them, and nothing of it is left."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from perfkit.bench.load.pgbench import Manner, find_pgbench, run_load
from perfkit.bench.load.script import Script, pause_between, scripts_of
from perfkit.bench.load.watch import Watch, memory_bytes, postmaster_of
from perfkit.db.connect import connect
from perfkit.db.load import LoadServer, place_of
from perfkit.embedded import PostgresServer
from tests.unit.bench.load.test_script import make_case, make_query

NAME = "perfkit load test"
# What is waited for comes within a second, but where a machine has much else to do. Statements last longer, so that only
# one that was cancelled is gone by then.
PATIENCE_S = 180


def script(text: str, query: str = "q", weight: int = 1, **variables: str) -> Script:
    return Script(query=query, text=text, weight=weight, variables=variables)


def manner(
    users: int = 2, seconds: float = 1, protocol: str = "extended", rate: float | None = None
) -> Manner:
    return Manner(users=users, seconds=seconds, protocol=protocol, threads=2, rate=rate)


@pytest.fixture
def connection(server: PostgresServer) -> Iterator[psycopg.Connection]:
    with closing(connect(server.dsn)) as connection:
        yield connection


@pytest.mark.parametrize("protocol", ["simple", "extended", "prepared"])
def test_values_arrive_as_they_are(server: PostgresServer, protocol: str) -> None:
    odd = 'it\'s "x" \\ :y\nü'
    query = make_query(
        "SELECT 1 / (CAST(:v AS text) = convert_from(:hex, 'UTF8'))::int", v="text", hex="bytea"
    )
    cases = [make_case(query, v=odd, hex="\\x" + odd.encode().hex())]
    scripts = scripts_of(cases, simple=protocol == "simple")
    done = run_load(scripts, place_of(server.dsn, {}, NAME), manner(protocol=protocol), lambda: None)
    assert done.calls.all.count > 0
    assert not done.errors


def test_calls_are_those_that_the_server_counted(
    server: PostgresServer, connection: psycopg.Connection
) -> None:
    connection.execute("DROP SEQUENCE IF EXISTS load_calls; CREATE SEQUENCE load_calls")
    done = run_load(
        [script("SELECT nextval('load_calls');\n", "often", 3), script("SELECT 1;\n", "seldom", 1)],
        place_of(server.dsn, {}, NAME),
        manner(),
        lambda: None,
    )
    row = connection.execute("SELECT last_value FROM load_calls").fetchone()
    connection.execute("DROP SEQUENCE load_calls")
    calls = done.calls.by_query
    assert row == (calls["often"].count,)
    assert calls["often"].count / calls["seldom"].count == pytest.approx(3, rel=0.2)
    assert 0.5 <= done.seconds <= 3
    assert done.rate == pytest.approx(done.calls.all.count / done.seconds)


def test_pauses_are_not_calls_and_slow_users_down(server: PostgresServer) -> None:
    quick = script("SELECT 1;\n")
    place = place_of(server.dsn, {}, NAME)
    done = run_load([quick, pause_between([quick], 100)], place, manner(users=10, seconds=2), lambda: None)
    assert set(done.calls.by_query) == {"q"}
    assert done.rate == pytest.approx(100, rel=0.3)


def test_in_an_open_model_calls_wait_for_their_turn_and_that_counts(server: PostgresServer) -> None:
    slow = script("SELECT pg_sleep(0.05);\n")
    place = place_of(server.dsn, {}, NAME)
    done = run_load([slow], place, manner(users=1, rate=100), lambda: None)
    # 20 calls/s are answered of 100 that come: the last one waits for most of the time.
    assert done.calls.all.largest_ms > 500
    assert done.calls.late > done.calls.all.count / 2


def test_who_is_slow_to_connect_gets_more_time(server: PostgresServer) -> None:
    place = place_of(server.dsn, {"post_auth_delay": "1"}, NAME)
    done = run_load([script("SELECT 1;\n")], place, manner(users=1), lambda: None)
    assert done.calls.all.count > 0
    assert done.seconds >= 0.5


def test_what_fails_is_told_with_the_server_s_words(server: PostgresServer) -> None:
    place = place_of(server.dsn, {"default_transaction_read_only": "on"}, NAME)
    done = run_load([script("CREATE TABLE load_never (a int);\n")], place, manner(), lambda: None)
    assert done.errors == {"25006 cannot execute CREATE TABLE in a read-only transaction": 2}
    assert done.failed == 2


def test_the_server_is_seen_at_work_while_it_is_loaded(
    server: PostgresServer, connection: psycopg.Connection
) -> None:
    load_server = LoadServer(connection)
    postmaster = postmaster_of(load_server.limits().process)
    assert postmaster is not None
    assert 1024**2 < (memory_bytes(postmaster) or 0) < 1024**3
    watch = Watch(server=load_server, application_name=NAME, postmaster=postmaster)
    busy = script("SELECT sum(n) FROM generate_series(1, 300000) AS n;\n")
    done = run_load([busy], place_of(server.dsn, {}, NAME), manner(seconds=2), watch)
    seen = watch.seen()
    assert seen.sessions_most == 2
    assert seen.busy > 0.5
    assert (seen.server_cpu_s or 0) > 0.3 * done.seconds
    sleeping = Watch(server=load_server, application_name=NAME, postmaster=postmaster)
    run_load([script("SELECT pg_sleep(0.2);\n")], place_of(server.dsn, {}, NAME), manner(), sleeping)
    assert sleeping.seen().waiting["Timeout: PgSleep"] > 1


def test_an_interrupted_load_leaves_no_session(
    server: PostgresServer, connection: psycopg.Connection
) -> None:
    code = (
        "from tests.db.test_load import *\n"
        "session = {'client_connection_check_interval': '100'}\n"
        f"run_load([script('SELECT pg_sleep(600);')], place_of({server.dsn!r}, session, NAME), manner(seconds=600), lambda: None)"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code], cwd=Path(__file__).parents[2], start_new_session=True
    )
    _wait_for_sessions(connection, 2)
    os.killpg(process.pid, signal.SIGINT)
    assert process.wait(PATIENCE_S) != 0
    _wait_for_sessions(connection, 0)


def test_a_killed_load_takes_pgbench_with_it(server: PostgresServer, connection: psycopg.Connection) -> None:
    code = (
        "from tests.db.test_load import *\n"
        "session = {'client_connection_check_interval': '100'}\n"
        f"run_load([script('SELECT pg_sleep(600);')], place_of({server.dsn!r}, session, NAME), manner(seconds=600), lambda: None)"
    )
    process = subprocess.Popen([sys.executable, "-c", code], cwd=Path(__file__).parents[2])
    _wait_for_sessions(connection, 2)
    process.kill()
    process.wait(PATIENCE_S)
    _wait_for_sessions(connection, 0)


def test_no_password_stands_in_a_command_line() -> None:
    place = place_of("postgresql://u:sesame@h/db", {"a": "b"}, NAME)
    assert "sesame" not in place.conninfo
    assert place.environment["PGPASSWORD"] == "sesame"
    assert place.environment["PGOPTIONS"].endswith("-c a=b")
    assert find_pgbench().name == "pgbench"


def _wait_for_sessions(connection: psycopg.Connection, wanted: int) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while True:
        activity = LoadServer(connection).activity(NAME)
        if sum(each.sessions for each in activity) == wanted:
            return
        assert time.monotonic() < deadline, f"{activity}, not {wanted} sessions"
        time.sleep(0.05)
