"""The way to the swarm: its process started, given orders, and ended, whatever happens here."""

import json
import select
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import IO, Any

from perfkit.bench.api.model import ApiOptions, Step, Target
from perfkit.bench.api.tally import read_calls
from perfkit.bench.api.thresholds import MEMORY_S, REQUEST_S, SETTLE_S, WORKERS_S
from perfkit.bench.load.locust import Master, check_installed
from perfkit.errors import MeasureError

_GRACE_S = 30.0
# A master tells its workers that it ends.
_END_S = 5.0

Memory = Callable[[], Mapping[str, int]]


class Swarm:
    """The swarm's process."""

    def __init__(self, process: "subprocess.Popen[str]", said: IO[str]) -> None:
        """Give it orders, and wait for its answers; `said` is the file of what it says beside them."""
        self._process = process
        self._said = said

    def order(self, order: object, limit_s: float, meanwhile: Callable[[], None] = lambda: None) -> Any:
        """Return the answer to an order; `meanwhile` is called now and then; MeasureError when none comes."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        deadline = time.monotonic() + limit_s
        try:
            self._process.stdin.write(f"{json.dumps(order)}\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            raise self._gone() from None
        while not select.select([self._process.stdout], [], [], MEMORY_S)[0]:
            meanwhile()
            if time.monotonic() > deadline:
                raise MeasureError(f"Locust did not answer within {limit_s:.0f} s")
        line = self._process.stdout.readline()
        if not line:
            raise self._gone()
        return json.loads(line)

    def _gone(self) -> MeasureError:
        self._said.seek(0)
        lines = self._said.read().strip().splitlines()
        return MeasureError(f"Locust ended: {lines[-1] if lines else 'it said nothing'}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Crew:
    """A swarm that is ready, and what each of its steps calls."""

    swarm: Swarm
    targets: Sequence[Target]
    options: ApiOptions
    memory: Memory

    def run_step(self, users: int, seed: str) -> Step:
        """Run one step and return what came of it; MeasureError when a worker was lost."""
        options = self.options
        plan = {
            "targets": [asdict(target) for target in self.targets],
            "url": options.url,
            "headers": dict(options.headers),
            "think_s": options.think_ms / 1_000,
            "seconds": options.seconds,
            "users": users,
            "seed": seed,
        }
        most: dict[str, int] = {}

        def look() -> None:
            for instance, size_bytes in self.memory().items():
                most[instance] = max(size_bytes, most.get(instance, 0))

        told = self.swarm.order(plan, SETTLE_S + options.seconds + REQUEST_S + _GRACE_S, look)
        if lost := told["lost"]:
            raise MeasureError(
                f"{lost} of {options.workers} workers {'was' if lost == 1 else 'were'} lost",
                hint="see whether they still run, and start them again",
            )
        look()
        return Step(
            users=users,
            seconds=options.seconds,
            calls=read_calls(told["calls"]),
            client_share=told["busy"],
            client_lag_ms=told["lag_ms"],
            memory_bytes=most,
        )


@contextmanager
def swarm(master: Master | None) -> Iterator[Swarm]:
    """Yield a swarm that is ready, alone or the master of workers; it is gone when the block ends.

    Raises MeasureError when the workers do not come.
    """
    check_installed()
    first = {"role": "master", **asdict(master)} if master else {"role": "local"}
    with tempfile.TemporaryFile("w+") as said:
        process = _started(subprocess.PIPE, said)
        try:
            client = Swarm(process, said)
            came = client.order(first, WORKERS_S + _GRACE_S)["came"]
            if master and came < master.workers:
                raise MeasureError(
                    f"{came} of {master.workers} workers came within {WORKERS_S:.0f} s",
                    hint=f"start each: perfkit bench api --worker HOST:{master.port}",
                )
            yield client
        finally:
            _end(process)


def work(host: str, port: int) -> None:
    """Be a worker of the master there until it ends; MeasureError when there is none."""
    check_installed()
    process = _started(None, None)
    try:
        assert process.stdin is not None
        process.stdin.write(f"{json.dumps({'role': 'worker', 'host': host, 'port': port})}\n")
        process.stdin.flush()
        code = process.wait()
    finally:
        _end(process)
    if code:
        raise MeasureError(
            f"there is no master at {host}:{port}, or it was lost",
            hint="start it first: perfkit bench api --master HOST:PORT",
        )


def _end(process: "subprocess.Popen[str]") -> None:
    """End the swarm: it does so by itself when it is given no more orders."""
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


def _started(answers: int | None, said: IO[str] | None) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-W", "ignore", "-m", "perfkit.bench.api.swarm"],
        stdin=subprocess.PIPE,
        stdout=answers,
        stderr=said,
        text=True,
        # An interrupt is this process's: it ends the swarm.
        start_new_session=True,
    )
