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
# How long a master waits for its workers, and a step may take beyond its time.
WORKERS_S = 60.0
_GRACE_S = 150.0


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
        if answer["lost"] or not answer["processes"]:
            raise MeasureError(
                f"{answer['lost']} of {self.threads} workers did not answer",
                hint="see whether they still run, and start them again",
            )
        return _run_of(answer, manner)


@contextmanager
def running_locust(place: Place, master: Master | None) -> Iterator[Locust]:
    """Yield the program, ended after; MeasureError when the master's workers do not come."""
    check_installed()
    role = (
        ["master", master.host, str(master.port), str(master.workers), f"{WORKERS_S:g}"]
        if master
        else ["local"]
    )
    process = subprocess.Popen(
        _command(place, role),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=dict(place.environment),
        text=True,
    )
    try:
        came = int(_answer(process, WORKERS_S + _GRACE_S, lambda: None)["workers"])
        if master and came < master.workers:
            raise MeasureError(
                f"{came} of {master.workers} workers came within {WORKERS_S:.0f} s",
                hint=f"start each: perfkit bench load --worker HOST:{master.port}",
            )
        yield Locust(process, came)
    finally:
        process.terminate() if sys.exc_info()[0] else process.stdin and process.stdin.close()
        process.wait()


def work(place: Place, host: str, port: int) -> None:
    """Be a worker of the master there until it ends; MeasureError when there is none."""
    check_installed()
    done = subprocess.run(
        _command(place, ["worker", host, str(port)]), env=dict(place.environment), check=False
    )
    if done.returncode:
        raise MeasureError(
            f"there is no master at {host}:{port}, or it was lost",
            hint="start it first: perfkit bench load --engine locust --master HOST:PORT",
        )


def _command(place: Place, role: Sequence[str]) -> list[str]:
    program = [sys.executable, "-m", PROGRAM, place.conninfo, *role]
    return [sys.executable, "-I", "-S", become.__file__, Mode.OWN, str(os.getpid()), *program]


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
    return MeasureError("Locust ended before its time", hint="what it said stands above; is the port free?")


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
