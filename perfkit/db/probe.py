"""Probe: what a b-tree tells of itself by ordinary queries, its height and the ends of its first key.

The planner charges 50 cpu_operator_costs for each level that a scan descends, and one for each comparison (btcostestimate
in selfuncs.c), at most 40 of these: with a cpu_operator_cost of 1 the startup cost of a scan tells the height.
The ends are what get_actual_variable_range would look up in the index.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg

# A row at the end of an index may lie behind many dead ones.
_STATEMENT_TIMEOUT = b"SET LOCAL statement_timeout = '1s'"
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
_DESCENDING, _NULLS_FIRST = 1, 2
_BATCH = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """A b-tree to be asked: names and `keys` as SQL, a key's option 1 for descending plus 2 for nulls first.

    Its ends are asked for when they `may_tell_ends` and it has no predicate, as only such are looked up.
    """

    oid: int
    index: str
    table: str
    keys: tuple[str, ...]
    options: tuple[int, ...]
    predicate: str
    may_tell_ends: bool

    @property
    def plan(self) -> str:
        """Return the statement whose plan descends the whole index once."""
        order = ", ".join(map(_ordered, self.keys, self.options))
        where = f" WHERE {self.predicate}" if self.predicate else ""
        return f"EXPLAIN (FORMAT JSON) SELECT FROM {self.table}{where} ORDER BY {order}"

    @property
    def ends(self) -> str:
        """Return the statement that reads the lowest and the highest value of the first key, as text."""
        key = self.keys[0]
        values = f"SELECT ({key})::text FROM {self.table} WHERE {key} IS NOT NULL ORDER BY {key}"  # noqa: S608  as above
        return f"SELECT ({values} LIMIT 1), ({values} DESC LIMIT 1)"


def _ordered(key: str, option: int) -> str:
    direction = "DESC" if option & _DESCENDING else "ASC"
    return f"{key} {direction} NULLS {'FIRST' if option & _NULLS_FIRST else 'LAST'}"


def probe_indexes(connection: psycopg.Connection, probes: Sequence[Probe]) -> dict[int, dict[str, Any]]:
    """Return height, lowest and highest of each index by its OID, as far as they can be told.

    The connection is in a transaction, whose settings are changed from here on.
    """
    found: dict[int, dict[str, Any]] = {probe.oid: {} for probe in probes}
    connection.execute(_STATEMENT_TIMEOUT)
    whole = [probe for probe in probes if probe.may_tell_ends and not probe.predicate]
    for probe, row in _ask(connection, whole, [probe.ends for probe in whole]):
        found[probe.oid] |= {"lowest": row[0], "highest": row[1]}
    with _set(connection, _PLAN_SETTINGS):
        for probe, row in _ask(connection, probes, [probe.plan for probe in probes]):
            node = row[0][0]["Plan"]
            if node.get("Index Name") == probe.index:
                found[probe.oid]["height"] = int(node["Startup Cost"] // _LEVEL_COST) - 1
    return found


@contextmanager
def _set(connection: psycopg.Connection, settings: Sequence[bytes]) -> Iterator[None]:
    connection.execute("SAVEPOINT settings")
    for setting in settings:
        connection.execute(setting)
    yield
    connection.execute("ROLLBACK TO SAVEPOINT settings")


def _ask(
    connection: psycopg.Connection, probes: Sequence[Probe], statements: Sequence[str]
) -> Iterator[tuple[Probe, Any]]:
    """Yield the row that each statement gives; one that fails, or takes too long, gives none.

    A hundred go at once, so that a far server is not waited for ten thousand times.
    """
    asked = list(zip(probes, statements, strict=True))
    for start in range(0, len(asked), _BATCH):
        batch = asked[start : start + _BATCH]
        try:
            with connection.transaction(), connection.pipeline():
                cursors = [connection.execute(statement.encode()) for _, statement in batch]
                rows = [cursor.fetchone() for cursor in cursors]
        except psycopg.Error:
            rows = [_alone(connection, statement) for _, statement in batch]
        yield from ((probe, row) for (probe, _), row in zip(batch, rows, strict=True) if row)


def _alone(connection: psycopg.Connection, statement: str) -> Any:
    try:
        with connection.transaction():
            return connection.execute(statement.encode()).fetchone()
    except psycopg.Error:
        return None
