"""How true bench load is: 300 users, calls/s of pgbench by hand, engines that agree, a pool that holds, nothing left.

perfkit and pgbench by hand take turns, as A B B A, each pair for the same seconds: the first second of a run is a quarter
slower than those after it, as each new session reads the catalogs and maps the buffers, so that a run that is longer is
also faster. Both are started here, in one session, as Linux shares out processors by session (autogroup); each session of
the server is one of its own, so that where other programs run, more connections get more. Hence a machine that does
nothing else.

Run: python -m tests.bench.bench_load (about fifteen minutes), or make bench-load
"""

import argparse
import math
import os
import re
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
from perfkit.bench.load.pgbench import find_pgbench
from tests.bench.demo_server import demo_in, running_demo
from tests.bench.figure import Figure, table
from tests.bench.load_run import command, folder_of_run, load
from tests.bench.pairs import interleaved

USERS = 300
# What half of the pool must fall short of, and twice as many must not exceed, as perfkit has it.
POOL_ENOUGH = 0.95
GONE_WITHIN_S = 10.0
_TPS = re.compile(r"tps = ([\d.]+) \(without initial connection time\)")
# The same statements twice: as a catalog for perfkit, and as scripts that a person would write for pgbench.
CATALOG = """
-- name: by_key
-- weight: 60
-- param: id bigint
-- case: one  id=519
SELECT person_id, given_name, family_name, grad_year FROM alumni.people WHERE person_id = :id;

-- name: jobs
-- weight: 30
-- param: id bigint
-- case: one  id=519
SELECT w.name, j.title, j.started_on FROM alumni.employment j JOIN alumni.employers w USING (employer_id)
WHERE j.person_id = :id ORDER BY j.started_on DESC;

-- name: class_size
-- weight: 10
-- param: year int
-- case: one  year=1998
SELECT count(*) FROM alumni.people WHERE grad_year = :year;
"""
BY_HAND = {
    60: "SELECT person_id, given_name, family_name, grad_year FROM alumni.people WHERE person_id = :id;\n",
    30: "SELECT w.name, j.title, j.started_on FROM alumni.employment j JOIN alumni.employers w USING (employer_id)"
    " WHERE j.person_id = :id ORDER BY j.started_on DESC;\n",
    10: "SELECT count(*) FROM alumni.people WHERE grad_year = :year;\n",
}


def figures(directory: Path, given: argparse.Namespace) -> Iterator[Figure]:
    """Yield the figures of the demo in the directory."""
    chosen = given.only or ("left", "rates", "pool", "users")
    if "left" in chosen:
        yield from _left_behind(directory, given.interruptions)
    if "rates" in chosen:
        yield from _rates(directory, given.rounds, given.seconds)
    if "pool" in chosen:
        yield from _pool(directory, given.pool_seconds)
    if "users" in chosen:
        yield from _many_users(directory, given.users_seconds)


def _rates(directory: Path, rounds: int, seconds: int) -> Iterator[Figure]:
    with folder_of_run() as folder:
        (folder / "catalog").mkdir()
        (folder / "catalog" / "same.sql").write_text(CATALOG)
        yield _against_hand(directory, folder, rounds, seconds)
        yield from _engines(directory, folder, rounds, seconds)


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


def _against_hand(directory: Path, folder: Path, rounds: int, seconds: float) -> Figure:
    for weight, text in BY_HAND.items():
        (folder / f"{weight}.sql").write_text(text)
    ours, theirs = interleaved(
        rounds,
        [lambda: _perfkit_tps(directory, folder, seconds), lambda: _pgbench_tps(directory, folder, seconds)],
    )
    return _apart("calls/s away from pgbench by hand", ours, theirs)


def _apart(what: str, ours: Sequence[float], theirs: Sequence[float]) -> Figure:
    """Return how far calls/s are apart: the median of the pairs, as what the machine did meanwhile met both of a pair.

    Infinitely far where the other one was not answered once.
    """
    pairs = [one / other if other else math.inf for one, other in zip(ours, theirs, strict=True)]
    medians = f"{stats.median(ours):,.0f} against {stats.median(theirs):,.0f} calls/s"
    return Figure(
        what=what,
        measured=abs(stats.median(pairs) - 1) * 100,
        most=5,
        unit="%",
        detail=f"{medians}, {len(pairs)} pairs {min(pairs):.3f} to {max(pairs):.3f}",
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
    yield _apart("calls/s of 40 users, Locust from pgbench", ours, theirs)
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


def _perfkit_tps(directory: Path, folder: Path, seconds: float) -> float:
    options = ("--users=8", "--think=0", f"--seconds={seconds:g}", "--rounds=1", "--no-pool", "--threads=2")
    document = load(directory, *options, f"--queries={folder / 'catalog'}")
    rate: float = document["levels"][0]["calls_per_s"][0]
    return rate


def _pgbench_tps(directory: Path, folder: Path, seconds: float) -> float:
    """Return what pgbench tells by itself, asked for the same: statements with parameters, a log of every call."""
    files = [f"--file={folder / f'{weight}.sql'}@{weight}" for weight in BY_HAND]
    options = ["--no-vacuum", "--client=8", "--jobs=2", f"--time={seconds:g}", "--protocol=extended", "--log"]
    values = ["--define=id=519", "--define=year=1998"]
    dsn = running_demo(directory).dsn
    told = subprocess.run(
        [str(find_pgbench()), *options, *values, *files, dsn],
        capture_output=True,
        text=True,
        check=True,
        cwd=folder,
    ).stdout
    found = _TPS.search(told)
    assert found, told
    return float(found[1])


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
    parser.add_argument("--rounds", type=int, default=4, help="pairs of perfkit and pgbench by hand")
    parser.add_argument("--seconds", type=int, default=10, help="of each run of a pair")
    parser.add_argument("--pool-seconds", type=int, default=3, help="of each run of a pool")
    parser.add_argument("--users-seconds", type=float, default=60, help=f"of the run of {USERS} users")
    parser.add_argument(
        "--only", nargs="+", choices=("left", "rates", "pool", "users"), help="what to look at; all"
    )
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
