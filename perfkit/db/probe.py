"""Probe: what an index tells of itself by ordinary queries that are planned, and by the ends of a b-tree.

The planner charges 50 cpu_operator_costs for each level of a b-tree that a scan descends, and one for each comparison
(btcostestimate in selfuncs.c), at most 40 of these: with a cpu_operator_cost of 1 the startup cost of a scan tells the
height. The ends are what get_actual_variable_range would look up in the index. For GIN see perfkit.db.gin_probe.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg

from perfkit.db.gin_probe import CPU_ONLY, GIN_CLASSES, PAGES_ONLY, GinCosts, gin_counts, gin_statements

# A row at the end of an index may lie behind many dead ones.
_TIME_LIMIT = (b"SET LOCAL statement_timeout = '1s'",)
_PLAN_SETTINGS = (
    b"SET LOCAL cpu_operator_cost = 1",
    b"SET LOCAL enable_seqscan = off",
    b"SET LOCAL enable_bitmapscan = off",
    b"SET LOCAL enable_sort = off",
    b"SET LOCAL enable_incremental_sort = off",
    b"SET LOCAL max_parallel_workers_per_gather = 0",
    b"SET LOCAL jit = off",
)
_LEVEL_COST = 50
_BATCH = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """An index to be asked: names and `keys` as SQL, and what follows them in its ORDER BY.

    The ends of a b-tree are asked for when they `may_tell_ends` and it has no predicate, as only such are looked up.
    """

    oid: int
    index: str
    table: str
    method: str
    keys: tuple[str, ...]
    orders: tuple[str, ...]
    operator_class: str
    predicate: str
    blocks: int
    rows: float
    may_tell_ends: bool

    @property
    def scan(self) -> str:
        """Return the statement whose plan descends the whole b-tree once."""
        order = ", ".join(map(" ".join, zip(self.keys, self.orders, strict=True)))
        where = f" WHERE {self.predicate}" if self.predicate else ""
        return f"EXPLAIN (FORMAT JSON) SELECT FROM {self.table}{where} ORDER BY {order}"

    @property
    def ends(self) -> str:
        """Return the statement that reads the lowest and the highest value of the first key, as text."""
        # Under its own name the text, not the key, would be what ORDER BY sorts.
        key = self.keys[0]
        values = f"SELECT ({key})::text AS value FROM {self.table} WHERE {key} IS NOT NULL ORDER BY {key}"  # noqa: S608  as above
        return f"SELECT ({values} LIMIT 1), ({values} DESC LIMIT 1)"


def probe_indexes(connection: psycopg.Connection, probes: Sequence[Probe]) -> dict[int, dict[str, Any]]:
    """Return what each index told by its OID, in the fields of RelationSize.

    The connection is in a transaction.
    """
    with _set(connection, _TIME_LIMIT):
        return _found(connection, probes)


def _found(connection: psycopg.Connection, probes: Sequence[Probe]) -> dict[int, dict[str, Any]]:
    found: dict[int, dict[str, Any]] = {probe.oid: {} for probe in probes}
    trees = [probe for probe in probes if probe.method == "btree"]
    whole = [probe for probe in trees if probe.may_tell_ends and not probe.predicate]
    for probe, row in _ask(connection, whole, [probe.ends for probe in whole]):
        found[probe.oid] |= {"lowest": row[0], "highest": row[1]}
    with _set(connection, _PLAN_SETTINGS):
        for probe, row in _ask(connection, trees, [probe.scan for probe in trees]):
            node = row[0][0]["Plan"]
            if node.get("Index Name") == probe.index:
                found[probe.oid]["height"] = int(node["Startup Cost"] // _LEVEL_COST) - 1
    for probe in probes:
        if probe.operator_class in GIN_CLASSES:
            found[probe.oid] |= _ask_gin(connection, probe)
    return found


def _ask_gin(connection: psycopg.Connection, probe: Probe) -> dict[str, Any]:
    statements = gin_statements(probe.table, probe.keys[0], probe.operator_class, probe.predicate)
    costs = []
    for settings in (PAGES_ONLY, CPU_ONLY):
        with _set(connection, settings):
            plans = [_alone(connection, statement) for statement in statements]
        costs.append([_index_cost(plan[0][0]["Plan"], probe.index) if plan else None for plan in plans])
    pages, cpu = costs
    counts = gin_counts(GinCosts(*pages), GinCosts(*cpu), blocks=probe.blocks, rows=probe.rows)
    return counts or {}


def _index_cost(node: dict[str, Any], index: str) -> float | None:
    """Return the total cost of the first scan of the index in a plan, None when the plan has none."""
    if node.get("Index Name") == index:
        return float(node["Total Cost"])
    costs = (_index_cost(child, index) for child in node.get("Plans", ()))
    return next((cost for cost in costs if cost is not None), None)


@contextmanager
def _set(connection: psycopg.Connection, settings: Sequence[bytes]) -> Iterator[None]:
    connection.execute("SAVEPOINT settings")
    for setting in settings:
        connection.execute(setting)
    yield
    connection.execute("ROLLBACK TO SAVEPOINT settings")
    connection.execute("RELEASE SAVEPOINT settings")


def _ask(
    connection: psycopg.Connection, probes: Sequence[Probe], statements: Sequence[str]
) -> Iterator[tuple[Probe, Any]]:
    """Yield the row that each statement gives; one that fails, or takes too long, gives none.

    A hundred go at once, so that a far server is not waited for ten thousand times; then they are rolled back, or the
    locks on all tables and indexes that were looked at would fill the server's table of locks.
    """
    asked = list(zip(probes, statements, strict=True))
    for start in range(0, len(asked), _BATCH):
        batch = asked[start : start + _BATCH]
        try:
            with connection.transaction(force_rollback=True), connection.pipeline():
                cursors = [connection.execute(statement.encode()) for _, statement in batch]
                rows = [cursor.fetchone() for cursor in cursors]
        except psycopg.Error:
            rows = [_alone(connection, statement) for _, statement in batch]
        yield from ((probe, row) for (probe, _), row in zip(batch, rows, strict=True) if row)


def _alone(connection: psycopg.Connection, statement: str) -> Any:
    try:
        with connection.transaction(force_rollback=True):
            return connection.execute(statement.encode()).fetchone()
    except psycopg.Error:
        return None
