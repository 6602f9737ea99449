"""What the monitor knows: the newest reading of each source, and the sources' faces."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from perfkit.bench.result import BenchResult
from perfkit.bench.targets import TargetResult
from perfkit.health.model import HealthReader, HealthState
from perfkit.measure.model import Server
from perfkit.monitor.cases import CaseName, CaseNow


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


@dataclass(slots=True, kw_only=True)
class Board:
    """The newest readings: the worker puts whole values on it, a scrape reads them, and neither waits for the other.

    What is None or missing was not read, or cannot be read now. `lag_s` is how late the last probe began; `health` maps a
    check's id to its state.
    """

    interval_s: float
    up: bool = False
    activity: Activity | None = None
    cases: Mapping[CaseName, CaseNow] = field(default_factory=dict)
    targets: tuple[TargetResult, ...] = ()
    benches: tuple[BenchResult, ...] = ()
    health: Mapping[str, HealthState] = field(default_factory=dict)
    pool: PoolNow | None = None
    cache: CacheNow | None = None
    lag_s: float = 0.0


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
