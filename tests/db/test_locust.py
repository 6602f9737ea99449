"""Locust's users on a real server, here and on workers: counted as the server counts, and nobody is left behind."""

import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg
import pytest

from perfkit.bench.load.locust import Locust, users_program
from perfkit.bench.load.pgbench import LoadRun, Manner, Place
from perfkit.bench.load.request import Request
from perfkit.bench.locust.program import WORKERS_S, Master, address_of, running, work
from perfkit.db.connect import connect
from perfkit.db.load import LoadServer, place_of
from perfkit.embedded import PostgresServer
from perfkit.errors import MeasureError, UsageError

NAME = "perfkit locust test"
CHECKED = {"client_connection_check_interval": "100"}
# What is waited for comes within seconds; where a machine has much else to do, programs that import Locust take a minute.
# Statements last longer, so that only one that was cancelled is gone by then.
PATIENCE_S = 180


def request(text: str, query: str = "q", weight: float = 1, *, writes: bool = False) -> Request:
    return Request(query=query, text=text, values=(), writes=writes, weight=weight)


def run(
    locust: Locust,
    *requests: Request,
    users: int = 2,
    seconds: float = 1,
    rate: float | None = None,
    think_ms: float = 0,
) -> LoadRun:
    manner = Manner(users=users, seconds=seconds, protocol="extended", threads=locust.threads, rate=rate)
    return locust.run(requests, NAME, manner, think_ms, lambda: None)


@contextmanager
def running_locust(place: Place, master: Master | None, *, wait_s: float = WORKERS_S) -> Iterator[Locust]:
    with running(users_program(place), master, wait_s=wait_s) as program:
        yield Locust(program)


@pytest.fixture
def connection(server: PostgresServer) -> Iterator[psycopg.Connection]:
    with closing(connect(server.dsn)) as connection:
        yield connection


@pytest.fixture(scope="module")
def local(postgres: PostgresServer) -> Iterator[Locust]:
    with running_locust(place_of(postgres.dsn, {}, NAME, writes=True), None) as locust:
        yield locust


@pytest.fixture
def calls(connection: psycopg.Connection) -> Iterator[None]:
    connection.execute("DROP SEQUENCE IF EXISTS locust_calls; CREATE SEQUENCE locust_calls")
    yield
    connection.execute("DROP SEQUENCE locust_calls")


def counted(connection: psycopg.Connection) -> int:
    row = connection.execute("SELECT last_value FROM locust_calls").fetchone()
    assert row is not None
    return int(row[0])


@pytest.mark.usefixtures("calls")
def test_calls_are_those_that_the_server_counted(local: Locust, connection: psycopg.Connection) -> None:
    done = run(
        local, request("SELECT nextval('locust_calls')", "often", 3), request("SELECT 1", "seldom"), users=4
    )
    found = done.calls.by_query
    assert found["often"].count == counted(connection)
    assert found["often"].count / found["seldom"].count == pytest.approx(3, rel=0.3)
    assert not done.failed
    assert 1 <= done.seconds < 2
    assert 0 < done.client_cpu_s == done.client_here_s


def test_users_wait_for_the_server_at_the_same_time(local: Locust) -> None:
    done = run(local, request("SELECT pg_sleep(0.2)"), users=20)
    # One after another they would be answered five times in a second.
    assert done.calls.all.count > 40


def test_pauses_slow_users_down_from_the_first_call_on(local: Locust) -> None:
    done = run(local, request("SELECT 1"), users=20, seconds=2, think_ms=200)
    assert done.rate == pytest.approx(100, rel=0.35)


def test_in_an_open_model_calls_wait_for_their_turn_and_that_counts(local: Locust) -> None:
    easy = run(local, request("SELECT 1"), users=4, rate=60)
    assert easy.rate == pytest.approx(60, rel=0.5)
    slow = run(local, request("SELECT pg_sleep(0.05)"), users=1, rate=100)
    # 20 calls/s are answered of 100 that come: the last one waits for most of the time.
    assert slow.calls.all.largest_ms > 500
    assert slow.calls.late > slow.calls.all.count / 2
    assert slow.seconds < 3


def test_what_writes_is_rolled_back(local: Locust, connection: psycopg.Connection) -> None:
    connection.execute("CREATE TABLE locust_kept (a int)")
    done = run(local, request("INSERT INTO locust_kept VALUES (1)", writes=True))
    row = connection.execute("SELECT count(*) FROM locust_kept").fetchone()
    connection.execute("DROP TABLE locust_kept")
    assert done.calls.all.count > 0
    assert row == (0,)


def test_what_writes_is_refused_where_only_the_session_could_write(server: PostgresServer) -> None:
    with running_locust(place_of(server.dsn, {}, NAME), None) as locust:
        done = run(locust, request("CREATE TABLE locust_never (a int)", writes=True), request("SELECT 1"))
    assert set(done.calls.failures) == {"25006 cannot execute CREATE TABLE in a read-only transaction"}
    assert done.calls.all.count > 0


def test_what_fails_is_told_by_code_and_the_load_goes_on(server: PostgresServer) -> None:
    settings = {"default_transaction_read_only": "on", "statement_timeout": "50"}
    wrong = (request("CREATE TABLE locust_never (a int)"), request("SELECT pg_sleep(1)"), request("SELECT 1"))
    with running_locust(place_of(server.dsn, settings, NAME), None) as locust:
        done = run(locust, *wrong)
    assert set(done.calls.failures) == {
        "25006 cannot execute CREATE TABLE in a read-only transaction",
        "57014 canceling statement due to statement timeout",
    }
    assert done.failed == done.calls.failures.total()
    assert done.calls.all.count > 0


def test_a_lost_connection_is_a_failed_call_and_made_again(
    local: Locust, connection: psycopg.Connection
) -> None:
    done = run(
        local,
        request("SELECT pg_terminate_backend(pg_backend_pid())", weight=1),
        request("SELECT 1", weight=9),
    )
    assert {failure[:5] for failure in done.calls.failures} == {"57P01"}
    assert done.calls.all.count > 5
    wait_for_sessions(connection, 0)


def test_who_is_refused_stays_away_and_is_told(
    server: PostgresServer, connection: psycopg.Connection
) -> None:
    connection.execute("CREATE ROLE locust_two LOGIN PASSWORD 'two' CONNECTION LIMIT 2")
    try:
        with running_locust(
            place_of(server.dsn_for("postgres", "locust_two", "two"), {}, NAME), None
        ) as locust:
            done = run(locust, request("SELECT 1"), users=5)
    finally:
        connection.execute("DROP ROLE locust_two")
    assert done.errors == {'53300 too many connections for role "locust_two"': 3}
    assert done.calls.all.count > 0


@pytest.mark.usefixtures("calls")
def test_workers_share_the_users_of_step_after_step(
    server: PostgresServer, connection: psycopg.Connection
) -> None:
    place = place_of(server.dsn, {}, NAME)
    master = Master(host="127.0.0.1", port=free_port(), workers=2)
    with worker(server, master) as first, worker(server, master) as second:
        with running_locust(place, master) as locust:
            assert locust.threads == 2
            call = request("SELECT nextval('locust_calls')")
            steps = [run(locust, call, users=users, think_ms=20) for users in (1, 10)]
        # Told that it is over, they end in order.
        assert [first.wait(PATIENCE_S), second.wait(PATIENCE_S)] == [0, 0]
    assert sum(step.calls.all.count for step in steps) == counted(connection)
    assert steps[1].calls.all.count > 3 * steps[0].calls.all.count
    assert not sum(step.failed for step in steps)


@pytest.mark.parametrize("kind", [signal.SIGKILL, signal.SIGINT])
def test_a_worker_lost_in_the_middle_is_told_and_nobody_is_left(
    server: PostgresServer, connection: psycopg.Connection, kind: signal.Signals
) -> None:
    master = Master(host="127.0.0.1", port=free_port(), workers=2)
    with worker(server, master) as first, worker(server, master) as second:
        with running_locust(place_of(server.dsn, {}, NAME), master) as locust:

            def lose_one() -> None:
                if first.poll() is None and sessions(connection) == 4:
                    first.send_signal(kind)

            manner = Manner(users=4, seconds=30, protocol="extended", threads=2)
            with pytest.raises(MeasureError, match="of 2 workers, 1 stopped"):
                locust.run([request("SELECT pg_sleep(0.1)")], NAME, manner, 0, lose_one)
        assert second.wait(PATIENCE_S) == 0
    wait_for_sessions(connection, 0)


def test_a_killed_master_is_missed_by_its_worker(
    server: PostgresServer, connection: psycopg.Connection
) -> None:
    port = free_port()
    code = (
        "from tests.db.test_locust import *\n"
        f"with running_locust(place_of({server.dsn!r}, CHECKED, NAME), Master(host='127.0.0.1', port={port}, workers=1)) as locust:\n"
        "    run(locust, request('SELECT pg_sleep(600)'), seconds=600)\n"
    )
    leader = python(code)
    with worker(server, Master(host="127.0.0.1", port=port, workers=1)) as only:
        try:
            wait_for_sessions(connection, 2)
        finally:
            leader.kill()
            leader.wait()
        wait_for_sessions(connection, 0)
        assert only.wait(PATIENCE_S) == 0  # the master's program heard of it, and let its worker go


def test_no_master_and_no_workers_are_told(server: PostgresServer) -> None:
    place = place_of(server.dsn, {}, NAME)
    with pytest.raises(MeasureError, match=r"no master at 127\.0\.0\.1"):
        work(users_program(place), "127.0.0.1", free_port(), wait_s=1)
    alone = Master(host="127.0.0.1", port=free_port(), workers=1)
    with pytest.raises(MeasureError, match="0 of 1 workers came"), running_locust(place, alone, wait_s=0.5):
        pass
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        there = Master(host="127.0.0.1", port=taken.getsockname()[1], workers=1)
        with pytest.raises(MeasureError, match="is taken"), running_locust(place, there):
            pass


@pytest.mark.parametrize("text", ["host", "host:", ":5557", "host:0", "host:65536", "host:x"])
def test_an_address_has_host_and_port(text: str) -> None:
    assert address_of("10.0.0.5:5557") == ("10.0.0.5", 5557)
    assert address_of("[::1]:5557") == ("::1", 5557)
    with pytest.raises(UsageError, match="HOST:PORT"):
        address_of(text)


@pytest.mark.parametrize("kind", [signal.SIGINT, signal.SIGKILL])
def test_an_ended_load_leaves_no_session_and_no_process(
    server: PostgresServer, connection: psycopg.Connection, kind: signal.Signals
) -> None:
    process = python(
        "from tests.db.test_locust import *\n"
        f"with running_locust(place_of({server.dsn!r}, CHECKED, NAME), None) as locust:\n"
        "    run(locust, request('SELECT pg_sleep(600)'), seconds=600)\n"
    )
    try:
        wait_for_sessions(connection, 2)
        program = children(process.pid)
        assert len(program) == 1
        process.send_signal(kind)
        assert process.wait(PATIENCE_S) != 0
    finally:
        process.kill()
        process.wait()
    wait_for_sessions(connection, 0)
    deadline = time.monotonic() + PATIENCE_S
    while Path(f"/proc/{program[0]}/cmdline").exists():
        assert time.monotonic() < deadline, "Locust's program still runs"
        time.sleep(0.05)


@contextmanager
def worker(server: PostgresServer, master: Master) -> Iterator["subprocess.Popen[bytes]"]:
    """Yield a worker; it is gone after."""
    process = python(
        "from tests.db.test_locust import *\n"
        f"work(users_program(place_of({server.dsn!r}, CHECKED, NAME)), {master.host!r}, {master.port})"
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def python(code: str) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [sys.executable, "-c", code], cwd=Path(__file__).parents[2], stderr=subprocess.DEVNULL
    )


def children(process: int) -> list[int]:
    return [int(word) for word in Path(f"/proc/{process}/task/{process}/children").read_text().split()]


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def sessions(connection: psycopg.Connection) -> int:
    return sum(each.sessions for each in LoadServer(connection).activity(NAME))


def wait_for_sessions(connection: psycopg.Connection, wanted: int) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while (found := sessions(connection)) != wanted:
        assert time.monotonic() < deadline, f"{found} sessions, not {wanted}"
        time.sleep(0.05)
