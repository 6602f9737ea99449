"""Locust: the load from a process of its users, or from workers on other machines, as runs like those of pgbench."""

import importlib.util
import json
import os
import selectors
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from perfkit.bench.load.calls import Calls
from perfkit.bench.load.latencies import Latencies, merged
from perfkit.bench.load.pgbench import WATCH_S, LoadRun, Manner, Place
from perfkit.bench.load.request import Request, request_data
from perfkit.embedded import become
from perfkit.embedded.spawn import Mode
from perfkit.errors import MeasureError, UsageError

PROGRAM = "perfkit.cli.locust_program"
# How long a master waits for its workers and a worker for its master, and a step may take beyond its time.
WORKERS_S = 60.0
_GRACE_S = 150.0
_END_S = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Master:
    """Where workers come to, and how many are waited for."""

    host: str
    port: int
    workers: int


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


class Locust:
    """A running program of Locust's; `threads` is how many processes have its users."""

    def __init__(self, process: "subprocess.Popen[str]", threads: int) -> None:
        self._process = process
        self.threads = threads

    def run(
        self,
        requests: Sequence[Request],
        name: str,
        manner: Manner,
        think_ms: float,
        watch: Callable[[], None],
    ) -> LoadRun:
        """Run the requests and return what was measured; raises MeasureError when a worker was lost."""
        step = {
            "name": name,
            "users": manner.users,
            "seconds": manner.seconds,
            "rate": manner.rate or 0.0,
            "seed": manner.seed,
            "think_ms": think_ms,
            "prepared": manner.protocol == "prepared",
            "requests": [request_data(each) for each in requests],
        }
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(f"{json.dumps(step)}\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            raise _ended() from None
        answer = _answer(self._process, manner.seconds + _GRACE_S, watch)
        if answer["lost"]:
            raise MeasureError(
                f"of {self.threads} workers, {answer['lost']} stopped in the middle",
                hint="start them again, and the master",
            )
        return _run_of(answer, manner)


@contextmanager
def running_locust(place: Place, master: Master | None, *, wait_s: float = WORKERS_S) -> Iterator[Locust]:
    """Yield the program, ended after; MeasureError when the master's workers do not come."""
    role = ["local"]
    if master:
        role = ["master", master.host, str(master.port), str(master.workers), f"{wait_s:g}"]
    with _program(place, role, subprocess.PIPE) as process:
        answer = _answer(process, wait_s + _GRACE_S, lambda: None)
        if "failed" in answer:
            raise MeasureError(answer["failed"], hint="name another: --master HOST:PORT")
        if master and answer["workers"] < master.workers:
            raise MeasureError(
                f"{answer['workers']} of {master.workers} workers came within {wait_s:.0f} s",
                hint=f"start each: perfkit bench load --worker {master.host}:{master.port}",
            )
        yield Locust(process, answer["workers"])


def work(place: Place, host: str, port: int, *, wait_s: float = WORKERS_S) -> None:
    """Be a worker of the master there until it ends; MeasureError when there is none."""
    with _program(place, ["worker", host, str(port), f"{wait_s:g}"], None) as process:
        if process.wait():
            raise MeasureError(
                f"there is no master at {host}:{port}, or it was lost",
                hint="start it: perfkit bench load --engine locust --master HOST:PORT",
            )


@contextmanager
def _program(place: Place, role: Sequence[str], streams: int | None) -> Iterator["subprocess.Popen[str]"]:
    """Yield the program in a role; it is told to end after, and ends by itself when this process is killed."""
    check_installed()
    program = [sys.executable, "-m", PROGRAM, place.conninfo, *role]
    process = subprocess.Popen(
        [sys.executable, "-I", "-S", become.__file__, Mode.OWN, str(os.getpid()), *program],
        stdin=streams or subprocess.DEVNULL,
        stdout=streams,
        env=dict(place.environment),
        text=True,
        # An interrupt is this process's, which then ends the program: one that came to both would come twice.
        start_new_session=True,
    )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(_END_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        for stream in (process.stdin, process.stdout):
            if stream:
                stream.close()


def _answer(process: "subprocess.Popen[str]", limit_s: float, watch: Callable[[], None]) -> dict[str, Any]:
    """Return the program's next line; `watch` is called while it is waited for."""
    assert process.stdout is not None
    deadline = time.monotonic() + limit_s
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        while not selector.select(WATCH_S):
            if time.monotonic() > deadline:
                raise MeasureError("Locust does not answer", hint="a statement hangs: give --timeout")
            watch()
    line = process.stdout.readline()
    if not line:
        raise _ended()
    answer: dict[str, Any] = json.loads(line)
    return answer


def _ended() -> MeasureError:
    return MeasureError("Locust ended before its time", hint="what it said stands above")


def _run_of(answer: Mapping[str, Any], manner: Manner) -> LoadRun:
    """Return what several processes counted as one run."""
    told = answer["processes"]
    calls = Calls()
    for each in told:
        for name, (counts, total_ms, largest_ms) in each["queries"].items():
            latencies = Latencies(
                counts=Counter({int(bucket): count for bucket, count in counts}),
                total_ms=total_ms,
                largest_ms=largest_ms,
            )
            calls.by_query[name] = merged([calls.by_query.get(name, Latencies()), latencies])
        calls.failures.update(each["failures"])
        calls.late += each["late"]
    here = os.uname().nodename
    return LoadRun(
        manner=manner,
        calls=calls,
        seconds=max(each["seconds"] for each in told),
        client_cpu_s=sum(each["cpu_s"] for each in told),
        client_here_s=sum(each["cpu_s"] for each in told if each["host"] == here),
        errors=answer["refused"],
    )
