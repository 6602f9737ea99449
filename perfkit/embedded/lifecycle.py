"""Bringing one server up and down, whatever server it is: port, process, record, and the reason if it fails."""

import dataclasses
import re
import shutil
import signal
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from perfkit.embedded import ports, processes
from perfkit.embedded.record import Record, write_record
from perfkit.embedded.spawn import Mode, spawn
from perfkit.errors import ServerError

# A start takes 0.1 s; recovery after a crash of a large database under load may take minutes.
_START_LIMIT_S = 300.0
_POLL_S = 0.01
# Between choosing a free port and listening on it, another program may take it.
_PORT_ATTEMPTS = 3
_GIVE_UP_STEPS = ((signal.SIGQUIT, 5.0), (signal.SIGKILL, 5.0))

_LOG_PREFIX = re.compile(r"^(.*?\d{4}-\d\d-\d\d \S+ \S+ \[\d+\]|\d+:\w .*? [-.*#]) ?(LOG: +)?")
_TELLING = re.compile(
    r"fatal|panic|error|detail|could not|cannot|fail|bad |aborting|denied|invalid|unrecognized|no space|^>>>",
    re.IGNORECASE,
)
_TELLING_LINES = 3


def bring_up(
    path: Path,
    record: Record,
    *,
    command: Callable[[Record], list[str]],
    is_ready: Callable[[Record], bool],
    die_with_parent: bool,
) -> Record:
    """Start the program, wait until it is ready, and return its record, which is also in the file `path`.

    Raises ServerError with the last telling lines of its log. Whatever ends the wait, Ctrl-C or a full disk
    too, nothing half started is left.
    """
    log = path.with_suffix(".log")
    try:
        for _ in range(_PORT_ATTEMPTS):
            log_start = log.stat().st_size if log.exists() else 0
            record = dataclasses.replace(record, port=ports.choose_port(record.port))
            pid = spawn(command(record), mode=Mode(record.mode), log=log, die_with_parent=die_with_parent)
            record = dataclasses.replace(record, pid=pid, birth=processes.birth_of(pid))
            write_record(path, record)
            if becomes_ready(record, is_ready):
                return record
            if processes.is_running(record.pid, record.birth) or ports.is_free(record.port):
                break
    except BaseException:
        bring_down(record, _GIVE_UP_STEPS)
        raise
    bring_down(record, _GIVE_UP_STEPS)
    with log.open("rb") as file:
        file.seek(log_start)
        words = telling_lines(file.read().decode(errors="replace"))
    name = Path(record.program).name
    raise ServerError(f"{name} did not start: {words or 'it said nothing'}", hint=f"its whole log is {log}")


def becomes_ready(record: Record, is_ready: Callable[[Record], bool]) -> bool:
    """Wait for a starting server; returns False when it ended or is not ready in time."""
    deadline = time.monotonic() + _START_LIMIT_S
    while processes.is_running(record.pid, record.birth) and time.monotonic() < deadline:
        if is_ready(record):
            return True
        time.sleep(_POLL_S)
    return False


def bring_down(record: Record, steps: Sequence[tuple[signal.Signals, float]]) -> None:
    """End the server if it runs, by signals with their time limits in seconds, and remove its socket directory."""
    try:
        gone = processes.end(record.pid, record.birth, steps)
    except PermissionError as error:
        raise ServerError(
            f"process {record.pid} is another user's", hint="stop it as the user who started it"
        ) from error
    if not gone:
        raise ServerError(f"process {record.pid} does not end, not even by SIGKILL", hint="is its disk gone?")
    if record.socket_directory:
        shutil.rmtree(record.socket_directory, ignore_errors=True)


def telling_lines(output: str) -> str:
    """Return the last lines of a server's output that say why it ended, as one line."""
    lines = [_LOG_PREFIX.sub("", line).strip() for line in output.splitlines()]
    lines = [line for line in lines if line]
    telling = [line for line in lines if _TELLING.search(line)]
    return "; ".join((telling or lines)[-_TELLING_LINES:])
