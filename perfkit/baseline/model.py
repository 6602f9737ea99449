"""What a baseline stores of a query and its cases, and how it is taken from a measured workload."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from itertools import groupby

from perfkit import __version__
from perfkit.catalog.model import Case, Query
from perfkit.measure.model import Analysis, CaseResult
from perfkit.plan.counters import Counters
from perfkit.plan.facts import Facts, Relation
from perfkit.plan.model import Plan, walk
from perfkit.plan.runs import Runs, Session
from perfkit.plan.shape import Shape, shape_of
from perfkit.syntax.lexer import COMMENTS, TokenKind, tokenize

# A fingerprint of 8 bits is shared by one value in 256: it tells that a value was changed, but never which it was, as
# of 100,000 people 390 have the same. A longer one, however it is salted, gives a value away to who tries them all.
_FINGERPRINT_DIGITS = 2
_TIME_DECIMALS = 3  # of milliseconds: the server tells microseconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """When, how and on which server (server_version_num and its own words) a query was recorded.

    `calibration` holds the median times, in ms, of the fixed work that ran beside it.
    """

    at: datetime
    perfkit: str
    server_version: int
    server: str
    samples: int
    plan_mode: str
    calibration: Mapping[str, float] = field(default_factory=dict)

    @property
    def major(self) -> int:
        """Return the server's major version: 14 to 18."""
        return self.server_version // 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedIndex:
    """A valid index as it was; `definition` is pg_get_indexdef's text."""

    definition: str
    size_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedRelation:
    """A relation as it was: the planner's estimate of its rows (-1 when never analyzed), its size, its indexes.

    `dead_rows` is None where the server keeps no count. `columns` maps names to types, a partition's are not stored;
    `columns_without_statistics` is None where that was not recorded.
    """

    rows: int
    dead_rows: int | None
    size_bytes: int
    indexes: Mapping[str, RecordedIndex]
    columns: Mapping[str, str] = field(default_factory=dict)
    columns_without_statistics: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptedPlan:
    """Another plan that somebody looked at and found right, with what it counted and how long it took at that time.

    `relations` and `indexes` are those that it used, as they were then, `calibration` as in Recording. Each is empty
    where it was not recorded: what the plan counts is then held to the margin alone, as no growth since is known, and
    its times do not count, as the machine of then is not known.
    """

    shape: Shape
    counters: Counters
    relations: Mapping[str, RecordedRelation]
    indexes: tuple[str, ...]
    sessions: tuple[Session, ...]
    calibration: Mapping[str, float]
    reason: str
    author: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseBaseline:
    """One case as it was.

    `parameters` is a fingerprint of its values. `repeats` tells whether all runs counted the same; `heap_fetches` are
    those of index-only scans. `relations` (qualified) and `indexes` (by name) are those that the plan used, `functions`
    the users' functions that the statement calls, each with a digest of its definition.
    """

    parameters: str
    shape: Shape
    counters: Counters
    repeats: bool
    heap_fetches: int
    relations: tuple[str, ...]
    indexes: tuple[str, ...]
    functions: Mapping[str, str]
    sessions: tuple[Session, ...]
    accepted: tuple[AcceptedPlan, ...] = ()

    def accepted_with(self, shape: Shape) -> AcceptedPlan | None:
        """Return the accepted plan of this shape, None when there is none or it is the case's own."""
        plans = (plan for plan in self.accepted if plan.shape == shape != self.shape)
        return next(plans, None)

    @property
    def execution_ms(self) -> tuple[float, ...]:
        """Return the execution times of all sessions."""
        return tuple(time for session in self.sessions for time in session.execution_ms)


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryBaseline:
    """One query as it was: its text's hash, its cases by name, and the server and relations around them.

    `weight` is in calls per minute; `parameter_types` as declared; `relations` by qualified name.
    """

    query: str
    sql_sha256: str
    parameter_types: tuple[str, ...]
    weight: float
    recorded: Recording
    settings: Mapping[str, str]
    relations: Mapping[str, RecordedRelation]
    cases: Mapping[str, CaseBaseline]


def from_analysis(analysis: Analysis) -> tuple[QueryBaseline, ...]:
    """Return the baseline of every query of which at least one case ran; cases that did not run are left out."""
    ran = [result for result in analysis.results if result.runs]
    by_query = groupby(
        sorted(ran, key=lambda result: result.query.name), key=lambda result: result.query.name
    )
    return tuple(_query_baseline(list(results), analysis) for _, results in by_query)


def accepted_plan(runs: Runs, analysis: Analysis, *, reason: str, author: str) -> AcceptedPlan:
    """Return the plan of the runs, accepted as it was in the analysis that they are of."""
    return AcceptedPlan(
        shape=shape_of(runs.plan),
        counters=runs.counters,
        relations=_recorded_relations(relations_of(runs.plan), analysis.facts),
        indexes=_indexes_of(runs.plan),
        sessions=tuple(map(_recorded_session, runs.sessions)),
        calibration=_recorded_calibration(analysis),
        reason=reason,
        author=author,
        at=analysis.measured_at,
    )


def sql_sha256(statement: str) -> str:
    """Return the hash of a statement's tokens, so that layout and comments do not count; literals do, to the letter."""
    tokens = (
        statement[token.start : token.end]
        for token in tokenize(statement)
        if token.kind not in (*COMMENTS, TokenKind.SEMICOLON)
    )
    return sha256(" ".join(tokens).encode()).hexdigest()


def fingerprint(case: Case) -> str:
    """Return two hex digits that nearly always (255 in 256) change when a parameter's value does."""
    values = json.dumps([case.query, sorted(case.values.items())])
    return sha256(values.encode()).hexdigest()[:_FINGERPRINT_DIGITS]


def parameter_types(query: Query) -> tuple[str, ...]:
    """Return the types of a query's parameters, in the order of `$n`."""
    return tuple(param.type for param in query.params)


def heap_fetches(plan: Plan) -> int:
    """Return how often index-only scans had to visit the table, as their pages were not marked all-visible."""
    return round(sum(node.number("Heap Fetches") for node in walk(plan.root)))


def relations_of(plan: Plan) -> tuple[str, ...]:
    """Return the qualified names of the relations in a plan, sorted."""
    return _names(
        f"{node.schema}.{node.relation}" for node in walk(plan.root) if node.schema and node.relation
    )


def _query_baseline(results: list[CaseResult], analysis: Analysis) -> QueryBaseline:
    query = results[0].query
    cases = {result.case.name: _case_baseline(result.case, result.runs) for result in results if result.runs}
    names = _names(name for case in cases.values() for name in case.relations)
    return QueryBaseline(
        query=query.name,
        sql_sha256=sql_sha256(query.statement),
        parameter_types=parameter_types(query),
        weight=query.weight,
        recorded=_recording(analysis),
        settings=dict(analysis.facts.settings),
        relations=_recorded_relations(names, analysis.facts),
        cases=cases,
    )


def _recording(analysis: Analysis) -> Recording:
    return Recording(
        at=_to_the_second(analysis.measured_at),
        perfkit=__version__,
        server_version=analysis.facts.version,
        server=analysis.facts.version_text,
        samples=analysis.samples,
        plan_mode=analysis.plan_mode,
        calibration=_recorded_calibration(analysis),
    )


def _recorded_calibration(analysis: Analysis) -> dict[str, float]:
    return {name: round(time, _TIME_DECIMALS) for name, time in analysis.calibration.items()}


def _case_baseline(case: Case, runs: Runs) -> CaseBaseline:
    return CaseBaseline(
        parameters=fingerprint(case),
        shape=shape_of(runs.plan),
        counters=runs.counters,
        repeats=runs.counters_repeat,
        heap_fetches=heap_fetches(runs.plan),
        relations=relations_of(runs.plan),
        indexes=_indexes_of(runs.plan),
        functions=dict(runs.functions),
        sessions=tuple(map(_recorded_session, runs.sessions)),
    )


def _indexes_of(plan: Plan) -> tuple[str, ...]:
    return _names(node.index for node in walk(plan.root) if node.index)


def _recorded_session(session: Session) -> Session:
    """Return a session as it is stored: to the second, its times to the microsecond."""
    return Session(
        at=_to_the_second(session.at),
        execution_ms=_rounded(session.execution_ms),
        planning_ms=_rounded(session.planning_ms),
    )


def _recorded_relations(names: Iterable[str], facts: Facts) -> dict[str, RecordedRelation]:
    return {name: _recorded_relation(facts.relations[name]) for name in names if name in facts.relations}


def _recorded_relation(relation: Relation) -> RecordedRelation:
    return RecordedRelation(
        rows=round(relation.rows),
        dead_rows=relation.dead_rows,
        size_bytes=relation.size_bytes,
        indexes={
            index.name: RecordedIndex(definition=index.definition, size_bytes=index.size_bytes)
            for index in relation.indexes
            if index.valid
        },
        columns={} if relation.partition_of else dict(relation.columns),
        columns_without_statistics=relation.columns_without_statistics,
    )


def _names(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(set(names)))


def _rounded(times_ms: Iterable[float]) -> tuple[float, ...]:
    return tuple(round(time, _TIME_DECIMALS) for time in times_ms)


def _to_the_second(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(microsecond=0)
