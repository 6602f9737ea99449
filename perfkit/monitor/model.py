"""What the monitor knows: the newest reading of each source, and the sources' faces."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from perfkit.bench.result import BenchResult
from perfkit.bench.targets import TargetResult
from perfkit.findings import Severity
from perfkit.health.model import HealthReader, HealthState
from perfkit.measure.model import Server


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Sessions of applications in one state that wait for one kind of thing; `wait` is None unless they are active."""

    state: str
    wait: str | None
    sessions: int
    waiting_for_locks: int
    oldest_transaction_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """What the database has counted since its statistics were reset; `most` are the connections there may be."""

    commits: int
    rollbacks: int
    buffer_hits: int
    buffer_reads: int
    temp_bytes: int
    deadlocks: int
    most: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Activity:
    """What the sessions do, and what the database has counted."""

    groups: tuple[Group, ...]
    counted: Counted


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolNow:
    """Clients and servers of a connection pooler, all its pools together; `wait_s` is that of the client that waits longest."""

    active_clients: int
    waiting_clients: int
    active_servers: int
    idle_servers: int
    wait_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheNow:
    """What a cache holds and has answered since it was started; `limit_bytes` is 0 where memory is not limited."""

    used_bytes: int
    limit_bytes: int
    entries: int
    evicted: int
    hits: int
    misses: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Before:
    """What a case's baseline says: its median time and its blocks, and whether the probe's plan is none that it knows."""

    execution_s: float
    shared_blocks: int
    plan_changed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What the newest probe of a case saw; `before` is None without a baseline; `findings` counts them by severity."""

    at: datetime
    execution_s: float
    planning_s: float
    shared_blocks: int
    rows: int
    within_budget: bool
    before: Before | None
    findings: Mapping[Severity, int]


@dataclass(frozen=True, slots=True)
class CaseName:
    """The labels of a case."""

    query: str
    case: str


@dataclass(slots=True, kw_only=True)
class Board:
    """The newest readings: the worker puts whole values on it, a scrape reads them, and neither waits for the other.

    What is None or missing was not read, or cannot be read now. `lag_s` is how late the last probe began; `tried` are the
    cases that were probed at least once, with or without success; `health` maps a check's id to its state.
    """

    interval_s: float
    up: bool = False
    activity: Activity | None = None
    budgets_s: Mapping[CaseName, float] = field(default_factory=dict)
    weights: Mapping[CaseName, float] = field(default_factory=dict)
    readings: Mapping[CaseName, Reading] = field(default_factory=dict)
    targets: tuple[TargetResult, ...] = ()
    benches: tuple[BenchResult, ...] = ()
    health: Mapping[str, HealthState] = field(default_factory=dict)
    pool: PoolNow | None = None
    cache: CacheNow | None = None
    lag_s: float = 0.0
    tried: frozenset[CaseName] = frozenset()


class Database(Server, Protocol):
    """The one connection that the monitor keeps; methods raise ConnectError when it is lost, and try anew when called."""

    def activity(self) -> Activity:
        """Return what the database does now; raises MeasureError."""

    def health(self) -> HealthReader:
        """Return the reader of health queries."""

    def end(self) -> None:
        """Cancel what runs, from another thread; whatever is asked from now on raises ConnectError."""

    def close(self) -> None:
        """End the connection."""


class Pool(Protocol):
    """A connection pooler's console."""

    def now(self) -> PoolNow:
        """Return what the pooler says of its pools; raises MeasureError."""


class Cache(Protocol):
    """A cache's server."""

    def now(self) -> CacheNow:
        """Return what the cache says of itself; raises MeasureError."""
