"""Embedded PostgreSQL through what happens to servers: kills, crowds, taken ports."""

import contextlib
import fcntl
import json
import os
import signal
import socket
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from perfkit.embedded import find_postgres, ports, processes, start_postgres, stop_postgres
from perfkit.errors import ServerError
from tests.db.serving import FAST, LIMIT_S, difficult_folder, kill_and_wait, one, start, start_elsewhere


@pytest.fixture
def folder() -> Iterator[Path]:
    with difficult_folder() as folder:
        yield folder


@contextlib.contextmanager
def stranger_process() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(["sleep", "600"]) as stranger:
        try:
            yield stranger
        finally:
            stranger.kill()


def served_folders() -> set[str]:
    """Return the working directories of all PostgreSQL processes."""
    found = set()
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if entry.joinpath("exe").readlink().name == "postgres":
                found.add(str(entry.joinpath("cwd").readlink()))
        except OSError:
            continue
    return found


def test_second_start_returns_the_running_server(folder: Path) -> None:
    server = start(folder)
    assert start(folder) == server
    assert find_postgres(folder) == server
    assert (folder / "postgres.log").read_text().count("ready to accept connections") == 1


def test_stop_leaves_no_process_no_socket_and_keeps_the_data(folder: Path) -> None:
    server = start(folder)
    with psycopg.connect(server.dsn, autocommit=True) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS number")
    stop_postgres(folder)
    assert find_postgres(folder) is None
    assert not server.socket_directory.exists()
    assert str(folder / "data") not in served_folders()
    stop_postgres(folder)
    again = start(folder)
    assert (again.port, again.password) == (server.port, server.password)
    assert one(again.dsn, "SELECT number FROM kept") == 42


def test_stop_of_a_folder_that_never_was_is_nothing(folder: Path) -> None:
    stop_postgres(folder)
    assert find_postgres(folder) is None
    assert not folder.exists()


def test_connections_need_the_password_and_come_by_loopback_or_private_socket(folder: Path) -> None:
    server = start(folder)
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(server.dsn_for("postgres", "postgres", "wrong"))
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(
            host=str(server.socket_directory), port=server.port, user="postgres", dbname="postgres"
        )
    assert one(server.dsn, "SHOW listen_addresses") == "127.0.0.1"
    assert server.socket_directory.stat().st_mode & 0o777 == 0o700
    assert (folder / "postgres.json").stat().st_mode & 0o777 == 0o600
    assert server.password not in repr(server)
    assert server.password not in Path(f"/proc/{server.pid}/cmdline").read_text()


def test_settings_are_used_and_alter_system_still_wins(folder: Path) -> None:
    server = start_postgres(
        folder, settings=FAST | {"application_name": r"it's a \ path"}, die_with_parent=True
    )
    assert one(server.dsn, "SHOW application_name") == r"it's a \ path"
    assert one(server.dsn, "SHOW shared_buffers") == "16MB"
    assert one(server.dsn, "SHOW shared_preload_libraries") == "pg_stat_statements,auto_explain,pg_prewarm"
    with psycopg.connect(server.dsn, autocommit=True) as connection:
        connection.execute("ALTER SYSTEM SET track_io_timing = off")
        connection.execute("SELECT pg_reload_conf()")
    stop_postgres(folder)
    assert one(start(folder).dsn, "SHOW track_io_timing") == "off"


def test_killed_server_recovers_at_once(folder: Path) -> None:
    server = start(folder)
    with psycopg.connect(server.dsn, autocommit=True) as connection:
        connection.execute("CREATE TABLE kept AS SELECT generate_series(1, 1000)")
    os.kill(server.pid, signal.SIGKILL)
    again = start(folder)
    assert again.pid != server.pid
    assert one(again.dsn, "SELECT count(*) FROM kept") == 1000
    assert not server.socket_directory.exists()


def test_killed_server_whose_backends_still_work_recovers(folder: Path) -> None:
    server = start(folder)
    with psycopg.connect(server.dsn) as connection:
        backend = connection.info.backend_pid

        def compute() -> None:
            with pytest.raises(psycopg.OperationalError):
                connection.execute("SELECT count(*) FROM generate_series(1, 1000000000)")

        worker = threading.Thread(target=compute)
        worker.start()
        while one(server.dsn, f"SELECT state FROM pg_stat_activity WHERE pid = {backend}") != "active":
            assert worker.is_alive()
        kill_and_wait(server.pid)
        assert one(start(folder).dsn, "SELECT 1") == 1
        assert not processes.birth_of(backend)
        worker.join(LIMIT_S)
        assert not worker.is_alive()


def test_killed_server_is_started_though_nobody_reaped_it(folder: Path) -> None:
    with start_elsewhere(folder) as parent:
        assert parent.stdout
        pid = int(parent.stdout.readline().split()[0])
        kill_and_wait(pid)
        assert Path(f"/proc/{pid}").exists(), "it should be a zombie of its living parent"
        assert find_postgres(folder) is None
        assert one(start(folder).dsn, "SELECT 1") == 1
        parent.communicate()


def test_stranger_with_the_recorded_process_id_is_not_taken_for_the_server(folder: Path) -> None:
    server = start(folder)
    kill_and_wait(server.pid)
    with stranger_process() as stranger:
        record = json.loads((folder / "postgres.json").read_text()) | {"pid": stranger.pid}
        (folder / "postgres.json").write_text(json.dumps(record))
        pid_file = folder / "data" / "postmaster.pid"
        pid_file.write_text(pid_file.read_text().replace(str(server.pid), str(stranger.pid), 1))
        assert find_postgres(folder) is None
        assert start(folder).pid != stranger.pid
        stop_postgres(folder)
        assert stranger.poll() is None


def test_start_after_an_initdb_that_was_killed(folder: Path) -> None:
    with start_elsewhere(folder) as parent:
        while not (folder / "data.part" / "global").exists():
            assert parent.poll() is None
        initdb = int(Path(f"/proc/{parent.pid}/task/{parent.pid}/children").read_text().split()[0])
        os.kill(initdb, signal.SIGSTOP)
        parent.kill()
    with (folder / "postgres.lock").open("r+") as lock, pytest.raises(BlockingIOError):
        # It still writes, so that the next start has to wait for it.
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    os.kill(initdb, signal.SIGCONT)
    assert not (folder / "data").exists()
    assert one(start(folder).dsn, "SELECT 1") == 1
    assert {path.name for path in folder.iterdir()} == {
        "data",
        "postgres.json",
        "postgres.lock",
        "postgres.log",
    }


def test_simultaneous_starts_give_one_server(folder: Path) -> None:
    parents = [start_elsewhere(folder) for _ in range(3)]
    outputs = [parent.communicate(timeout=LIMIT_S) for parent in parents]
    assert {errors for _, errors in outputs} == {""}
    server = find_postgres(folder)
    assert server
    assert {output for output, _ in outputs} == {f"{server.pid} {server.port}\n"}


def test_server_outlives_its_command_without_any_warning(folder: Path) -> None:
    with start_elsewhere(folder) as parent:
        output, errors = parent.communicate(timeout=LIMIT_S)
    assert errors == ""
    server = find_postgres(folder)
    assert server
    assert output == f"{server.pid} {server.port}\n"
    assert one(server.dsn, "SELECT 1") == 1


def test_tied_server_ends_with_its_parent_even_a_killed_one(folder: Path) -> None:
    with start_elsewhere(folder, "tied") as parent:
        assert parent.stdout
        pid = int(parent.stdout.readline().split()[0])
        birth = processes.birth_of(pid)
        parent.kill()
    assert processes.wait_until_gone(pid, birth, LIMIT_S)
    assert find_postgres(folder) is None


def test_taken_port_is_replaced_by_another(folder: Path) -> None:
    port = start(folder).port
    stop_postgres(folder)
    with socket.create_server((ports.LOOPBACK, port)):
        server = start(folder)
        assert server.port != port
        assert one(server.dsn, "SELECT 1") == 1


def test_port_that_is_taken_while_the_server_starts_is_replaced(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server((ports.LOOPBACK, 0)) as thief:
        taken = thief.getsockname()[1]
        choices = iter([taken, ports.choose_port(0)])
        monkeypatch.setattr(ports, "choose_port", lambda _preferred: next(choices))
        assert start(folder).port != taken


def test_failed_start_says_why_and_leaves_nothing_running(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with pytest.raises(ServerError, match='invalid value for parameter "shared_buffers"') as caught:
        start_postgres(folder, settings={"shared_buffers": "much"}, die_with_parent=True)
    assert str(folder / "postgres.log") in caught.value.hint
    assert "\n" not in caught.value.message
    assert find_postgres(folder) is None
    assert list(tmp_path.iterdir()) == []
    assert one(start(folder).dsn, "SELECT 1") == 1
