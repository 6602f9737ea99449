"""The postmaster.pid file of a data directory, and what a killed postmaster leaves behind."""

import os
import signal
import socket
import struct
from pathlib import Path

from perfkit.embedded import processes
from perfkit.embedded.ports import LOOPBACK

# src/include/utils/pidfile.h: line 1 the process id, line 8 the status.
_STATUS_LINE = 7
# The shortest question that a server answers before it asks who we are: "SSLRequest" in the protocol's manual.
_SSL_REQUEST = struct.pack("!ii", 8, 80877103)
_ANSWER_LIMIT_S = 1.0
_ORPHAN_STEPS = ((signal.SIGQUIT, 5.0), (signal.SIGKILL, 5.0))


def is_ready(data: Path, pid: int, port: int) -> bool:
    """Return whether the postmaster of that process id serves connections on the port.

    Its file says so, in the line that `pg_ctl -w` reads, and it answers, which one that was just killed does not.
    """
    lines = _lines(data)
    says_so = len(lines) > _STATUS_LINE and lines[0] == str(pid) and lines[_STATUS_LINE].strip() == "ready"
    return says_so and _answers(port)


def end_orphans(data: Path) -> None:
    """End the backends that a killed postmaster left behind; a postmaster that lives keeps its own."""
    if _postmaster_lives(data):
        return
    for pid in _server_processes(data):
        processes.end(pid, processes.birth_of(pid), _ORPHAN_STEPS)


def clear_crash(data: Path) -> None:
    """Make a data directory whose postmaster was killed ready for its next start, by this process.

    PostgreSQL refuses to start while the recorded process id exists, even as a zombie that nobody reaped or
    as a stranger that got the same id. The file itself stays: it leads to the shared memory, by which
    PostgreSQL makes sure that no backend of the killed server still writes.
    """
    end_orphans(data)
    lines = _lines(data)
    if not lines or _postmaster_lives(data):
        return
    # A postmaster takes a file with its own parent's id for an old one: CreateLockFile() in miscinit.c.
    with (data / "postmaster.pid").open("r+") as file:
        file.write("\n".join([str(os.getpid()), *lines[1:], ""]))
        file.truncate()


def _answers(port: int) -> bool:
    try:
        with socket.create_connection((LOOPBACK, port), timeout=_ANSWER_LIMIT_S) as connection:
            connection.sendall(_SSL_REQUEST)
            return connection.recv(1) in {b"S", b"N"}
    except OSError:
        return False


def _lines(data: Path) -> list[str]:
    try:
        return (data / "postmaster.pid").read_text(errors="replace").splitlines()
    except OSError:
        return []


def _postmaster_lives(data: Path) -> bool:
    lines = _lines(data)
    return bool(lines) and lines[0].isdecimal() and _is_server_of(data, int(lines[0]))


def _server_processes(data: Path) -> list[int]:
    pids = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdecimal()]
    return [pid for pid in pids if _is_server_of(data, pid)]


def _is_server_of(data: Path, pid: int) -> bool:
    """Return whether a living process is a PostgreSQL server process on this data directory."""
    try:
        works_there = Path(f"/proc/{pid}/cwd").samefile(data)
        program = Path(f"/proc/{pid}/exe").readlink().name
    except OSError:
        return False
    return works_there and program.startswith("postgres")  # or "postgres (deleted)", after an upgrade
