"""The way to the swarm: its process started, given orders, and ended, whatever happens here."""

import json
import select
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from typing import Any

from perfkit.bench.api.model import ApiOptions, Step, Target
from perfkit.bench.api.tally import read_calls
from perfkit.bench.api.thresholds import MEMORY_S, REQUEST_S, SETTLE_S
from perfkit.errors import MeasureError, UsageError

_GRACE_S = 30.0
_WORKERS_S = 660.0

Memory = Callable[[], Mapping[str, int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """Whether the swarm calls by itself, or is the master of so many workers, whom it hears at the address and port."""

    workers: int = 0
    bind: str = "*"
    port: int = 5557

    def said(self) -> dict[str, object]:
        """Return the first order."""
        role = "master" if self.workers else "local"
        return {"role": role, "workers": self.workers, "bind": self.bind, "port": self.port}


class Swarm:
    """The swarm's process."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        """Give it orders, and wait for its answers."""
        self._process = process

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
        answer = json.loads(line)
        if "error" in answer:
            raise MeasureError(answer["error"], hint="start them: perfkit bench api --worker HOST")
        return answer

    def _gone(self) -> MeasureError:
        assert self._process.stderr is not None
        said = self._process.stderr.read().strip().splitlines()
        return MeasureError(f"Locust ended: {said[-1] if said else 'it said nothing'}")


@contextmanager
def swarm(role: Role) -> Iterator[Swarm]:
    """Yield a swarm that is ready; it is gone when the block ends, and by itself when this process is killed."""
    process = _started(subprocess.PIPE)
    try:
        client = Swarm(process)
        client.order(role.said(), _WORKERS_S if role.workers else _GRACE_S)
        yield client
    finally:
        process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout, process.stderr):
            if stream:
                stream.close()


def run_step(
    client: Swarm, targets: Sequence[Target], options: ApiOptions, users: int, memory: Memory
) -> Step:
    """Run one step and return what came of it."""
    plan = {
        "targets": [asdict(target) for target in targets],
        "url": options.url,
        "think_s": options.think_ms / 1_000,
        "seconds": options.seconds,
        "users": users,
    }
    most: dict[str, int] = {}

    def look() -> None:
        for instance, size_bytes in memory().items():
            most[instance] = max(size_bytes, most.get(instance, 0))

    told = client.order(plan, SETTLE_S + options.seconds + REQUEST_S + _GRACE_S, look)
    look()
    return Step(
        users=users,
        seconds=options.seconds,
        calls=read_calls(told["calls"]),
        client_share=told["client_share"],
        memory_bytes=most,
    )


def work(host: str, port: int) -> int:
    """Be a worker of the master there until it ends; return the exit code."""
    process = _started(None)
    try:
        assert process.stdin is not None
        process.stdin.write(f"{json.dumps({'role': 'worker', 'host': host, 'port': port})}\n")
        process.stdin.flush()
        return process.wait()
    finally:
        process.kill()
        process.wait()
        process.stdin.close() if process.stdin else None


def _started(streams: int | None) -> subprocess.Popen[str]:
    if find_spec("locust") is None:
        raise UsageError("bench api needs Locust", hint="pip install 'perfkit[load]'")
    return subprocess.Popen(
        [sys.executable, "-W", "ignore", "-m", "perfkit.bench.api.swarm"],
        stdin=subprocess.PIPE,
        stdout=streams,
        stderr=streams,
        text=True,
        # An interrupt is this process's: it ends the swarm.
        start_new_session=True,
    )
