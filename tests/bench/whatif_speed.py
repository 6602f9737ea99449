"""How many plans what-if makes in a second: questions as a search puts them, asked again.

They are those of a search on the demo's catalog, with all its candidates, and those about statements for which there are
a few dozen candidates of every kind. A plan itself takes the longer, the more tables and partitions its statement reads.
"""

import re
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from perfkit.catalog.load import load_catalog
from perfkit.catalog.workload import Workload, workload
from perfkit.db.connect import connected
from perfkit.db.guard import Guard, guarded
from perfkit.db.server import GuardedServer
from perfkit.db.tables import read_tables
from perfkit.db.whatif import TwinWhatIf
from perfkit.indexes.advise import Planner, advise, to_plan
from perfkit.indexes.gather import Gathered, gather
from perfkit.indexes.search import Limits
from perfkit.indexes.whatif import PlannedCost
from perfkit.indexes.workload import WorkloadCase, table_of
from perfkit.measure.model import Manner
from perfkit.measure.run import measure, statement_of
from perfkit.plan.runs import Statement
from perfkit.plan.tables import Tables
from perfkit.syntax.index import IndexDefinition
from tests.bench.bench_analyze import QUERIES, SEED
from tests.bench.demo_server import running_demo
from tests.bench.figure import Figure
from tests.bench.twins import asking

PLANS_A_SECOND_LEAST = 1_500
# The search goes on for as long as it takes to meet every case; its questions are what is timed.
SEARCH_S = 15.0
ROUNDS = 3
SIMPLE_TABLES_MOST = 2

_Question = tuple[WorkloadCase, frozenset[IndexDefinition], frozenset[str]]


@dataclass(slots=True)
class _Recorder:
    """A WhatIf that keeps what it is asked."""

    what_if: TwinWhatIf
    asked: list[_Question] = field(default_factory=list)
    can_drop: bool = True

    def size_bytes(self, definition: IndexDefinition) -> int:
        return self.what_if.size_bytes(definition)

    def cost(
        self, case: WorkloadCase, configuration: frozenset[IndexDefinition], dropped: frozenset[str]
    ) -> PlannedCost:
        self.asked.append((case, configuration, dropped))
        return self.what_if.cost(case, configuration, dropped)


def figures(directory: Path, superuser: str, folder: Path) -> Iterator[Figure]:
    """Yield what a plan takes, for the cases that read one or two tables and for all."""
    server = GuardedServer(dsn=running_demo(directory).dsn, guard=Guard(allow_writes=True))
    chosen = workload(load_catalog(QUERIES), (), rows=server.rows, seed=SEED)
    gathered, tables = _gathered(chosen, server)
    statements = {each.case.id: statement_of(each.query, each.case) for each in chosen.cases}
    with asking(superuser, folder, to_plan(gathered, tables), gathered.needs, statements) as (what_if, made):
        recorder = _Recorder(what_if)
        planner = Planner(
            what_if=recorder, refused={each.definition: each.problem for each in made if each.problem}
        )
        advise(gathered, tables, planner, Limits(time_s=SEARCH_S), time.monotonic)
        simple = [asked for asked in recorder.asked if len(asked[0].reads) <= SIMPLE_TABLES_MOST]
        yield _speed("a plan of one or two tables", what_if, simple, len(made))
        yield _speed("a plan of the whole catalog", what_if, recorder.asked, len(made))


def figure_of_kinds(
    superuser: str, folder: Path, definitions: Sequence[IndexDefinition], statements: Mapping[str, Statement]
) -> Figure:
    """Return what a plan takes of each statement: without candidates, with its tables', then without what that uses, and on."""
    with asking(superuser, folder, definitions, (), statements) as (what_if, made):
        recorder = _Recorder(what_if)
        cases = [WorkloadCase(id=id_, weight=1, measured_ms=1, reads=frozenset()) for id_ in statements]
        for case in cases:
            recorder.cost(case, frozenset(), frozenset())
        for case in cases:
            offered = _beside(statements[case.id].text, definitions)
            while used := recorder.cost(case, offered, frozenset()).used:
                offered -= used
        return _speed("a plan beside candidates of every kind", what_if, recorder.asked, len(made))


def _beside(statement: str, definitions: Sequence[IndexDefinition]) -> frozenset[IndexDefinition]:
    """Return the candidates on the tables that a statement names: a what-if is asked of no others."""
    return frozenset(
        each for each in definitions if re.search(rf"\b{re.escape(table_of(each))}\b", statement)
    )


def _gathered(chosen: Workload, server: GuardedServer) -> tuple[Gathered, Tables]:
    manner = Manner(samples=1, plan_mode="custom", target_ms=100)
    analysis = measure(chosen, server, manner, lambda *_: None)
    with connected(server.dsn) as connection, guarded(connection, server.guard):
        tables = read_tables(connection)
    return gather(analysis.results, tables), tables


def _speed(what: str, what_if: TwinWhatIf, asked: Sequence[_Question], candidates: int) -> Figure:
    """Return what a plan takes of a core, here and in the server, so that what else the machine does does not count."""
    beside = max(len(configuration) for _, configuration, _ in asked)
    cores_ms, wall_s = [], []
    for _ in range(ROUNDS):
        began, before_s = time.perf_counter(), _cpu_s(what_if)
        for question in asked:
            what_if.cost(*question)
        wall_s.append(time.perf_counter() - began)
        cores_ms.append(1_000 * (_cpu_s(what_if) - before_s) / len(asked))
    began_s = _cpu_s(what_if)
    for case, _, _ in asked:
        what_if.cost(case, frozenset(), frozenset())
    alone_ms = 1_000 * (_cpu_s(what_if) - began_s) / len(asked)
    return Figure(
        what=f"what-if, {what}",
        measured=min(cores_ms),
        most=1_000 / PLANS_A_SECOND_LEAST,
        unit="ms",
        detail=f"{1_000 / min(cores_ms):,.0f} plans/s of one core, client and server; {len(asked) / min(wall_s):,.0f} by the"
        f" clock; best of {ROUNDS} x {len(asked):,} plans, {candidates} candidates, {beside} at most beside one; the same"
        f" statements without any: {alone_ms:.2f} ms",
    )


def _cpu_s(what_if: TwinWhatIf) -> float:
    """Return the seconds of processor that this process and the server's have taken; Linux tells them."""
    server_ns = int(Path(f"/proc/{what_if.server_pid}/schedstat").read_text().split()[0])
    return time.process_time() + server_ns / 1e9
