"""A PostgreSQL server in a folder of its own: start it, find it again, stop it."""

import dataclasses
import os
import re
import signal
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import MappingProxyType
from urllib.parse import quote

from perfkit.embedded import cluster, lifecycle, postmaster, processes
from perfkit.embedded.binaries import find_postgres_binaries, version_of
from perfkit.embedded.ports import LOOPBACK
from perfkit.embedded.record import Record, locked, make_folder, new_password, read_record, write_record
from perfkit.embedded.spawn import Mode, hand_over, ordinary_mode
from perfkit.errors import DamagedFileError, ServerError

_RECORD = "postgres.json"
_DATA = "data"
# Fast shutdown ends sessions and writes a checkpoint; immediate leaves the rest to recovery.
_STOP_STEPS = ((signal.SIGINT, 30.0), (signal.SIGQUIT, 10.0), (signal.SIGKILL, 5.0))
# sizeof(sun_path) - 1 in sys/un.h on Linux.
_SOCKET_PATH_LIMIT_BYTES = 107
_NO_SETTINGS: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class PostgresServer:
    """A running server; `version` is like '18.6', `binaries` the directory of its psql, pg_dump and pgbench."""

    directory: Path
    pid: int
    port: int
    user: str
    password: str = field(repr=False)
    socket_directory: Path
    version: str
    binaries: Path

    @property
    def dsn(self) -> str:
        """The superuser's URI of the database `postgres`; it holds the password."""
        return self.dsn_for("postgres")

    def dsn_for(self, database: str, user: str = "", password: str = "") -> str:
        """Return the URI of a database, for another user (with that user's password) or the superuser."""
        name, secret = (user, password) if user else (self.user, self.password)
        credentials = quote(name, safe="") + (f":{quote(secret, safe='')}" if secret else "")
        # Said, because a PGSSLMODE=require in the caller's environment would refuse this server, which has no TLS.
        return f"postgresql://{credentials}@{LOOPBACK}:{self.port}/{quote(database, safe='')}?sslmode=disable"

    def socket_dsn_for(self, database: str) -> str:
        """Return the superuser's URI of a database by the server's socket: a planner answers a tenth more questions by it."""
        host = quote(str(self.socket_directory), safe="")
        credentials = f"{quote(self.user, safe='')}:{quote(self.password, safe='')}"
        return f"postgresql://{credentials}@{host}:{self.port}/{quote(database, safe='')}"


def start_postgres(
    directory: Path,
    *,
    settings: Mapping[str, str] = _NO_SETTINGS,
    binaries: Path | None = None,
    mode: Mode | None = None,
    die_with_parent: bool = False,
    initdb_options: Sequence[str] = (),
) -> PostgresServer:
    """Return the server in the directory: the running one as it is, or the one that is made or started now.

    `settings` are added to perfkit's own, `initdb_options` to those that a new cluster is made with. `binaries` and `mode` default to what this machine offers. With
    `die_with_parent` (Linux) the server ends with the calling thread; otherwise it outlives the command.
    Raises ServerError with the server's own words when it does not start, DamagedFileError when what is
    there cannot be read, SettingsError when PERFKIT_PG_BIN is wrong.
    """
    directory = directory.resolve()
    mode = mode or ordinary_mode()
    path = directory / _RECORD
    try:
        make_folder(directory, mode)
        with locked(path) as lock:
            record = read_record(path)
            if record and lifecycle.becomes_ready(record, partial(_is_ready, directory / _DATA)):
                return _server(directory, record)
            record = _prepare(
                directory, record, binaries or find_postgres_binaries(), mode, lock, initdb_options
            )
            cluster.write_settings(directory / _DATA, Path(record.program).parent, settings, mode)
            return _start(directory, record, die_with_parent=die_with_parent)
    except OSError as error:
        raise ServerError(
            f"PostgreSQL cannot be started in {directory}: {error}",
            hint="choose a folder that you may write to and that has room",
        ) from error


def find_postgres(directory: Path) -> PostgresServer | None:
    """Return the server in the directory if it runs, else None. Raises DamagedFileError, ServerError."""
    directory = directory.resolve()
    record = read_record(directory / _RECORD)
    if record is None or not processes.is_running(record.pid, record.birth):
        return None
    return _server(directory, record)


def has_postgres(directory: Path) -> bool:
    """Tell whether the directory is that of a server which perfkit made, running or not."""
    return (directory / _RECORD).exists()


def stop_postgres(directory: Path) -> None:
    """Stop the server in the directory and remove its socket; no-op when none runs. Its data stay.

    Raises DamagedFileError, and ServerError when it is another user's.
    """
    directory = directory.resolve()
    if not has_postgres(directory):
        return
    with locked(directory / _RECORD):
        record = read_record(directory / _RECORD)
        if record:
            lifecycle.bring_down(record, _STOP_STEPS)
            postmaster.end_orphans(directory / _DATA)


def _prepare(
    directory: Path,
    record: Record | None,
    binaries: Path,
    mode: Mode,
    lock: int,
    initdb_options: Sequence[str],
) -> Record:
    """Return the record of the next start; makes the data directory at the first."""
    data = directory / _DATA
    program = binaries / "postgres"
    version = version_of(program)
    if data.exists():
        record = _checked(directory, record, version, mode)
        # One that hangs, or the socket directory of one that was killed.
        lifecycle.bring_down(record, _STOP_STEPS)
        postmaster.clear_crash(data)
        return dataclasses.replace(record, version=version, program=str(program), pid=0, birth="")
    record = Record(mode=mode, version=version, program=str(program), password=new_password())
    write_record(directory / _RECORD, record)
    cluster.create_cluster(
        data, binaries, password=record.password, mode=mode, lock=lock, options=initdb_options
    )
    return record


def _checked(directory: Path, record: Record | None, version: str, mode: Mode) -> Record:
    """Return the record of a data directory that may be opened with this version in this mode, or raise."""
    if record is None:
        raise DamagedFileError(
            directory / _RECORD, "is missing, so nobody knows the password", hint=f"delete {directory}"
        )
    if record.mode != mode:
        raise ServerError(
            f"{directory} was made in mode {record.mode} and cannot be opened in mode {mode}",
            hint="run perfkit as the user who made it, or choose another folder",
        )
    # From 10 on the major version is the part before the point: 18.6, 19beta1.
    major = (directory / _DATA / "PG_VERSION").read_text().strip()
    if not re.match(rf"{major}(?!\d)", version):
        raise ServerError(
            f"{directory} holds data of PostgreSQL {major}, which {version} cannot open",
            hint=f"set PERFKIT_PG_BIN to the bin directory of a PostgreSQL {major}, or choose another folder",
        )
    return record


def _start(directory: Path, record: Record, *, die_with_parent: bool) -> PostgresServer:
    data = directory / _DATA
    sockets = _make_socket_directory(Mode(record.mode))
    record = dataclasses.replace(record, socket_directory=str(sockets))
    fixed = {"listen_addresses": LOOPBACK, "unix_socket_directories": f'"{sockets}"'}

    def command(record: Record) -> list[str]:
        options = fixed | {"port": str(record.port)}
        return [record.program, "-D", str(data), *(f"--{name}={value}" for name, value in options.items())]

    record = lifecycle.bring_up(
        directory / _RECORD,
        record,
        command=command,
        is_ready=partial(_is_ready, data),
        die_with_parent=die_with_parent,
    )
    return _server(directory, record)


def _make_socket_directory(mode: Mode) -> Path:
    """Make a private directory for the socket, short enough even when TMPDIR is not."""
    longest = len("/.s.PGSQL.65535")
    folder = tempfile.gettempdir()
    if len(os.fsencode(folder)) + len("/perfkit-12345678") + longest > _SOCKET_PATH_LIMIT_BYTES:
        folder = "/tmp"  # noqa: S108  mkdtemp makes it private
    path = Path(tempfile.mkdtemp(prefix="perfkit-", dir=folder))
    hand_over(path, mode)
    return path


def _is_ready(data: Path, record: Record) -> bool:
    return postmaster.is_ready(data, record.pid, record.port)


def _server(directory: Path, record: Record) -> PostgresServer:
    return PostgresServer(
        directory=directory,
        pid=record.pid,
        port=record.port,
        user=cluster.SUPERUSER,
        password=record.password,
        socket_directory=Path(record.socket_directory),
        version=record.version,
        binaries=Path(record.program).parent,
    )
