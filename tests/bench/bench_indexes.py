"""What index advice is worth: real indexes of perfkit and of two other selectors, built and timed under the same budgets.

Run: python -m tests.bench.bench_indexes --database demo --budgets 25MB,50MB,150MB, or make bench-indexes.
Every case is run in turns on two copies of a database, one bare and one with the indexes; see tests/bench/indexed_pair.py.
Whether a case is slower is decided as `perfkit regress` decides it: a paired interval, and at least 0.2 ms.
"""

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from perfkit.catalog.load import load_catalog
from perfkit.catalog.workload import Workload, workload
from perfkit.cli.twin import database as twin_database
from perfkit.cli.twin import snapshot_from
from perfkit.db.connect import connected
from perfkit.db.copies import template_copies
from perfkit.db.copy_indexes import CopyIndexes
from perfkit.db.guard import Guard
from perfkit.db.server import GuardedServer
from perfkit.db.tables import read_tables
from perfkit.db.whatif import TwinWhatIf
from perfkit.demo.role import DATABASE
from perfkit.embedded import start_postgres, stop_postgres
from perfkit.indexes.advise import Advisor, Planner, to_plan
from perfkit.indexes.change import statement_of as change_statement
from perfkit.indexes.gather import Gathered, gather
from perfkit.indexes.search import Limits
from perfkit.indexes.verify import verify
from perfkit.indexes.whatif import PlannedCost
from perfkit.indexes.workload import WorkloadCase
from perfkit.measure.model import Manner
from perfkit.measure.run import measure, statement_of
from perfkit.plan.tables import Tables
from perfkit.syntax.index import IndexDefinition
from perfkit.twin.build import add_candidates, built_twin
from perfkit.twin.snapshot import Redaction
from perfkit.units import parse_size_bytes
from tests.bench.advice_row import Answer, Row, as_json, figures, text
from tests.bench.bench_analyze import QUERIES
from tests.bench.demo_server import demo_in, running_demo
from tests.bench.figure import table
from tests.bench.indexed_pair import Built, IndexedPair
from tests.bench.selectors import columns_of, extend, one_per_column, plain_indexes
from tests.bench.tpch.database import QUERIES as TPCH_QUERIES
from tests.bench.tpch.database import make_tpch

SEED = 1
SAMPLES = 3
# What a bare query of TPC-H may take; with the wrong indexes some take hours.
TIMEOUT_MS = 60_000
UNLIMITED = 1 << 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """The database that advice is asked for, with its catalog and a place for twins."""

    name: str
    dsn: str
    queries: Path
    directory: Path


class CountingWhatIf:
    """A planner that counts what it is asked."""

    can_drop = True

    def __init__(self, what_if: TwinWhatIf) -> None:
        self._what_if = what_if
        self.plans = 0

    def size_bytes(self, definition: IndexDefinition) -> int:
        return self._what_if.size_bytes(definition)

    def cost(
        self, case: WorkloadCase, configuration: frozenset[IndexDefinition], dropped: frozenset[str]
    ) -> PlannedCost:
        self.plans += 1
        return self._what_if.cost(case, configuration, dropped)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the selectors are asked about."""

    workload: Workload
    gathered: Gathered
    tables: Tables
    planner: Planner
    what_if: CountingWhatIf
    known: frozenset[IndexDefinition]


@dataclass(frozen=True, slots=True, kw_only=True)
class Selected:
    """A selector's indexes, and whom to ask for others where some do harm, for one whose user is told to verify."""

    chosen: Sequence[IndexDefinition]
    advisor: Advisor | None = None


Selector = Callable[[Asked, int], Selected]


def _perfkit(asked: Asked, budget_bytes: int) -> Selected:
    limits = Limits(budget_bytes=None if budget_bytes == UNLIMITED else budget_bytes)
    advisor = Advisor(asked.gathered, asked.tables, asked.planner, limits, time.monotonic)
    return Selected(chosen=[index.definition for index in advisor.advice.selection.chosen], advisor=advisor)


def _extend(asked: Asked, budget_bytes: int) -> Selected:
    cases = asked.gathered.cases
    return Selected(chosen=list(extend(asked.what_if, cases, columns_of(cases), budget_bytes, asked.known)))


def _one_per_column(asked: Asked, budget_bytes: int) -> Selected:
    return Selected(
        chosen=list(one_per_column(asked.what_if, columns_of(asked.gathered.cases), budget_bytes))
    )


SELECTORS: dict[str, Selector] = {
    "perfkit": _perfkit,
    "extend": _extend,
    "one_per_column": _one_per_column,
}


def rows(source: Source, budgets: Sequence[str], selectors: Sequence[str]) -> Iterator[Row]:
    """Yield each selector's row under each budget."""
    guard = Guard(allow_writes=True, allow_superuser=True, statement_timeout_ms=TIMEOUT_MS)
    with template_copies(source.dsn) as copies:
        bare, indexed = (GuardedServer(dsn=dsn, guard=guard) for dsn in (copies.base, copies.head))
        chosen = workload(load_catalog(source.queries), (), rows=bare.rows, seed=SEED)
        manner = Manner(samples=SAMPLES, plan_mode="custom", target_ms=100.0)
        results = measure(chosen, bare, manner, _silent).results
        with connected(bare.dsn) as connection:
            tables = read_tables(connection)
        gathered = gather(results, tables)
        built = Built(copy=CopyIndexes(dsn=indexed.dsn))
        built.copy.run(gathered.needs)
        pair = IndexedPair(
            bare=bare,
            indexed=indexed,
            built=built,
            cases=chosen.cases,
            bare_ms={each.case.id: each.median_ms for each in results if each.median_ms is not None},
            chance=random.Random(SEED),
        )
        pair.tidy()
        with _asked(source, bare, chosen, gathered, tables) as asked:
            for budget in budgets:
                for name in selectors:
                    yield _row(budget, name, asked, pair)


@contextmanager
def _asked(
    source: Source, server: GuardedServer, chosen: Workload, gathered: Gathered, tables: Tables
) -> Iterator[Asked]:
    """Yield what the selectors are asked about: a twin that knows the candidates of all of them."""
    statements = {each.case.id: statement_of(each.query, each.case) for each in chosen.cases}
    snapshot = snapshot_from(server, Redaction(values=False))
    plain = plain_indexes(gathered.cases)
    definitions = sorted({*to_plan(gathered, tables), *plain}, key=IndexDefinition.create)
    with built_twin(snapshot, source.directory, twin_database()) as bare:
        twin, made = add_candidates(bare, definitions, gathered.needs, twin_database())
        with connected(twin.dsn) as connection:
            what_if = CountingWhatIf(TwinWhatIf(connection, made, statements | dict(gathered.lookups)))
            refused = {each.definition: each.problem for each in made if each.problem}
            yield Asked(
                workload=chosen,
                gathered=gathered,
                tables=tables,
                planner=Planner(what_if=what_if, refused=refused),
                what_if=what_if,
                known=plain - refused.keys(),
            )


def _row(budget: str, name: str, asked: Asked, pair: IndexedPair) -> Row:
    """Return a selector's row: its indexes built and timed, perfkit's verified too, as it tells people to; all dropped."""
    began, before = time.perf_counter(), asked.what_if.plans
    selected = SELECTORS[name](asked, UNLIMITED if budget == "none" else parse_size_bytes(budget))
    chosen = selected.chosen
    answer = Answer(
        chosen=tuple(chosen), search_s=time.perf_counter() - began, plans=asked.what_if.plans - before
    )
    sys.stderr.write(
        f"{budget} {name}: {len(chosen)} indexes, {answer.search_s:.1f} s, {answer.plans} plans\n"
    )
    try:
        if selected.advisor:
            verified = verify(
                chosen,
                pair.built,
                lambda: [case.as_verified(asked.tables) for case in pair.measure()],
                instead=selected.advisor.instead,
            )
            for each in verified.rejected:
                sys.stderr.write(f"  thrown out: {change_statement(each.change)}: {each.reason}\n")
        else:
            for definition in chosen:
                pair.built.make(definition)
        return Row(
            budget=budget,
            selector=name,
            answer=answer,
            kept=tuple(sorted(pair.built.definitions, key=IndexDefinition.create)),
            built=tuple((asked.what_if.size_bytes(each), pair.built.sizes[each]) for each in chosen),
            cases=pair.measure(),
        )
    finally:
        pair.built.drop_all()


@contextmanager
def demo_source(directory: Path | None, alumni: int) -> Iterator[Source]:
    """Yield the demo and its whole catalog."""
    with demo_in(directory, alumni=alumni) as place:
        dsn = running_demo(place).postgres.dsn_for(DATABASE)  # only a superuser may copy it
        yield Source(name="demo", dsn=dsn, queries=QUERIES, directory=place)


@contextmanager
def tpch_source() -> Iterator[Source]:
    """Yield TPC-H SF 0.1 on a server of its own."""
    with tempfile.TemporaryDirectory(prefix="perfkit-bench-") as folder:
        place = Path(folder)
        place.chmod(0o711)  # the server may run as nobody
        server = start_postgres(place / "server")
        try:
            yield Source(name="tpch", dsn=make_tpch(server.dsn), queries=TPCH_QUERIES, directory=place)
        finally:
            stop_postgres(place / "server")


def _silent(done: int, total: int, what: str) -> None:
    """Say nothing of a measurement's progress."""


def main() -> None:
    parser = argparse.ArgumentParser(description="What index advice is worth, beside two other selectors.")
    parser.add_argument("--database", choices=("demo", "tpch"), default="demo")
    parser.add_argument("--budgets", default="25MB,50MB,150MB", help="sizes, and none for no budget")
    parser.add_argument("--selectors", default=",".join(SELECTORS), help="which of them, perfkit among them")
    parser.add_argument("--alumni", type=int, default=100_000, help="size of the demo that is made")
    parser.add_argument("--dir", type=Path, help="a running demo to use instead")
    parser.add_argument("--raw", type=Path, help="a file for all that was measured, a line of JSON a row")
    given = parser.parse_args()
    made = demo_source(given.dir, given.alumni) if given.database == "demo" else tpch_source()
    found: list[Row] = []
    with made as source:
        for row in rows(source, given.budgets.split(","), given.selectors.split(",")):
            found.append(row)
            if given.raw:
                with given.raw.open("a", encoding="utf-8") as raw:
                    raw.write(as_json(source.name, row) + "\n")
    sys.stdout.write(text(found) + "\n" + table(list(figures(source.name, found))))


if __name__ == "__main__":
    main()
