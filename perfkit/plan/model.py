"""The plan tree: what EXPLAIN said, typed; numbers are per loop, as the server gives them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

APPENDS = frozenset({"Append", "Merge Append"})
"""The nodes that read one input after the other, such as partitions."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Buffers:
    """Blocks of 8 kB that a node and all below it touched, summed over loops and workers."""

    shared_hit: int = 0
    shared_read: int = 0
    shared_dirtied: int = 0
    shared_written: int = 0
    local_hit: int = 0
    local_read: int = 0
    local_dirtied: int = 0
    local_written: int = 0
    temp_read: int = 0
    temp_written: int = 0

    @property
    def touched(self) -> int:
        """Return the shared and local blocks that were looked at, in the cache or not."""
        return self.shared_hit + self.shared_read + self.local_hit + self.local_read


@dataclass(frozen=True, slots=True, kw_only=True)
class Wal:
    """Write-ahead log that a node and all below it wrote."""

    records: int = 0
    full_page_images: int = 0
    size_bytes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Actual:
    """What a node did when it ran: averages over its loops. `loops` is 0 for a node that was never executed.

    `total_ms` and `startup_ms` are None with TIMING OFF; `rows` is fractional from PostgreSQL 18.
    """

    rows: float
    loops: float
    startup_ms: float | None = None
    total_ms: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Node:
    """One operator of a plan. Compared by identity, so that a node can be a key.

    `type` and all other words are those of EXPLAIN's JSON ("Index Scan", relationship "Outer", strategy "Hashed").
    Costs and plan rows are None with COSTS OFF; `actual` is None without ANALYZE; `buffers` and `wal` are None when
    they were not asked for. `extra` holds every key of the node that has no field here, under EXPLAIN's own name.
    """

    type: str
    relationship: str | None = None
    subplan_name: str | None = None
    parallel_aware: bool = False
    strategy: str | None = None
    partial_mode: str | None = None
    join_type: str | None = None
    operation: str | None = None
    scan_direction: str | None = None
    schema: str | None = None
    relation: str | None = None
    alias: str | None = None
    index: str | None = None
    startup_cost: float | None = None
    total_cost: float | None = None
    plan_rows: float | None = None
    plan_width: int | None = None
    actual: Actual | None = None
    buffers: Buffers | None = None
    wal: Wal | None = None
    workers_planned: int | None = None
    workers_launched: int | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)
    children: tuple["Node", ...] = field(default=(), repr=False)

    def text(self, key: str) -> str:
        """Return the text that `extra` holds under EXPLAIN's `key` ("Filter"), '' when there is none."""
        value = self.extra.get(key)
        return value if isinstance(value, str) else ""

    def texts(self, key: str) -> tuple[str, ...]:
        """Return the list of texts that `extra` holds under `key` ("Sort Key"), empty when there is none."""
        value = self.extra.get(key)
        if isinstance(value, str):
            return (value,)
        return tuple(item for item in value if isinstance(item, str)) if isinstance(value, list) else ()

    def number(self, key: str) -> float:
        """Return the number that `extra` holds under `key` ("Heap Fetches"), 0 when there is none."""
        return _number(self.extra, key)

    @property
    def processes(self) -> tuple[Mapping[str, Any], ...]:
        """Return `extra`, then the keys of each worker whose numbers stand apart from the node's."""
        workers = self.extra.get("Workers")
        entries = workers if isinstance(workers, list) else []
        return (self.extra, *(entry for entry in entries if isinstance(entry, dict)))

    def each_number(self, key: str) -> tuple[float, ...]:
        """Return the number that each of `processes` holds under `key` ("Disk Usage"), 0 where there is none."""
        return tuple(_number(process, key) for process in self.processes)

    @property
    def executed(self) -> bool:
        """Tell whether the node ran at least once."""
        return self.actual is not None and self.actual.loops > 0


def _number(keys: Mapping[str, Any], key: str) -> float:
    value = keys.get(key)
    return value if isinstance(value, int | float) else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Trigger:
    """What one trigger cost, over all its calls; `time_ms` is None with TIMING OFF."""

    name: str
    constraint: str | None
    relation: str | None
    time_ms: float | None
    calls: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Jit:
    """Just-in-time compilation: functions compiled, options (Inlining, Optimization, Expressions, Deforming), time."""

    functions: int
    options: Mapping[str, bool]
    total_ms: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Planning:
    """What planning touched; memory (kB) is only told from 17 with the MEMORY option."""

    buffers: Buffers | None
    memory_used_kb: int | None
    memory_allocated_kb: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Serialization:
    """What converting the result for the client cost, from 17 with the SERIALIZE option."""

    format: str
    time_ms: float | None
    output_kb: int
    buffers: Buffers | None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Plan:
    """One EXPLAIN output. `extra` holds the keys beside the plan that have no field here."""

    root: Node
    planning_ms: float | None = None
    execution_ms: float | None = None
    settings: Mapping[str, str] = field(default_factory=dict)
    triggers: tuple[Trigger, ...] = ()
    jit: Jit | None = None
    planning: Planning | None = None
    serialization: Serialization | None = None
    query_identifier: int | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)

    @property
    def analyzed(self) -> bool:
        """Tell whether the statement was run (EXPLAIN ANALYZE), so that there are actual numbers."""
        return self.root.actual is not None

    @property
    def timed(self) -> bool:
        """Tell whether the nodes have times (ANALYZE with TIMING ON)."""
        return self.root.actual is not None and self.root.actual.total_ms is not None


def walk(node: Node) -> Iterator[Node]:
    """Yield the node and all below it, parents first, in the order of EXPLAIN; safe for any depth."""
    pending = [node]
    while pending:
        current = pending.pop()
        yield current
        pending.extend(reversed(current.children))


def result_children(node: Node) -> tuple[Node, ...]:
    """Return the children whose rows the node reads: all but InitPlans (CTEs among them) and SubPlans."""
    return tuple(child for child in node.children if child.relationship not in {"InitPlan", "SubPlan"})
