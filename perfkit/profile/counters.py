"""Counters: what the server counted over the window, statement by statement and of its reads and writes."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import TypeVar

from perfkit.profile.statements import Name


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """Counters that could not be read: why, and what helps."""

    reason: str
    fix: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementCounts:
    """What pg_stat_statements counts of a statement; blocks are of 8 kB, as the server was built."""

    calls: float = 0
    exec_ms: float = 0
    plan_ms: float = 0
    rows: float = 0
    blocks_hit: float = 0
    blocks_read: float = 0
    blocks_dirtied: float = 0
    blocks_written: float = 0
    temp_blocks: float = 0
    wal_bytes: float = 0

    @property
    def total_ms(self) -> float:
        """Return planning and execution together."""
        return self.exec_ms + self.plan_ms

    @property
    def mean_ms(self) -> float:
        """Return what a call took on average."""
        return self.total_ms / self.calls if self.calls else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class IoCounts:
    """What pg_stat_io counts of one kind of process, object and context; times are 0 where track_io_timing is off."""

    reads: float = 0
    read_bytes: float = 0
    read_ms: float = 0
    writes: float = 0
    write_bytes: float = 0
    write_ms: float = 0
    extends: float = 0
    extend_bytes: float = 0
    hits: float = 0
    evictions: float = 0
    fsyncs: float = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseCounts:
    """What the server counts of the database that perfkit is connected to, and the WAL of the whole server."""

    commits: float = 0
    rollbacks: float = 0
    blocks_hit: float = 0
    blocks_read: float = 0
    temp_bytes: float = 0
    deadlocks: float = 0
    wal_bytes: float = 0


StatementKey = tuple[int, bool]
"""A query id (0 for what is hidden), and whether it is in the database that perfkit is connected to."""
IoKey = tuple[str, str, str]
"""A kind of process, an object, a context."""
_Counts = TypeVar("_Counts", StatementCounts, IoCounts, DatabaseCounts)
_Key = TypeVar("_Key", StatementKey, IoKey)


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """Counters at one moment; each has when it was reset last, None when never. `evicted` is how often statements were."""

    statements: Mapping[StatementKey, StatementCounts] | Missing
    statements_reset: datetime | None = None
    evicted: int = 0
    io: Mapping[IoKey, IoCounts] | Missing
    io_reset: datetime | None = None
    database: DatabaseCounts | Missing
    database_reset: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """What was counted between two moments; `notes` say what makes it incomplete."""

    statements: Mapping[StatementKey, StatementCounts] | Missing
    io: Mapping[IoKey, IoCounts] | Missing
    database: DatabaseCounts | Missing
    notes: tuple[str, ...] = ()


def difference(before: Counted, after: Counted, *, own_rollbacks: int = 0) -> Difference:
    """Return what was counted in between; what was reset meanwhile counts from its reset on, and a note says so.

    `own_rollbacks` are perfkit's own transactions, which all end so.
    """
    notes = []
    for what, first, last in (
        ("pg_stat_statements", before.statements_reset, after.statements_reset),
        ("pg_stat_io", before.io_reset, after.io_reset),
        ("the database's statistics", before.database_reset, after.database_reset),
    ):
        if last and first != last:
            notes.append(f"{what}: reset within the window; counters hold what came after it")
    if after.evicted > before.evicted:
        notes.append(
            "pg_stat_statements: full, statements were thrown out within the window and counters miss them;"
            " raise pg_stat_statements.max"
        )
    return Difference(
        statements=_by_key(before.statements, after.statements),
        io=_by_key(before.io, after.io),
        database=_one(before.database, after.database, own_rollbacks),
        notes=tuple(notes),
    )


def _by_key(
    before: Mapping[_Key, _Counts] | Missing, after: Mapping[_Key, _Counts] | Missing
) -> Mapping[_Key, _Counts] | Missing:
    if isinstance(before, Missing):
        return before
    if isinstance(after, Missing):
        return after
    changed = {
        key: minus(counts, before[key]) if key in before else counts
        for key, counts in after.items()
        if counts != before.get(key)
    }
    return {key: counts for key, counts in changed.items() if any(_values(counts))}


def _one(
    before: DatabaseCounts | Missing, after: DatabaseCounts | Missing, own_rollbacks: int
) -> DatabaseCounts | Missing:
    if isinstance(before, Missing):
        return before
    if isinstance(after, Missing):
        return after
    counts = minus(after, before)
    return replace(counts, rollbacks=max(0.0, counts.rollbacks - own_rollbacks))


def minus(after: _Counts, before: _Counts) -> _Counts:
    """Return what was added; counters that went back began again, and hold what was counted since."""
    pairs = list(zip(_values(after), _values(before), strict=True))
    if any(last < first for last, first in pairs):
        return after
    names = (each.name for each in fields(after))
    return type(after)(**{name: last - first for name, (last, first) in zip(names, pairs, strict=True)})


def plus(one: _Counts, other: _Counts) -> _Counts:
    """Return both together."""
    names = (each.name for each in fields(one))
    sums = (a + b for a, b in zip(_values(one), _values(other), strict=True))
    return type(one)(**dict(zip(names, sums, strict=True)))


def _values(counts: _Counts) -> list[float]:
    return [getattr(counts, each.name) for each in fields(counts)]


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedCounts:
    """What was counted of a statement by its name, and its share of the time of all."""

    name: Name
    counts: StatementCounts
    share: float
