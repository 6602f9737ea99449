"""From a measured workload to what the selection works on: cases with what they read and write, and their candidates."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from perfkit.catalog.model import Query
from perfkit.indexes.candidates.merge import merged
from perfkit.indexes.candidates.model import Candidate
from perfkit.indexes.candidates.offer import lookup_in, offer, sharing
from perfkit.indexes.lookups import Lookup, lookup_statement, lookups
from perfkit.indexes.workload import TableWrite, WorkloadCase, WriteKind, table_of
from perfkit.measure.model import CaseResult
from perfkit.plan.counters import count
from perfkit.plan.model import Plan, walk
from perfkit.plan.runs import Runs, Statement
from perfkit.plan.tables import Tables
from perfkit.syntax.index import IndexDefinition
from perfkit.syntax.lexer import SqlError
from perfkit.syntax.usage.model import Usage
from perfkit.syntax.usage.read import read_usage

# From this server_version_num on an update may leave a row on its page although a BRIN index has a column that it sets.
_BRIN_IS_SPARED_FROM = 160_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """The measured cases, each candidate by its definition, and the queries that could not be read, with the reason.

    `lookups` are the statements of those cases that no query of the catalog has, by id.
    """

    cases: tuple[WorkloadCase, ...]
    candidates: Mapping[IndexDefinition, Candidate]
    unread: Mapping[str, str]
    lookups: Mapping[str, Statement] = field(default_factory=dict)

    @property
    def needs(self) -> tuple[str, ...]:
        """Return the statements that some candidates need before them."""
        return tuple(sorted({need for each in self.candidates.values() for need in each.needs}))


def gather(results: Sequence[CaseResult], tables: Tables) -> Gathered:
    """Return what the selection works on; cases that did not run are left out."""
    measured = [(result, result.runs) for result in results if result.runs]
    usages, unread = _usages({result.query.name: result.query for result, _ in measured}, tables)
    shared = sharing(usages.values(), tables)
    types = {result.query.name: tuple(param.type for param in result.query.params) for result, _ in measured}
    offered = {
        name: offer(usage, tables, shared=shared, parameter_types=types[name])
        for name, usage in usages.items()
    }
    own = {each.definition: each for given in offered.values() for each in given}
    both = merged(own.values(), tables)
    cases: list[WorkloadCase] = []
    statements: dict[str, Statement] = {}
    for result, runs in measured:
        reads = frozenset(_reads(runs, usages.get(result.query.name), tables))
        given = offered.get(result.query.name, ())
        names = {(table_of(each.definition), each.definition.keys[0].text) for each in given}
        also = (each for each in both if (table_of(each.definition), each.definition.keys[0].text) in names)
        whole = WorkloadCase(
            id=result.case.id,
            weight=result.weight,
            measured_ms=result.median_ms or 0.0,
            reads=reads,
            offered=tuple(each.definition for each in (*given, *also)),
            writes=tuple(_writes(usages.get(result.query.name), runs, tables)),
        )
        looked_up = lookups(runs.plan, written_tables(runs.plan, tables), tables)
        slow = {_part_id(whole, each): each for each in looked_up if each.share}
        cases += _split(whole, slow)
        statements |= {name: lookup_statement(each, tables) for name, each in slow.items()}
    return Gathered(
        cases=tuple(cases),
        candidates={each.definition: each for each in both} | own,
        unread=unread,
        lookups=statements,
    )


def _part_id(whole: WorkloadCase, lookup: Lookup) -> str:
    return f"{whole.id}: rows of {lookup.table} by {', '.join(lookup.columns)}"


def _split(whole: WorkloadCase, slow: Mapping[str, Lookup]) -> Iterator[WorkloadCase]:
    """Yield a case and the lookups that it spends time on, which take theirs off it."""
    looking_ms = whole.measured_ms * math.fsum(each.share for each in slow.values())
    yield replace(whole, measured_ms=whole.measured_ms - looking_ms, rest_ms=looking_ms)
    for name, lookup in slow.items():
        measured_ms = whole.measured_ms * lookup.share
        yield WorkloadCase(
            id=name,
            weight=whole.weight,
            measured_ms=measured_ms,
            reads=frozenset({lookup.table}),
            offered=tuple(each for each in whole.offered if lookup.is_served_by(each)),
            part_of=whole.id,
            rest_ms=whole.measured_ms - measured_ms,
        )


def written_tables(plan: Plan, tables: Tables) -> tuple[str, ...]:
    """Return the qualified tables that a plan writes to, and the whole that a partition belongs to."""
    names = (
        name
        for node in walk(plan.root)
        if node.type == "ModifyTable" and node.schema and node.relation
        for name in _with_whole(f"{node.schema}.{node.relation}", tables)
    )
    return tuple(dict.fromkeys(names))


def _usages(queries: Mapping[str, Query], tables: Tables) -> tuple[dict[str, Usage], dict[str, str]]:
    lookup = lookup_in(tables)
    usages: dict[str, Usage] = {}
    unread: dict[str, str] = {}
    for name, query in queries.items():
        try:
            usages[name] = read_usage(query.statement, lookup)
        except SqlError as error:
            unread[name] = error.message
    return usages, unread


def _reads(runs: Runs, usage: Usage | None, tables: Tables) -> Iterator[str]:
    """Yield the tables of a case's plan and of its statement, and the whole that a partition belongs to."""
    for node in walk(runs.plan.root):
        if node.schema and node.relation:
            yield from _with_whole(f"{node.schema}.{node.relation}", tables)
    for reference in usage.references if usage else ():
        if reference.target != "insert":
            yield from _with_whole(tables.find(reference.schema, reference.name), tables)


def _with_whole(name: str, tables: Tables) -> Iterable[str]:
    table = tables.tables.get(name)
    return (name, table.partition_of) if table and table.partition_of else (name,)


def _writes(usage: Usage | None, runs: Runs, tables: Tables) -> Iterator[TableWrite]:
    """Yield what one call writes: the rows that reached, or would reach, the plan's operators that write, by table."""
    rows: dict[str, float] = {}
    for node in walk(runs.plan.root):
        if node.type == "ModifyTable" and node.schema and node.relation and node.children:
            below = node.children[0]
            ran = below.actual
            rows[f"{node.schema}.{node.relation}"] = ran.rows * ran.loops if ran else below.plan_rows or 1.0
    for reference in usage.references if usage else ():
        if reference.target:
            table = tables.find(reference.schema, reference.name)
            yield TableWrite(
                table=table,
                kind=WriteKind(reference.target),
                rows=rows.get(table, float(count(runs.plan).rows)),
                columns=reference.written,
                brin_ends_heap_only=tables.version < _BRIN_IS_SPARED_FROM,
            )
