"""What perfkit costs, in one table: every figure beside its target; a missed target is told, not an error.

Run: python -m tests.bench (about 15 minutes), or make bench
"""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.bench import bench_analyze, bench_catalog, bench_memory, bench_plan, bench_start
from tests.bench.demo_server import demo_in
from tests.bench.figure import Figure, table

# A plan's size does not depend on the tables', so that memory is measured where the runs are short.
MEMORY_ALUMNI = 10_000


def figures(given: argparse.Namespace) -> Iterator[Figure]:
    yield from bench_start.figures()
    yield from bench_catalog.figures()
    yield from bench_plan.figures()
    with demo_in(given.dir, alumni=given.alumni) as directory:
        yield from bench_analyze.figures(directory, samples=given.samples, rounds=given.rounds)
    with demo_in(None, alumni=MEMORY_ALUMNI) as directory:
        yield from bench_memory.figures(directory)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description="What perfkit costs.")
    parser.add_argument("--alumni", type=int, default=100_000, help="size of the demo that is made")
    parser.add_argument("--dir", type=Path, help="a running demo to use instead")
    parser.add_argument("--samples", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=3, help="how often analyze is held against psql")
    found: list[Figure] = []
    for figure in figures(parser.parse_args()):
        found.append(figure)
        sys.stderr.write(f"{figure.what}: {figure.measured:.2f} {figure.unit}\n")
    sys.stdout.write(table(found))


if __name__ == "__main__":
    main()
