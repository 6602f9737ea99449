"""How long a catalog of 1,000 queries takes to load, imports included.

Run: python -m tests.bench.bench_catalog
"""

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from perfkit import stats
from tests.bench.figure import Figure, table

SECONDS_MOST = 1.0
QUERY_COUNT = 1_000

QUERY = """-- name: directory_{n}
-- summary: Directory page of one graduating class, newest members first
-- weight: 40              calls per minute
-- budget: 50ms            p95
-- param: year int
-- param: prefix text
-- param: least numeric(12,2)
-- case: typical  year=1998 prefix=smi least=10
-- case: largest  year=2015 prefix="o'b" least=0.50
-- case: nobody   year=NULL prefix='' least=1e9
-- cases: draw 20 SELECT grad_year AS year, left(last_name, 3) AS prefix, 5 AS least FROM degree JOIN person USING (person_id)
-- allow: seq-scan  small lookup table
SELECT p.person_id, p.first_name, coalesce(p.nick_name, p.first_name) AS called, d.year, s.name
FROM person AS p -- the members
JOIN degree AS d ON d.person_id = p.person_id
LEFT JOIN school AS s ON s.school_id = d.school_id
WHERE d.year = :year AND lower(p.last_name) LIKE lower(:prefix) || '%'
    AND EXISTS (SELECT 1 FROM gift AS g WHERE g.person_id = p.person_id AND g.amount > :least::numeric)
ORDER BY p.last_name, p.first_name
LIMIT 50;

"""

LOAD = """
import sys, time
start = time.perf_counter()
from pathlib import Path
from perfkit.catalog.load import load_catalog
catalog = load_catalog(Path(sys.argv[1]))
print(time.perf_counter() - start, len(catalog.queries))
"""


def figures(*, rounds: int = 5) -> Iterator[Figure]:
    with tempfile.TemporaryDirectory() as folder:
        for part in range(10):
            numbers = range(part, QUERY_COUNT, 10)
            Path(folder, f"part_{part}.sql").write_text(
                "".join(QUERY.format(n=n) for n in numbers), encoding="utf-8"
            )
        seconds = [_seconds(Path(folder)) for _ in range(rounds)]
    yield Figure(
        what=f"load a catalog of {QUERY_COUNT:,} queries",
        measured=stats.median(seconds),
        most=SECONDS_MOST,
        unit="s",
        detail=f"median of {rounds}, {min(seconds):.2f} to {max(seconds):.2f} s, imports included",
    )


def _seconds(directory: Path) -> float:
    """Return the seconds that a new process says the loading took; RuntimeError unless it saw all the queries."""
    command = [sys.executable, "-c", LOAD, str(directory)]
    seconds, count = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    if int(count) != QUERY_COUNT:
        raise RuntimeError(f"{count} of {QUERY_COUNT} queries were loaded")
    return float(seconds)


def main() -> None:
    sys.stdout.write(table(list(figures())))


if __name__ == "__main__":
    main()
