"""What `perfkit analyze` costs: its wall time against psql sending the same EXPLAINs, and its memory.

Run: python -m tests.bench.bench_analyze --alumni 100000
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from perfkit.catalog.load import load_catalog
from perfkit.catalog.workload import WeightedCase, workload
from perfkit.db.connect import connected
from perfkit.db.guard import Guard
from perfkit.db.server import GuardedServer
from tests.bench.demo_server import demo_in, running_demo
from tests.bench.figure import Figure, table
from tests.bench.pairs import interleaved, ratio
from tests.bench.process import PERFKIT, Finished, run
from tests.bench.psql_script import SESSION, case_runs, script

RATIO_MOST = 1.10
PEAK_MB_MOST = 150.0
QUERIES = Path(__file__).parents[2] / "queries"
SEED = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """Where analyze and psql are held against each other: a running demo, and a folder for what they write."""

    directory: Path
    folder: Path
    samples: int
    cases: tuple[WeightedCase, ...]
    version: int

    @property
    def result(self) -> Path:
        return self.folder / "analysis.json"


def figures(directory: Path, *, samples: int = 5, rounds: int = 3) -> Iterator[Figure]:
    with tempfile.TemporaryDirectory() as folder:
        bench = _prepare(directory, Path(folder), samples)
        analyze(bench)  # warms the server's cache, and tells how often each case runs
        finished: list[Finished] = []

        def analyze_s() -> float:
            finished.append(analyze(bench))
            return finished[-1].wall_s

        ours, theirs, without_reconnects = interleaved(
            rounds, [analyze_s, lambda: psql_s(bench, reconnect=True), lambda: psql_s(bench, reconnect=False)]
        )
    whole = ratio(ours, theirs)
    yield Figure(
        what="analyze / psql with the same EXPLAINs",
        measured=whole.of_medians,
        most=RATIO_MOST,
        unit="x",
        detail=f"{whole}; {len(bench.cases)} cases",
    )
    single = ratio(ours, without_reconnects)
    yield Figure(
        what="the same, psql on one connection",
        measured=single.of_medians,
        most=RATIO_MOST,
        unit="x",
        detail=f"{single}; perfkit used {max(one.cpu_s for one in finished):.1f} s of processor time",
    )
    yield Figure(
        what=f"peak memory of analyze, {len(bench.cases)} cases",
        measured=max(one.peak_mb for one in finished),
        most=PEAK_MB_MOST,
        unit="MB",
        detail="ru_maxrss of the process, JSON output",
    )


def analyze(bench: Bench) -> Finished:
    """Return the finished `perfkit analyze`, whose result is in the folder; RuntimeError unless every case ran."""
    options: list[str | Path] = ["--dir", bench.directory, "--queries", QUERIES, "--seed", str(SEED)]
    options += ["--samples", str(bench.samples), "--format", "json", "-o", bench.result]
    return run([*PERFKIT, "analyze", *options])


def psql_s(bench: Bench, *, reconnect: bool) -> float:
    """Return psql's wall time in seconds; RuntimeError unless it got as many plans as the last analyze."""
    runs = case_runs(bench.cases, json.loads(bench.result.read_text()))
    source, target = bench.folder / "explain.sql", bench.folder / "psql.json"
    source.write_text(script(runs, version=bench.version, reconnect=reconnect), encoding="utf-8")
    demo = running_demo(bench.directory)
    psql: list[str | Path] = [
        demo.postgres.binaries / "psql",
        "-d",
        demo.dsn,
        "-XqAt",
        "-v",
        "ON_ERROR_STOP=1",
    ]
    finished = run([*psql, "-f", source, "-o", target], environ={"PGOPTIONS": SESSION})
    plans, expected = target.read_text().count('"Execution Time"'), sum(case.untimed + 1 for case in runs)
    if plans != expected:
        raise RuntimeError(f"psql got {plans} plans, perfkit {expected}")
    return finished.wall_s


def _prepare(directory: Path, folder: Path, samples: int) -> Bench:
    dsn = running_demo(directory).dsn
    server = GuardedServer(dsn=dsn, guard=Guard(allow_writes=True))
    chosen = workload(load_catalog(QUERIES), (), rows=server.rows, seed=SEED)
    with connected(dsn) as connection:
        version = connection.info.server_version
    return Bench(directory=directory, folder=folder, samples=samples, cases=chosen.cases, version=version)


def main() -> None:
    parser = argparse.ArgumentParser(description="What analyze costs beside psql, on the demo.")
    parser.add_argument("--alumni", type=int, default=100_000, help="size of the demo that is made")
    parser.add_argument("--dir", type=Path, help="a running demo to use instead")
    parser.add_argument("--samples", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    with demo_in(given.dir, alumni=given.alumni) as directory:
        found = list(figures(directory, samples=given.samples, rounds=given.rounds))
    sys.stdout.write(table(found))


if __name__ == "__main__":
    main()
