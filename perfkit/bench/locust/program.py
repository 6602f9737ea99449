"""A program of Locust's: started in a session of its own, given orders, and ended, whatever happens here.

Locust makes Python's input and output cooperative, for a whole process. Orders and answers are lines of JSON. The program
ends when its input does, so that it outlives nobody, however that ended.
"""

import importlib.util
import json
import select
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import IO, Any

from perfkit.errors import MeasureError, UsageError

# How long a master waits for its workers, and a worker for its master.
WORKERS_S = 60.0
# How long a program may take to start beyond that, and to tell others that it ends.
_START_S = 60.0
_END_S = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Master:
    """Where workers come to, and how many are waited for."""

    host: str
    port: int
    workers: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A module that serves orders, its arguments, the command that it is part of, and its environment; None for ours."""

    module: str
    arguments: tuple[str, ...] = ()
    command: str
    environment: Mapping[str, str] | None = None


class RunningProgram:
    """A program that takes orders; `processes` is how many have its users, itself or its workers."""

    def __init__(self, process: "subprocess.Popen[str]", said: IO[str]) -> None:
        """Take the process, and the file of what it says beside its answers."""
        self._process = process
        self._said = said
        self.processes = 1

    def order(
        self,
        order: object,
        limit_s: float,
        meanwhile: Callable[[], None] = lambda: None,
        *,
        every_s: float = 1.0,
    ) -> Any:
        """Return the answer to an order; `meanwhile` is called every so often; MeasureError when none comes."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        deadline = time.monotonic() + limit_s
        try:
            self._process.stdin.write(f"{json.dumps(order)}\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            raise self._ended() from None
        while not select.select([self._process.stdout], [], [], every_s)[0]:
            if time.monotonic() > deadline:
                raise MeasureError(f"Locust did not answer within {limit_s:.0f} s")
            meanwhile()
        line = self._process.stdout.readline()
        if not line:
            raise self._ended()
        return json.loads(line)

    def _ended(self) -> MeasureError:
        self._said.seek(0)
        lines = self._said.read().strip().splitlines()
        return MeasureError(f"Locust ended: {lines[-1] if lines else 'it said nothing'}")


def check_installed() -> None:
    """Raise UsageError when Locust is not."""
    if importlib.util.find_spec("locust") is None:
        raise UsageError("locust is not installed here", hint="pip install 'perfkit[load]'")


def address_of(text: str) -> tuple[str, int]:
    """Return host and port of a text such as 10.0.0.5:5557; raises UsageError."""
    host, colon, port = text.rpartition(":")
    if not colon or not host or not port.isdecimal() or not 0 < int(port) < 65536:
        raise UsageError(f"{text!r} is no HOST:PORT", hint="such as 10.0.0.5:5557")
    return host.strip("[]"), int(port)


@contextmanager
def running(
    program: Program, master: Master | None, *, wait_s: float = WORKERS_S
) -> Iterator[RunningProgram]:
    """Yield the program with users of its own, or as the master of workers; MeasureError when these do not come."""
    role = {"role": "master", **asdict(master), "wait_s": wait_s} if master else {"role": "local"}
    with (
        tempfile.TemporaryFile("w+") as said,
        _started(program, answers=subprocess.PIPE, said=said) as process,
    ):
        found = RunningProgram(process, said)
        answer = found.order(role, wait_s + _START_S)
        if failed := answer.get("failed"):
            raise MeasureError(failed, hint="name another: --master HOST:PORT")
        found.processes = answer["processes"]
        if master and found.processes < master.workers:
            raise MeasureError(
                f"{found.processes} of {master.workers} workers came within {wait_s:.0f} s",
                hint=f"start each: {program.command} --worker {master.host}:{master.port}",
            )
        yield found


def work(program: Program, host: str, port: int, *, wait_s: float = WORKERS_S) -> None:
    """Be a worker of the master there until it ends; MeasureError when there is none."""
    with _started(program, answers=None, said=None) as process:
        assert process.stdin is not None
        order = {"role": "worker", "host": host, "port": port, "wait_s": wait_s}
        process.stdin.write(f"{json.dumps(order)}\n")
        process.stdin.flush()
        if process.wait():
            raise MeasureError(
                f"there is no master at {host}:{port}, or it was lost",
                hint=f"start it first: {program.command} --master HOST:PORT",
            )


@contextmanager
def _started(
    program: Program, *, answers: int | None, said: IO[str] | None
) -> Iterator["subprocess.Popen[str]"]:
    """Yield the process; it is gone after."""
    check_installed()
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-m", program.module, *program.arguments],
        stdin=subprocess.PIPE,
        stdout=answers,
        stderr=said,
        env=None if program.environment is None else dict(program.environment),
        text=True,
        # An interrupt is this process's, which then ends the program.
        start_new_session=True,
    )
    try:
        yield process
    finally:
        _end(process)


def _end(process: "subprocess.Popen[str]") -> None:
    """End the program: it does so by itself when it is given no more orders."""
    try:
        if process.stdin:
            process.stdin.close()
        process.wait(_END_S)
    except (subprocess.TimeoutExpired, BrokenPipeError):
        pass
    finally:
        process.kill()
        process.wait()
        if process.stdout:
            process.stdout.close()
