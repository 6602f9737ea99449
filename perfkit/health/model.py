"""The words of health: a check, what it says of a server, and what it says that of."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

from perfkit.health.thresholds import CHECK_TIMEOUT_MS, THRESHOLDS, Limit, Thresholds
from perfkit.names import quote_name

Row = Mapping[str, Any]
Rows = Sequence[Row]
Evidence = Mapping[str, int | float | str | bool | None]


class HealthState(StrEnum):
    """How a check or an object stands; what cannot be seen is unknown, never ok."""

    OK = "ok"
    UNKNOWN = "unknown"
    WARN = "warn"
    CRIT = "crit"

    @property
    def rank(self) -> int:
        """0 for ok, 1 for unknown, 2 for warn, 3 for crit."""
        return list(HealthState).index(self)


class Scope(StrEnum):
    """What a check looks at: the database that is connected to, or every database of its server."""

    CLUSTER = "cluster"
    DATABASE = "database"


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """What checks must know of the server: the one row of health_server.sql."""

    version_num: int
    version: str
    database: str
    role: str
    in_recovery: bool
    sees_all_statistics: bool
    has_standbys: bool
    counts_rows: bool
    statistics_age_s: float

    def granting(self, role: str) -> str:
        """Return the statement that lets perfkit's role see more."""
        return f"GRANT {role} TO {quote_name(self.role)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What rows are judged by."""

    server: Server
    thresholds: Thresholds = THRESHOLDS


@dataclass(frozen=True, slots=True, kw_only=True)
class Concern:
    """One object that a check has something to say of: its name, what is told of it, its numbers, and its own fix."""

    name: str
    state: HealthState
    told: str
    evidence: Evidence = field(default_factory=dict)
    fix: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a check says: a line, the numbers behind it (units in their names), objects, worst first, and what to do."""

    state: HealthState
    summary: str
    evidence: Evidence = field(default_factory=dict)
    objects: tuple[Concern, ...] = ()
    fix: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """Checks that are told together; all of them have the same scope."""

    id: str
    scope: Scope


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthCheck:
    """A check: `query` names its SQL (db/sql/health_<query>.sql), `evaluate` judges the rows.

    One that `informs` never warns: its numbers are no one's fault. One that is `costly` runs when it is asked for.
    """

    id: str
    family: Family
    title: str
    query: str
    evaluate: Callable[[Rows, Context], Outcome]
    informs: bool = False
    costly: bool = False
    timeout_ms: float = CHECK_TIMEOUT_MS


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthResult:
    """A check with its outcome, and how long its rows took to come (0 where another check had asked for them)."""

    check: HealthCheck
    outcome: Outcome
    duration_ms: float

    @property
    def state(self) -> HealthState:
        """Return the outcome's state."""
        return self.outcome.state


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """All results, in the order of the checks."""

    server: Server
    results: tuple[HealthResult, ...]


class HealthReader(Protocol):
    """Reads the rows of a health query within a time limit; raises StatementError when the server does not give them."""

    def rows(self, query: str, timeout_ms: float) -> Rows:
        """Return the rows of db/sql/health_<query>.sql."""
        ...


def grade(value: float, limit: Limit) -> HealthState:
    """Return warn or crit for a value at or above the limit, else ok."""
    if value >= limit.crit:
        return HealthState.CRIT
    return HealthState.WARN if value >= limit.warn else HealthState.OK


def worst(states: Iterable[HealthState]) -> HealthState:
    """Return the worst of the states, ok of none."""
    return max(states, key=lambda state: state.rank, default=HealthState.OK)


def bad(objects: Iterable[Concern]) -> tuple[Concern, ...]:
    """Return the objects that are not ok, worst first, otherwise in their order."""
    return tuple(
        sorted(
            (each for each in objects if each.state is not HealthState.OK),
            key=lambda each: -each.state.rank,
        )
    )


def unknown(reason: str, fix: str = "", **evidence: float | str) -> Outcome:
    """Return the outcome of a check that could not look."""
    return Outcome(state=HealthState.UNKNOWN, summary=reason, fix=fix, evidence=evidence)
