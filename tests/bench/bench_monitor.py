"""The exporter while PostgreSQL goes and comes: scrapes, memory, connections; and what a scrape takes.

Run: python -m tests.bench.bench_monitor (about three minutes on a machine that does nothing else), or make bench-monitor
"""

import argparse
import os
import re
import signal
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Thread

import psycopg

from perfkit.embedded import find_postgres, start_postgres, stop_postgres
from perfkit.embedded.ports import choose_port
from perfkit.monitor.cases import CaseName
from tests.bench import scrape_cost
from tests.bench.demo_server import demo_in
from tests.bench.figure import Figure, table
from tests.bench.process import PERFKIT

QUERIES = Path(__file__).parents[2] / "queries"
QUERIES_LEAST = 60
CACHED_SCRAPES = 100
CACHED_MS_MOST = 100.0
SCRAPE_S_MOST = 2.0
# Memory is that of all that was imported after so many scrapes; what it grows by from then on would be a leak.
SETTLED_AFTER = 100
GROWN_MB_MOST = 5.0
CONNECTIONS_MOST = 1
# Up at least until the exporter tells so; 1,000 scrapes take about as long as ten restarts.
UP_S, DOWN_S = 4.0, 2.0
BETWEEN_SCRAPES_S = 0.1
WAIT_MOST_S = 180.0
# Ten times as often as the default: probes and restarts meet, yet a probe is not always beside a scrape.
EVERY = "30s"

_PROBED = re.compile(r'^perfkit_query_last_seconds\{case="([^"]+)",query="([^"]+)"\}', re.MULTILINE)
_UP = "\nperfkit_up 1.0\n"
_OWN = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'perfkit'"


@dataclass(frozen=True, slots=True, kw_only=True)
class Exporter:
    """A running `perfkit monitor serve`."""

    process: subprocess.Popen[bytes]
    url: str

    def scrape(self) -> tuple[str, float]:
        """Return the page, and the seconds that it took; OSError when nobody answers."""
        began = time.perf_counter()
        with urllib.request.urlopen(f"{self.url}/metrics", timeout=30) as answer:
            page = answer.read().decode()
        return page, time.perf_counter() - began

    def memory_mb(self) -> float:
        """Return the resident memory, as Linux counts it."""
        pages = Path(f"/proc/{self.process.pid}/statm").read_text().split()[1]
        return int(pages) * os.sysconf("SC_PAGE_SIZE") / 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class Scrapes:
    """What came of many scrapes: the seconds of each that was answered, memory early and late, who saw no database."""

    seconds: tuple[float, ...]
    failed: int
    settled_mb: float
    last_mb: float
    without_database: int


def figures(directory: Path, given: argparse.Namespace) -> Iterator[Figure]:
    """Yield the figures of an exporter of the demo in the directory, which is stopped and started meanwhile."""
    postgres = directory / "postgres"
    connections: list[int] = []
    with _exporter(directory) as exporter:
        probed = _eventually_probed(exporter)
        yield from _cached(exporter, len({name.query for name in probed}))
        yield from scrape_cost.figures(probed)
        restarts = Thread(
            target=_restart, args=(exporter, postgres, given.restarts, connections), daemon=True
        )
        restarts.start()
        scrapes = _scrape(exporter, restarts, given.scrapes)
    yield from _survived(scrapes)
    yield Figure(
        what="restarts of PostgreSQL that the exporter did not come back from",
        measured=given.restarts - len(connections),
        most=0,
        unit=f"of {given.restarts}",
        detail=f"{scrapes.without_database:,} scrapes told of a database that is away",
    )
    yield Figure(
        what="exit code of the exporter, ended after all",
        measured=exporter.process.returncode,
        most=0,
        unit="",
    )
    yield Figure(
        what="connections, most",
        measured=max(connections, default=0),
        most=CONNECTIONS_MOST,
        unit="",
        detail=f"in pg_stat_activity after each restart: {' '.join(map(str, connections))}",
    )
    yield Figure(what="connections, after its end", measured=_connections(postgres), most=0, unit="")


@contextmanager
def _exporter(directory: Path) -> Iterator[Exporter]:
    port = choose_port(0)
    command = ["monitor", "serve", f"--listen=127.0.0.1:{port}", f"--every={EVERY}"]
    where = [f"--dir={directory}", f"--queries={QUERIES}"]
    process = subprocess.Popen(
        [*PERFKIT, *command, *where], cwd=directory, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        yield Exporter(process=process, url=f"http://127.0.0.1:{port}")
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def _eventually_probed(exporter: Exporter) -> list[CaseName]:
    """Wait until enough queries were probed, and return the cases that were."""
    found: list[CaseName] = []
    deadline = time.monotonic() + WAIT_MOST_S
    while len({name.query for name in found}) < QUERIES_LEAST and time.monotonic() < deadline:
        time.sleep(0.5)
        with suppress(OSError):  # until it has begun
            found = [CaseName(query, case) for case, query in _PROBED.findall(exporter.scrape()[0])]
    return found


def _cached(exporter: Exporter, probed: int) -> Iterator[Figure]:
    taken = [exporter.scrape() for _ in range(CACHED_SCRAPES)]
    milliseconds = [seconds * 1000 for _, seconds in taken]
    detail = f"{CACHED_SCRAPES} scrapes of {len(taken[-1][0]) / 1000:.0f} kB, probes beside them"
    yield Figure(
        what=f"queries in a scrape, missing of {QUERIES_LEAST}",
        measured=max(0, QUERIES_LEAST - probed),
        most=0,
        unit="",
    )
    # The slowest says as much of what else the machine does: it is told, and has no target.
    for name, value, most in (
        ("median", statistics.median(milliseconds), CACHED_MS_MOST),
        ("most", max(milliseconds), None),
    ):
        yield Figure(
            what=f"scrape of {probed} queries, {name}",
            measured=value,
            most=most,
            unit="ms",
            detail=detail,
        )


def _scrape(exporter: Exporter, restarts: Thread, least: int) -> Scrapes:
    """Scrape until the restarts are over, and so often at least; the exporter's death ends it."""
    seconds: list[float] = []
    failed = without = 0
    settled_mb = last_mb = exporter.memory_mb()
    while (restarts.is_alive() or len(seconds) + failed < least) and exporter.process.poll() is None:
        try:
            page, taken = exporter.scrape()
        except OSError:
            failed += 1
        else:
            seconds.append(taken)
            without += _UP not in page
        if exporter.process.poll() is None:
            last_mb = exporter.memory_mb()
        if len(seconds) == SETTLED_AFTER:
            settled_mb = last_mb
        time.sleep(BETWEEN_SCRAPES_S)
    return Scrapes(
        seconds=tuple(seconds),
        failed=failed,
        settled_mb=settled_mb,
        last_mb=last_mb,
        without_database=without,
    )


def _restart(exporter: Exporter, postgres: Path, times: int, connections: list[int]) -> None:
    """Stop and start the server so often; note after each time, when the exporter is back, its connections."""
    for number in range(times):
        stop_postgres(postgres)
        time.sleep(DOWN_S)
        start_postgres(postgres)
        deadline = time.monotonic() + WAIT_MOST_S
        time.sleep(UP_S)
        while _UP not in exporter.scrape()[0]:
            if time.monotonic() > deadline:
                return
            time.sleep(0.1)
        connections.append(_connections(postgres))
        sys.stderr.write(f"restart {number + 1}: {connections[-1]} connections\n")


def _connections(postgres: Path) -> int:
    server = find_postgres(postgres)
    assert server is not None
    with psycopg.connect(server.dsn, application_name="bench") as connection:
        row = connection.execute(_OWN).fetchone()
    assert row is not None
    return int(row[0])


def _survived(scrapes: Scrapes) -> Iterator[Figure]:
    count = len(scrapes.seconds)
    yield Figure(
        what="scrapes without an answer",
        measured=scrapes.failed,
        most=0,
        unit=f"of {count + scrapes.failed:,}",
    )
    for name, value in (
        ("most", max(scrapes.seconds)),
        ("p99", statistics.quantiles(scrapes.seconds, n=100)[-1]),
    ):
        yield Figure(
            what=f"scrape beside restarts, {name}",
            measured=value * 1000,
            most=SCRAPE_S_MOST * 1000,
            unit="ms",
        )
    yield Figure(
        what=f"memory grown since scrape {SETTLED_AFTER}",
        measured=scrapes.last_mb - scrapes.settled_mb,
        most=GROWN_MB_MOST,
        unit="MB",
        detail=f"{scrapes.settled_mb:.1f} MB then, {scrapes.last_mb:.1f} MB at scrape {count:,}",
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench.bench_monitor",
        description="The exporter while PostgreSQL goes and comes.",
    )
    parser.add_argument("--alumni", type=int, default=5_000, help="size of the demo that is made")
    parser.add_argument("--scrapes", type=int, default=1_000, help="at least so many")
    parser.add_argument("--restarts", type=int, default=10, help="of PostgreSQL meanwhile")
    given = parser.parse_args()
    # A demo of its own, as its server is stopped.
    with demo_in(None, alumni=given.alumni) as directory:
        found = list(figures(directory, given))
    sys.stdout.write(table(found))
    sys.exit(not all(figure.met for figure in found))


if __name__ == "__main__":
    main()
