"""A Valkey server in a folder of its own, as a cache without persistence: start it, find it again, stop it."""

import signal
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from perfkit.embedded import lifecycle, processes
from perfkit.embedded.binaries import find_valkey_server, version_of
from perfkit.embedded.ports import LOOPBACK
from perfkit.embedded.record import Record, locked, make_folder, new_password, read_record
from perfkit.embedded.spawn import Mode
from perfkit.errors import ServerError

_RECORD = "valkey.json"
_STOP_STEPS = ((signal.SIGTERM, 10.0), (signal.SIGKILL, 5.0))
_ANSWER_LIMIT_S = 1.0
_SETTINGS = {
    "save": "",
    "appendonly": "no",
    "maxmemory": "128mb",
    "maxmemory-policy": "allkeys-lru",
}
_NO_SETTINGS: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class ValkeyServer:
    """A running server; `version` is like '9.1.2'."""

    directory: Path
    pid: int
    port: int
    password: str = field(repr=False)
    version: str

    @property
    def url(self) -> str:
        """The URL of database 0; it holds the password."""
        return f"redis://:{self.password}@{LOOPBACK}:{self.port}/0"


def start_valkey(
    directory: Path, *, settings: Mapping[str, str] = _NO_SETTINGS, die_with_parent: bool = False
) -> ValkeyServer:
    """Return the server in the directory: the running one as it is, or one that is started now.

    `settings` are added to perfkit's own. Raises ServerError with the server's own words when it does not
    start, and DamagedFileError when its record cannot be read.
    """
    directory = directory.resolve()
    path = directory / _RECORD
    try:
        make_folder(directory, Mode.OWN)
        with locked(path):
            record = read_record(path)
            if record and lifecycle.becomes_ready(record, _answers):
                return _server(directory, record)
            program = find_valkey_server()
            record = Record(
                mode=Mode.OWN,
                version=version_of(program),
                program=str(program),
                password=record.password if record else new_password(),
                port=record.port if record else 0,
            )
            return _start(directory, record, settings, die_with_parent=die_with_parent)
    except OSError as error:
        raise ServerError(
            f"Valkey cannot be started in {directory}: {error}",
            hint="choose a folder that you may write to and that has room",
        ) from error


def find_valkey(directory: Path) -> ValkeyServer | None:
    """Return the server in the directory if it runs, else None. Raises DamagedFileError, ServerError."""
    directory = directory.resolve()
    record = read_record(directory / _RECORD)
    if record is None or not processes.is_running(record.pid, record.birth):
        return None
    return _server(directory, record)


def stop_valkey(directory: Path) -> None:
    """Stop the server in the directory; no-op when none runs. Raises DamagedFileError, ServerError."""
    path = directory.resolve() / _RECORD
    if not path.exists():
        return
    with locked(path):
        record = read_record(path)
        if record:
            lifecycle.bring_down(record, _STOP_STEPS)


def _start(
    directory: Path, record: Record, settings: Mapping[str, str], *, die_with_parent: bool
) -> ValkeyServer:
    configuration = directory / "valkey.conf"

    def command(record: Record) -> list[str]:
        # In a private file, because every user of the machine can read a command line.
        own = {
            "bind": LOOPBACK,
            "port": str(record.port),
            "dir": str(directory),
            "requirepass": record.password,
        }
        lines = [f"{name} {_quoted(value)}\n" for name, value in ({**_SETTINGS, **settings, **own}).items()]
        configuration.unlink(missing_ok=True)
        configuration.touch(mode=0o600)
        configuration.write_text("".join(lines))
        return [record.program, str(configuration)]

    record = lifecycle.bring_up(
        directory / _RECORD, record, command=command, is_ready=_answers, die_with_parent=die_with_parent
    )
    return _server(directory, record)


def _answers(record: Record) -> bool:
    """Return whether a server with our password answers on the port."""
    try:
        with socket.create_connection((LOOPBACK, record.port), timeout=_ANSWER_LIMIT_S) as connection:
            connection.sendall(f"AUTH {record.password}\r\nPING\r\n".encode())
            with connection.makefile("rb") as answer:
                return [answer.readline(), answer.readline()] == [b"+OK\r\n", b"+PONG\r\n"]
    except OSError:
        return False


def _quoted(value: str) -> str:
    """Return a word of a Valkey configuration line: sdssplitargs() in sds.c."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def _server(directory: Path, record: Record) -> ValkeyServer:
    return ValkeyServer(
        directory=directory,
        pid=record.pid,
        port=record.port,
        password=record.password,
        version=record.version,
    )
