"""Instances of the API as servers in the background: start them, find them again, stop them."""

import signal
import sys
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from perfkit import __version__
from perfkit.demo.api.settings import ApiSettings, write_settings
from perfkit.embedded import lifecycle, processes
from perfkit.embedded.ports import LOOPBACK, is_free
from perfkit.embedded.record import Record, locked, make_folder, read_record
from perfkit.embedded.spawn import Mode
from perfkit.errors import ServerError

_PROGRAM = "alumni-api"
_ANSWER_S = 2.0
# Answers that are on their way have uvicorn's ten seconds.
_STOP_STEPS = ((signal.SIGINT, 15.0), (signal.SIGKILL, 5.0))


@dataclass(frozen=True, slots=True, kw_only=True)
class Instance:
    """A running instance."""

    number: int
    pid: int
    port: int

    @property
    def url(self) -> str:
        """Return where it answers."""
        return f"http://{LOOPBACK}:{self.port}"


def start_instances(directory: Path, settings: ApiSettings, *, count: int, port: int) -> tuple[Instance, ...]:
    """Return the instances of the directory, started anew with these settings on `port` and the ports after it.

    Raises ServerError when a port is taken or an instance does not start; then none is left.
    """
    stop_instances(directory)
    taken = [each for each in range(port, port + count) if not is_free(each)]
    if taken:
        raise ServerError(f"port {taken[0]} is taken by another program", hint="choose another with --port")
    make_folder(directory, Mode.OWN)
    try:
        return tuple(_start(directory, settings, number, port + number - 1) for number in range(1, count + 1))
    except BaseException:
        stop_instances(directory)
        raise


def find_instances(directory: Path) -> tuple[Instance, ...]:
    """Return the instances that run, in order of their ports."""
    found = []
    for path in _records(directory):
        record = read_record(path)
        if record and processes.is_running(record.pid, record.birth):
            found.append(Instance(number=_number(path), pid=record.pid, port=record.port))
    return tuple(sorted(found, key=lambda each: each.port))


def stop_instances(directory: Path) -> None:
    """Stop all instances at once: each answers what it was asked, and ends; none drains, as none takes over."""
    records = [record for path in _records(directory) if (record := read_record(path))]
    with ThreadPoolExecutor(len(records) or 1) as stopping:
        list(stopping.map(lambda record: lifecycle.bring_down(record, _STOP_STEPS), records))
    for path in _records(directory):
        for each in (path, _settings_of(path)):
            each.unlink(missing_ok=True)


def _start(directory: Path, settings: ApiSettings, number: int, port: int) -> Instance:
    path = directory / f"instance-{number}.json"
    write_settings(_settings_of(path), settings)

    def command(record: Record) -> list[str]:
        return [sys.executable, "-m", "perfkit.demo.api", str(_settings_of(path)), str(record.port)]

    with locked(path):
        record = lifecycle.bring_up(
            path,
            Record(mode=Mode.OWN, version=__version__, program=_PROGRAM, password="", port=port),
            command=command,
            is_ready=_is_ready,
            die_with_parent=False,
        )
    return Instance(number=number, pid=record.pid, port=record.port)


def _is_ready(record: Record) -> bool:
    try:
        with urllib.request.urlopen(f"http://{LOOPBACK}:{record.port}/readyz", timeout=_ANSWER_S) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def _records(directory: Path) -> list[Path]:
    return sorted(path for path in directory.glob("instance-*.json"))


def _settings_of(path: Path) -> Path:
    return path.with_suffix(".settings")


def _number(path: Path) -> int:
    return int(path.stem.removeprefix("instance-"))
