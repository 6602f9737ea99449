"""How true bench load is: 300 users, calls/s of pgbench by hand, engines that agree, a pool that holds, nothing left.

Run: python -m tests.bench.bench_load (about fifteen minutes), or make bench-load; --only hand takes five.
"""

import argparse
import math
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random
from typing import Any

import psycopg

from perfkit import stats
from tests.bench.demo_server import demo_in, running_demo
from tests.bench.figure import Figure, table
from tests.bench.load_by_hand import APART_MOST, CATALOG, against_hand
from tests.bench.load_run import command, folder_of_run, load
from tests.bench.pairs import geometric_ratio, interleaved

USERS = 300
PARTS = ("left", "hand", "engines", "pool", "users")
# What half of the pool must fall short of, and twice as many must not exceed, as perfkit has it.
POOL_ENOUGH = 0.95
GONE_WITHIN_S = 10.0


def figures(directory: Path, given: argparse.Namespace) -> Iterator[Figure]:
    """Yield the figures of the demo in the directory."""
    chosen = given.only or PARTS
    if "left" in chosen:
        yield from _left_behind(directory, given.interruptions)
    if {"hand", "engines"} & set(chosen):
        yield from _rates(directory, given, chosen)
    if "pool" in chosen:
        yield from _pool(directory, given.pool_seconds)
    if "users" in chosen:
        yield from _many_users(directory, given.users_seconds)


def _rates(directory: Path, given: argparse.Namespace, chosen: Sequence[str]) -> Iterator[Figure]:
    with folder_of_run() as folder:
        (folder / "catalog").mkdir()
        (folder / "catalog" / "same.sql").write_text(CATALOG)
        if "hand" in chosen:
            yield from against_hand(directory, folder, given.pairs, given.seconds)
        if "engines" in chosen:
            yield from _engines(directory, folder, given.rounds, given.seconds)


def _many_users(directory: Path, seconds: float) -> Iterator[Figure]:
    document = load(directory, f"--users={USERS}", f"--seconds={seconds:g}", "--rounds=1", "--no-pool")
    level = document["levels"][0]
    run = level["runs"][0]
    client = f"pgbench's threads {run['client_share']:.0%} busy, processors {run['processor_share'] or 0:.0%}"
    told = f"{level['latency']['calls']:,} calls in {run['seconds']:.0f} s, sessions {run['sessions_most']}, {client}"
    yield Figure(
        what=f"{USERS} users: failed calls", measured=level["failed"], most=0, unit="calls", detail=told
    )
    p95_ms = level["latency"]["p95_ms"]
    yield Figure(what=f"{USERS} users: p95", measured=p95_ms, most=document["within_ms"], unit="ms")
    yield Figure(
        what=f"{USERS} users: not held", measured=USERS - document["users_held"], most=0, unit="users"
    )


def _engines(directory: Path, folder: Path, rounds: int, seconds: float) -> Iterator[Figure]:
    """Yield how far Locust's users are from pgbench's where both have time to spare, and what a call costs the client."""

    def level(*options: str) -> Any:
        given = (f"--seconds={seconds:g}", "--rounds=1", "--no-pool", f"--queries={folder / 'catalog'}")
        return load(directory, *given, *options)["levels"][0]

    light, heavy = ("--users=40", "--think=100ms"), ("--users=8", "--think=0")
    locust, pgbench = ("--engine=locust",), ("--engine=pgbench", "--threads=1")
    runs: dict[tuple[str, ...], list[Any]] = {}

    def rate(*options: str) -> float:
        found = level(*options)
        runs.setdefault(options, []).append(found)
        calls_per_s: float = found["calls_per_s"][0]
        return calls_per_s

    theirs, ours = interleaved(rounds, [lambda: rate(*pgbench, *light), lambda: rate(*locust, *light)])
    found = geometric_ratio(ours, theirs)
    yield Figure(
        what="calls/s of 40 users, Locust from pgbench",
        measured=found.apart * 100,
        most=APART_MOST,
        unit="%",
        detail=str(found),
    )
    most = {engine[0]: rate(*engine, *heavy) for engine in (pgbench, locust)}
    for engine in (pgbench, locust):
        steps = [each["runs"][0] for each in runs[engine + light]]
        cpu_ms = stats.median(
            [step["client_share"] * step["seconds"] / step["calls"] * 1_000 for step in steps]
        )
        p50_ms = stats.median([each["latency"]["p50_ms"] for each in runs[engine + light]])
        yield Figure(
            what=f"{engine[0]}: the client's processor",
            measured=cpu_ms,
            unit="ms a call",
            detail=f"p50 {p50_ms:.2f} ms; 8 users who never pause: {most[engine[0]]:,.0f} calls/s of one process",
        )


def _pool(directory: Path, seconds: float) -> Iterator[Figure]:
    """Yield whether what is advised holds in runs of their own, so that the advice's luck is not its proof."""
    whole = ("--rounds=5", f"--seconds={seconds:g}")
    size = load(directory, "--users=1", *whole)["pool"]["size"]
    sizes = sorted({max(1, size // 2), size, 2 * size})
    tried = load(directory, f"--users={','.join(map(str, sizes))}", "--think=0", "--no-pool", *whole)
    rates = {level["users"]: level["calls_per_s"] for level in tried["levels"]}
    told = ", ".join(f"{users}: {stats.median(each):,.0f} calls/s" for users, each in rates.items())

    def share(users: int) -> float:
        pairs = zip(rates[users], rates[size], strict=True)
        return stats.median([one / other if other else math.inf for one, other in pairs])

    what = f"pool of {size}"
    half = 0.0 if size == 1 else share(size // 2)
    yield Figure(what=f"{what}: half serves", measured=half, most=POOL_ENOUGH, unit="of it", detail=told)
    yield Figure(what=f"{what}: twice serves", measured=share(2 * size), most=1 / POOL_ENOUGH, unit="of it")


def _left_behind(directory: Path, interruptions: int) -> Iterator[Figure]:
    chance = Random(1)
    for kind, name in ((signal.SIGINT, "interrupted"), (signal.SIGKILL, "killed")):
        left: list[str] = []
        longest_s = 0.0
        for _ in range(interruptions):
            sessions_gone_s, here = _interrupted(directory, kind, chance.uniform(0.3, 6.0))
            longest_s = max(longest_s, sessions_gone_s)
            left += here
        yield Figure(
            what=f"{name} {interruptions} times: left behind",
            measured=len(left),
            most=0,
            unit="things",
            detail=f"sessions gone within {longest_s:.2f} s{''.join(f', {each}' for each in left[:3])}",
        )


def _interrupted(directory: Path, kind: signal.Signals, after_s: float) -> tuple[float, list[str]]:
    """Return the seconds until no session of a load was left, and what was left after that."""
    with folder_of_run() as folder:
        process = subprocess.Popen(
            command(directory, "--users=20", "--think=20ms"),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env=os.environ | {"TMPDIR": str(folder)},
            text=True,
        )
        time.sleep(after_s)
        process.send_signal(kind)
        _, told = process.communicate(timeout=60)
        began = time.monotonic()
        clean = kind is signal.SIGKILL or (process.returncode == 130 and "Traceback" not in told)
        left = [] if clean else [f"exit {process.returncode}: {told}"]
        with psycopg.connect(running_demo(directory).dsn, autocommit=True) as connection:
            while (sessions := _sessions(connection)) and time.monotonic() - began < GONE_WITHIN_S:
                time.sleep(0.02)
        gone_s = time.monotonic() - began
        left += [f"{sessions} sessions"] if sessions else []
        if kind is signal.SIGKILL:  # the next run removes what a killed one left
            load(directory, *_SHORTEST, temporary=folder)
        left += [path.name for path in folder.iterdir()]
    return gone_s, left


_SHORTEST = ("profile_page", "--users=1", "--seconds=1", "--rounds=1", "--no-pool")


def _sessions(connection: psycopg.Connection) -> int:
    row = connection.execute(
        "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'perfkit%' OR query LIKE 'PREPARE perfkit%'"
    ).fetchone()
    assert row is not None
    count: int = row[0]
    return count


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench.bench_load", description="How true bench load is."
    )
    parser.add_argument("--alumni", type=int, default=20_000, help="size of the demo that is made")
    parser.add_argument("--dir", type=Path, help="a running demo to use instead")
    parser.add_argument("--rounds", type=int, default=4, help="pairs of Locust and pgbench")
    parser.add_argument("--pairs", type=int, default=12, help="pairs of perfkit and pgbench by hand")
    parser.add_argument("--seconds", type=int, default=10, help="of each run of a pair")
    parser.add_argument("--pool-seconds", type=int, default=3, help="of each run of a pool")
    parser.add_argument("--users-seconds", type=float, default=60, help=f"of the run of {USERS} users")
    parser.add_argument("--only", nargs="+", choices=PARTS, help="what to look at; all")
    parser.add_argument("--interruptions", type=int, default=20, help="of each kind")
    given = parser.parse_args()
    found: list[Figure] = []
    with demo_in(given.dir, alumni=given.alumni) as directory:
        for figure in figures(directory, given):
            found.append(figure)
            sys.stderr.write(f"{figure.what}: {figure.measured:.2f} {figure.unit} ({figure.detail})\n")
    sys.stdout.write(table(found))
    sys.exit(not all(figure.met for figure in found))


if __name__ == "__main__":
    main()
