"""How near the estimated size of an index is to that of the built one, by kind, on the demo's tables.

Run: python -m tests.bench.index_sizes [--dir DIR | --alumni N]. Every index is built and dropped again.
"""

import argparse
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg.conninfo import conninfo_to_dict

from perfkit import stats
from perfkit.db.connect import connect
from perfkit.db.index_facts import read_index_facts
from perfkit.demo.servers import Demo
from perfkit.twin.size import IndexSize, estimate_size
from tests.bench.demo_server import demo_in, running_demo
from tests.bench.figure import Figure
from tests.bench.figure import table as figure_table
from tests.bench.index_kinds import KINDS

BATCH = 40
# Forty candidates are sized in the time that a person does not notice.
ESTIMATE_MS_MOST = 5.0
_BTREES = """
SELECT index.oid::bigint
FROM pg_class AS index JOIN pg_am ON pg_am.oid = index.relam JOIN pg_index ON pg_index.indexrelid = index.oid
JOIN pg_class AS heap ON heap.oid = pg_index.indrelid
WHERE index.relkind = 'i' AND amname = 'btree' AND index.relnamespace = 'alumni'::regnamespace AND NOT heap.relispartition
ORDER BY index.relname LIMIT %s
"""
# CREATE INDEX counts its table's rows; an estimate must do with what ANALYZE counted.
_KEEP = """
CREATE TEMPORARY TABLE counted ON COMMIT DROP AS SELECT oid AS relation, relpages AS pages, reltuples AS tuples FROM pg_class
"""
_FORGET = """
UPDATE pg_class SET relpages = pages, reltuples = tuples FROM counted
WHERE pg_class.oid = relation AND (relpages, reltuples) <> (pages, tuples)
"""
_LEAVES = """
SELECT leaf.oid::bigint, pg_relation_size(leaf.oid) / current_setting('block_size')::int
FROM pg_class AS leaf LEFT JOIN counted ON counted.relation = leaf.oid
WHERE leaf.relkind = 'i' AND counted.relation IS NULL AND leaf.relnamespace = 'alumni'::regnamespace
ORDER BY 1
"""


@dataclass(frozen=True, slots=True)
class Row:
    """One index: its kind, statement, pages as estimated and as built, and the time that the estimate took."""

    kind: str
    statement: str
    size: IndexSize
    built_pages: int
    estimate_ms: float

    @property
    def error(self) -> float:
        """Return by how much the estimate is too large, as a share of the built size."""
        return self.size.pages / self.built_pages - 1


def rows(connection: psycopg.Connection, kinds: Mapping[str, Sequence[str]]) -> Iterator[Row]:
    for kind, statements in kinds.items():
        for statement in statements:
            yield from _built(connection, kind, statement)


def _built(connection: psycopg.Connection, kind: str, statement: str) -> Iterator[Row]:
    """Yield the leaves of the index: one, or one a partition."""
    with connection.transaction(force_rollback=True):
        connection.execute(_KEEP)
        unique = "UNIQUE" if kind == "btree unique" else ""
        connection.execute(f"CREATE {unique} INDEX measured ON {statement}".encode())
        connection.execute(_FORGET)
        for oid, pages in connection.execute(_LEAVES).fetchall():
            start = time.perf_counter()
            (facts,) = read_index_facts(connection, [oid])
            size = estimate_size(facts)
            yield Row(kind, statement, size, pages, 1_000 * (time.perf_counter() - start))


def batch_ms(connection: psycopg.Connection) -> Figure:
    """Return what an estimate takes when 40 b-trees are read at once, as a search for indexes does."""
    oids = [oid for (oid,) in connection.execute(_BTREES, [BATCH]).fetchall()]
    read_index_facts(connection, oids)  # the first query of a session fills its caches
    times_ms = []
    for _ in range(5):
        start = time.perf_counter()
        for facts in read_index_facts(connection, oids):
            estimate_size(facts)
        times_ms.append(1_000 * (time.perf_counter() - start) / len(oids))
    return Figure(
        what="estimate the size of a b-tree",
        measured=stats.median(times_ms),
        most=ESTIMATE_MS_MOST,
        unit="ms",
        detail=f"median of 5, {len(oids)} indexes at once",
    )


def table(found: Sequence[Row]) -> str:
    lines = [f"{'kind':13} {'built':>7} {'estimate':>8} {'error':>7} {'ms':>6}  index\n"]
    lines += [
        f"{row.kind:13} {row.built_pages:7,} {row.size.pages:8,} {row.error:+7.1%} {row.estimate_ms:6.1f}  {row.statement}\n"
        for row in found
    ]
    return "".join(lines)


def summary(found: Sequence[Row]) -> str:
    """Return a line a kind, and one of them all: how many, median and 90th percentile of the error, the largest."""
    lines = [f"{'kind':13} {'indexes':>7} {'median':>7} {'p90':>7} {'most':>7}\n"]
    kinds = dict.fromkeys(row.kind for row in found)
    chosen = {kind: [row for row in found if row.kind == kind] for kind in kinds}
    chosen |= {"all b-trees": [row for row in found if row.kind.startswith("btree")], "all": list(found)}
    for kind, alike in chosen.items():
        errors = sorted(abs(row.error) for row in alike)
        ninth = errors[min(len(errors) - 1, int(0.9 * len(errors)))]
        lines.append(
            f"{kind:13} {len(errors):7} {stats.median(errors):7.1%} {ninth:7.1%} {errors[-1]:7.1%}\n"
        )
    return "".join(lines)


def superuser_dsn(demo: Demo) -> str:
    return demo.postgres.dsn_for(str(conninfo_to_dict(demo.dsn)["dbname"]))


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench.index_sizes", description="Sizes, estimated and built."
    )
    parser.add_argument("--dir", type=Path, help="a running demo to use")
    parser.add_argument("--alumni", type=int, default=100_000, help="size of the demo that is made")
    given = parser.parse_args()
    with (
        demo_in(given.dir, alumni=given.alumni) as directory,
        connect(superuser_dsn(running_demo(directory))) as connection,
    ):
        found = list(rows(connection, KINDS))
        figure = batch_ms(connection)
    sys.stdout.write(table(found) + "\n" + summary(found) + "\n" + figure_table([figure]))


if __name__ == "__main__":
    main()
