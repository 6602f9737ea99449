"""Two databases alike, one with real indexes: what each case takes on both, in turns, so that noise falls on both alike."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import psycopg

from perfkit.baseline.thresholds import THRESHOLDS
from perfkit.baseline.timing import Timing, paired_timing
from perfkit.catalog.workload import WeightedCase
from perfkit.db.copy_indexes import CopyIndexes
from perfkit.db.server import GuardedServer
from perfkit.db.vacuum import Vacuum
from perfkit.errors import StatementError
from perfkit.indexes.change import Change
from perfkit.indexes.measured import MeasuredCase, with_plan
from perfkit.measure.model import Prepared
from perfkit.measure.run import statement_of
from perfkit.measure.session import Stopwatch
from perfkit.plan.model import Plan, walk
from perfkit.plan.runs import Session, Statement
from perfkit.plan.shape import Shape, shape_of
from perfkit.plan.tables import Tables
from perfkit.syntax.index import IndexDefinition

# What judges a pair of sides needs some pairs; a slow case says what it has to say in fewer, and one of minutes in one.
ROUNDS_MOST, ROUNDS_LEAST = 7, 3
CASE_LIMIT_MS = 2_000
PAIR_LIMIT_MS = 20_000
_CANCELED = "57014"
_SIZE = """
SELECT sum(pg_relation_size(oid)) FROM pg_class WHERE relnamespace = %s::regnamespace AND relname = ANY (%s)
"""

_Situation = tuple[str, Shape, frozenset[IndexDefinition]]


@dataclass(frozen=True, slots=True, kw_only=True)
class PairedCase:
    """A case on both sides; `timing` is None where it was not run: its plan is the same on both, so that its time is.

    `plan` is the one with the indexes, as it ran or as it was only asked for.
    """

    id: str
    weight: float
    bare_ms: float
    timing: Timing | None
    plan: Plan

    @property
    def ratio(self) -> float:
        """Return how many times as long it takes with the indexes."""
        return self.timing.ratio if self.timing else 1.0

    @property
    def slower(self) -> bool:
        """Tell whether it is clearly slower, by the words of the judge."""
        return self.timing is not None and self.timing.slower

    @property
    def writes(self) -> bool:
        return any(node.type == "ModifyTable" for node in walk(self.plan.root))

    @property
    def used(self) -> tuple[str, ...]:
        return tuple(sorted({node.index for node in walk(self.plan.root) if node.index}))

    @property
    def bare_ms_per_minute(self) -> float:
        return self.weight * self.bare_ms

    @property
    def ms_per_minute(self) -> float:
        """Return what it takes a minute with the indexes: what it took once without, times the ratio of the pairs."""
        return self.bare_ms_per_minute * self.ratio

    def as_verified(self, tables: Tables) -> MeasuredCase:
        """Return it as the verification sees it."""
        case = MeasuredCase(
            case_id=self.id,
            weight=self.weight,
            before_ms=self.bare_ms,
            after_ms=self.bare_ms * self.ratio,
            slower=self.slower,
            faster=self.timing is not None and self.timing.faster,
        )
        return with_plan(case, self.plan, tables)


@dataclass(slots=True, kw_only=True)
class Built:
    """The real indexes on the side that has them, with their sizes; a Copy of perfkit.indexes.verify."""

    copy: CopyIndexes
    sizes: dict[IndexDefinition, int] = field(default_factory=dict)
    _names: dict[IndexDefinition, frozenset[str]] = field(default_factory=dict)

    @property
    def definitions(self) -> frozenset[IndexDefinition]:
        return frozenset(self._names)

    def used_by(self, case: PairedCase) -> frozenset[IndexDefinition]:
        """Return the indexes that a case's plan uses."""
        return frozenset(each for each, names in self._names.items() if names & set(case.used))

    def make(self, change: Change) -> frozenset[str]:
        """Build an index."""
        assert isinstance(change, IndexDefinition)
        self._names[change] = names = self.copy.make(change)
        with psycopg.connect(self.copy.dsn) as connection:
            ((size_bytes,),) = connection.execute(_SIZE, [change.schema, list(names)]).fetchall()
        self.sizes[change] = int(size_bytes)
        return names

    def take_back(self, change: Change) -> None:
        """Drop an index that was built."""
        assert isinstance(change, IndexDefinition)
        self.copy.take_back(change)
        del self._names[change]

    def drop_all(self) -> None:
        """Drop all that is built."""
        for definition in self.definitions:
            self.take_back(definition)


@dataclass(slots=True, kw_only=True)
class IndexedPair:
    """The cases on a bare side and on one with indexes; `bare_ms` are their times as they were measured first.

    A case is not run again while its plan, and the indexes that it uses or must keep, are what they were.
    """

    bare: GuardedServer
    indexed: GuardedServer
    built: Built
    cases: Sequence[WeightedCase]
    bare_ms: Mapping[str, float]
    chance: random.Random
    _vacuums: tuple[Vacuum, ...] = field(init=False)
    _shapes: dict[str, Shape] = field(default_factory=dict)
    _known: dict[_Situation, PairedCase] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._vacuums = tuple(Vacuum(dsn=side.dsn) for side in (self.bare, self.indexed))

    def measure(self) -> tuple[PairedCase, ...]:
        """Return each case that ran bare, as it is with the indexes that are built."""
        found = tuple(self._measure(each) for each in self.cases if each.case.id in self.bare_ms)
        self.tidy()
        return found

    def tidy(self) -> None:
        """Take away what the writes left on both sides."""
        for vacuum in self._vacuums:
            vacuum()

    def _measure(self, weighted: WeightedCase) -> PairedCase:
        case_id, statement = weighted.case.id, statement_of(weighted.query, weighted.case)
        if case_id not in self._shapes:
            self._shapes[case_id] = shape_of(self.bare.plan(statement))
        planned = PairedCase(
            id=case_id,
            weight=weighted.weight,
            bare_ms=self.bare_ms[case_id],
            timing=None,
            plan=self.indexed.plan(statement),
        )
        shape, used = shape_of(planned.plan), self.built.used_by(planned)
        if shape == self._shapes[case_id] and not used and not statement.writes:
            return planned
        # A write must keep every index of its table, whatever its plan is.
        situation = (case_id, shape, self.built.definitions if statement.writes else used)
        if situation not in self._known:
            self._known[situation] = self._run(planned, statement)
        return self._known[situation]

    def _run(self, case: PairedCase, statement: Statement) -> PairedCase:
        """Return the case with the times of both sides, each pair in random order, after a pair to warm up.

        Where that pair alone takes the limit of a pair, it counts, and is all.
        """
        times: tuple[list[float], list[float]] = ([], [])
        clock, pair_clock, plan = Stopwatch(CASE_LIMIT_MS), Stopwatch(PAIR_LIMIT_MS), case.plan
        with self.bare.prepared(statement) as bare, self.indexed.prepared(statement) as indexed:
            sides = (bare, indexed)
            for turn in range(ROUNDS_MOST + 1):
                if pair_clock.is_over() or (turn > ROUNDS_LEAST and clock.is_over()):
                    break
                if turn == 1:
                    times = ([], [])
                for number in self.chance.sample((0, 1), 2):
                    ran = self._run_once(sides[number])
                    times[number].append(ran.execution_ms or 0.0 if ran else self.timeout_ms)
                    plan = ran if ran and number else plan
        timing = paired_timing(
            _sessions(times[0]), _sessions(times[1]), noise=THRESHOLDS.paired_noise, level=THRESHOLDS.paired
        )
        return replace(case, timing=timing, plan=plan)

    @property
    def timeout_ms(self) -> float:
        """Return what a run counts that took too long to be waited for."""
        return self.indexed.guard.statement_timeout_ms

    def _run_once(self, side: Prepared) -> Plan | None:
        try:
            return side.run()
        except StatementError as error:
            if error.sqlstate != _CANCELED:
                raise
            return None


def _sessions(times: Sequence[float]) -> list[Session]:
    return [Session(at=datetime.now(UTC), execution_ms=(each,), planning_ms=(0.0,)) for each in times]
