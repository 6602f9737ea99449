"""How much memory `perfkit analyze` takes when its catalog has 1,000 queries: the demo's, copied.

Run: python -m tests.bench.bench_memory
"""

import argparse
import re
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.bench.bench_analyze import PEAK_MB_MOST, QUERIES
from tests.bench.demo_server import demo_in
from tests.bench.figure import Figure, table
from tests.bench.process import PERFKIT, run

QUERIES_LEAST = 1_000
_NAME = re.compile(r"^(-- name: *\w+)", re.MULTILINE)


def figures(directory: Path) -> Iterator[Figure]:
    with tempfile.TemporaryDirectory() as folder:
        copied = Path(folder, "queries")
        count = _copy_catalog(copied)
        options: list[str | Path] = ["--dir", directory, "--queries", copied, "--samples", "1"]
        finished = run(
            [*PERFKIT, "analyze", *options, "--format", "json", "-o", Path(folder, "analysis.json")]
        )
    yield Figure(
        what=f"peak memory of analyze, {count:,} queries",
        measured=finished.peak_mb,
        most=PEAK_MB_MOST,
        unit="MB",
        detail=f"the demo's catalog copied, --samples 1, {finished.wall_s:.0f} s",
    )


def _copy_catalog(folder: Path) -> int:
    """Write the demo's catalog so often that it has enough queries, and return how many it has."""
    texts = {path.stem: path.read_text(encoding="utf-8") for path in sorted(QUERIES.glob("*.sql"))}
    queries = sum(len(_NAME.findall(text)) for text in texts.values())
    copies = -(-QUERIES_LEAST // queries)
    folder.mkdir()
    for copy in range(copies):
        for name, text in texts.items():
            copied = _NAME.sub(rf"\g<1>_{copy}", text)
            Path(folder, f"{name}_{copy}.sql").write_text(copied, encoding="utf-8")
    return copies * queries


def main() -> None:
    parser = argparse.ArgumentParser(description="Memory of analyze with 1,000 queries.")
    parser.add_argument("--alumni", type=int, default=10_000, help="size of the demo that is made")
    parser.add_argument("--dir", type=Path, help="a running demo to use instead")
    given = parser.parse_args()
    with demo_in(given.dir, alumni=given.alumni) as directory:
        found = list(figures(directory))
    sys.stdout.write(table(found))


if __name__ == "__main__":
    main()
