"""How long a catalog of 1,000 queries takes to load, against PostgreSQL's parser alone on the same statements.

Run: python tests/bench/bench_catalog.py
"""

import subprocess
import sys
import tempfile
from pathlib import Path

QUERY_COUNT = 1_000
ROUNDS = 5

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

PARSE = """
import sys, time
from pathlib import Path
from perfkit.catalog.load import load_catalog
texts = [text for query in load_catalog(Path(sys.argv[1])).queries for text in (query.statement, query.draws[0].sql)]
import postgast
start = time.perf_counter()
for text in texts:
    postgast.parse(text)
print(time.perf_counter() - start, len(texts) // 2)
"""


def _seconds(program: str, directory: Path) -> float:
    """Return the least seconds that a program says it took, of several runs; each must see all the queries."""
    command = [sys.executable, "-c", program, str(directory)]
    runs = [subprocess.run(command, capture_output=True, text=True, check=True).stdout for _ in range(ROUNDS)]
    assert all(int(run.split()[1]) == QUERY_COUNT for run in runs)
    return min(float(run.split()[0]) for run in runs)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        for part in range(10):
            numbers = range(part, QUERY_COUNT, 10)
            Path(folder, f"part_{part}.sql").write_text(
                "".join(QUERY.format(n=n) for n in numbers), encoding="utf-8"
            )
        load_s = _seconds(LOAD, Path(folder))
        parse_s = _seconds(PARSE, Path(folder))
    sys.stdout.write(f"load {QUERY_COUNT:,} queries, import included: {load_s:.3f} s (target: under 1 s)\n")
    sys.stdout.write(
        f"postgast.parse alone on their statements: {parse_s:.3f} s; ratio {load_s / parse_s:.2f}\n"
    )
    sys.exit(load_s >= 1)


if __name__ == "__main__":
    main()
