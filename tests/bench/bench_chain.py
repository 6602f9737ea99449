"""The whole chain: 150 users -> HAProxy -> two instances -> PgBouncer -> PostgreSQL, with Valkey beside, all rendered.

What is measured first (pool, cache) is what the configuration is made from; then users come, one instance is killed
while they are there, no request may fail, and every target is held against what was measured.
Run: python -m tests.bench.bench_chain (about six minutes on a machine that does nothing else), or make bench-chain
"""

import argparse
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.bench.demo_server import demo_in, running_demo
from tests.bench.figure import Figure, table
from tests.bench.process import PERFKIT
from tests.cli.chain import Chain, get, running_chain

# Of what is killed, nothing is left to answer: the kill comes when nearly all users are there.
NEARLY_ALL = 0.9
_SESSIONS = re.compile(rb'^haproxy_frontend_current_sessions\{proxy="users"\} (\d+)', re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Perfkit:
    """perfkit on the demo in a directory."""

    directory: Path

    def __call__(self, *words: str, accepted: tuple[int, ...] = (0,)) -> str:
        """Return what the command printed; RuntimeError when it ended otherwise."""
        done = subprocess.run([*PERFKIT, *words], capture_output=True, text=True, check=False)
        if done.returncode not in accepted:
            told = f"{done.stderr[-2000:]}{done.stdout[-2000:]}"
            raise RuntimeError(f"perfkit {' '.join(words)} exited {done.returncode}: {told}")
        return done.stdout

    def measured(self, *words: str, accepted: tuple[int, ...] = (0,)) -> Any:
        """Return the document of a command on the demo."""
        sys.stderr.write(f"perfkit {' '.join(words[:2])}\n")  # the rest may hold a password
        return json.loads(self(*words, f"--dir={self.directory}", "--format=json", accepted=accepted))


def figures(directory: Path, given: argparse.Namespace) -> Iterator[Figure]:
    """Yield the figures of the chain before the demo in the directory."""
    perfkit = Perfkit(directory)
    perfkit.measured("analyze", accepted=(0, 1))
    perfkit.measured("bench", "import", "--rows=1000", "--ways=copy", "--workers=1", "--no-parts")
    perfkit.measured("bench", "load", "--users=1,50", "--rounds=1")
    perfkit.measured("bench", "cache", "--rounds=1", accepted=(0, 1))
    with (
        _folder() as folder,
        running_chain(folder, running_demo(directory).dsn, perfkit, _home(directory)) as chain,
    ):
        yield from _users(perfkit, chain, given)
        yield from _load(perfkit, chain, given.users)
    yield from _targets(perfkit)


def _home(directory: Path) -> tuple[str, ...]:
    return (f"--dir={directory}",)


def _users(perfkit: Perfkit, chain: Chain, given: argparse.Namespace) -> Iterator[Figure]:
    killed: list[float] = []
    watch = threading.Thread(target=_kill_one, args=(chain, given.users, given.seconds, killed), daemon=True)
    watch.start()
    document = perfkit.measured(
        *("bench", "api", f"--url={chain.url('haproxy')}", f"--users={given.users}"),
        *(f"--seconds={given.seconds:g}", "--rounds=1"),
        *(f"--pid={each.pid}" for each in chain.instances),
    )
    watch.join()
    level = document["levels"][-1]
    yield Figure(
        what=f"{given.users} users, an instance killed: failed requests",
        measured=sum(level["failures"].values()),
        most=0,
        unit="requests",
        detail=f"{level['all']['requests']:,} requests, killed after {killed[0] if killed else -1:.1f} s",
    )
    yield Figure(
        what="p95 of simple requests",
        measured=level["simple"]["p95_ms"],
        most=document["target_ms"],
        unit="ms",
    )
    yield Figure(what="instances killed", measured=abs(1 - len(killed)), most=0, unit="away from 1")


def _kill_one(chain: Chain, users: int, seconds: float, killed: list[float]) -> None:
    """Kill the first instance in the middle of the run: when the users are there, half of its time later."""
    began = time.monotonic()
    while time.monotonic() - began < 120:
        found = _SESSIONS.search(get(chain.url("haproxy-metrics", "/metrics"))[2])
        if found and int(found[1]) >= users * NEARLY_ALL:
            time.sleep(seconds / 2)
            os.kill(chain.instances[0].pid, signal.SIGKILL)
            killed.append(time.monotonic() - began)
            return
        time.sleep(0.1)


def _load(perfkit: Perfkit, chain: Chain, users: int) -> Iterator[Figure]:
    document = perfkit.measured(
        *("bench", "load", f"--users=50,{users}", "--rounds=1", "--no-pool", f"--pooler={chain.pooled_dsn}")
    )
    level = document["levels"][-1]
    yield Figure(
        what=f"{users} users through PgBouncer: failed calls",
        measured=level["failed"],
        most=0,
        unit="calls",
        detail=f"{level['latency']['calls']:,} calls, p95 {level['latency']['p95_ms']:.0f} ms",
    )


def _targets(perfkit: Perfkit) -> Iterator[Figure]:
    sys.stderr.write(perfkit("targets", f"--dir={perfkit.directory}", accepted=(0, 1)))
    states = [each["state"] for each in perfkit.measured("targets", accepted=(0, 1))["targets"]]
    yield Figure(
        what="targets not met",
        measured=sum(state != "met" for state in states),
        most=0,
        unit=f"of {len(states)}",
    )


@contextmanager
def _folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="perfkit-bench-"))
    folder.chmod(0o711)  # PgBouncer, HAProxy and nginx may run as nobody
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.bench_chain", description="The whole chain.")
    parser.add_argument("--alumni", type=int, default=100_000, help="size of the demo that is made")
    parser.add_argument("--users", type=int, default=150, help="users at once")
    parser.add_argument("--seconds", type=float, default=30, help="of the users' run")
    given = parser.parse_args()
    found: list[Figure] = []
    # A demo of its own, as its newest results become those of the chain.
    with demo_in(None, alumni=given.alumni) as directory:
        for figure in figures(directory, given):
            found.append(figure)
            sys.stderr.write(f"{figure.what}: {figure.measured:.2f} {figure.unit} ({figure.detail})\n")
    sys.stdout.write(table(found))
    sys.exit(not all(figure.met for figure in found))


if __name__ == "__main__":
    main()
