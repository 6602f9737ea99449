"""Questions to a planner: statements prepared once and planned as often as it is asked, and the indexes in their plans."""

import json
from collections import Counter
from collections.abc import Mapping
from functools import partial
from typing import Any

import psycopg
from psycopg.errors import error_from_result
from psycopg.pq import ExecStatus
from psycopg.sql import SQL, Identifier, Literal

from perfkit.db import sql
from perfkit.db.explain import server_types
from perfkit.db.guard import execute
from perfkit.indexes.walks import Node, WalkedIndex, unseen_cost
from perfkit.indexes.whatif import PlannedCost
from perfkit.plan.runs import Statement
from perfkit.syntax.index import IndexDefinition

_Named = tuple[str | None, str]


class Questions:
    """The statements of cases on one connection, each planned anew with its case's values whenever it is asked.

    `existing` has the OID of every index by its qualified name (schema.name, unquoted).
    """

    def __init__(self, connection: psycopg.Connection, statements: Mapping[str, Statement]) -> None:
        self._connection = connection
        self._statements = statements
        self._explains: dict[str, bytes] = {}
        self._seen: dict[str, frozenset[int]] = {}
        self._keys: dict[int, WalkedIndex] = {}
        found = connection.execute(sql.load("index_names")).fetchall()
        self.existing: dict[str, int] = {f"{schema}.{name}": oid for oid, schema, name in found}
        self._qualified = {name: f"{schema}.{name}" for _, schema, name in found}
        # Only then must a plan tell schemas, which makes it write all its output too.
        repeats = Counter(name for _, _, name in found).most_common(1)
        self._options = "VERBOSE, FORMAT JSON" if repeats and repeats[0][1] > 1 else "FORMAT JSON"
        connection.execute("SET plan_cache_mode = force_custom_plan")

    def explain(self, case_id: str) -> bytes:
        """Return the EXPLAIN of a case's statement, which is prepared when it is first asked for; may raise psycopg.Error."""
        if case_id not in self._explains:
            self._explains[case_id] = self._prepared(self._statements[case_id], f"case {len(self._explains)}")
        return self._explains[case_id]

    def seen(self, case_id: str) -> frozenset[int]:
        """Return the OIDs of the indexes, valid or not, that the planner looks at before it plans the case's statement.

        It locks them, whatever it makes of them then. May raise psycopg.Error.
        """
        if case_id not in self._seen:
            explain = self.explain(case_id)
            with self._connection.transaction(force_rollback=True):
                self._connection.execute(explain)
                found = self._connection.execute(sql.load("index_locks")).fetchall()
            self._seen[case_id] = frozenset(oid for (oid,) in found)
        return self._seen[case_id]

    def told(self, message: bytes) -> Any:
        """Return what the EXPLAIN at the end of a message gives; may raise psycopg.Error.

        It goes to libpq itself: a cursor takes as long again as reading the plan.
        """
        result = self._connection.pgconn.exec_(message)
        if result.status != ExecStatus.TUPLES_OK:
            raise error_from_result(result)
        return json.loads(result.get_value(0, 0) or b"")

    def answer(self, explained: Any, names: Mapping[str, IndexDefinition]) -> PlannedCost:
        """Return cost and indexes of what EXPLAIN gave; `names` are those of indexes that are not built."""
        root: Node = explained[0]["Plan"]
        found: list[_Named] = []
        limits: list[Node] = []
        _collect(root, None, found, limits)
        return PlannedCost(
            cost=root["Total Cost"],
            used=frozenset(names[name] for _, name in found if name in names),
            used_existing=frozenset(
                f"{schema}.{name}" if schema else self._qualified[name]
                for schema, name in found
                if name not in names
            ),
            unseen_cost=unseen_cost(limits, partial(self._walked, names)) if limits else 0.0,
        )

    def _walked(self, names: Mapping[str, IndexDefinition], scan: Node) -> WalkedIndex:
        """Return the index of a scan; one that is in no catalog has its definition's keys."""
        schema, name = scan.get("Schema"), scan["Index Name"]
        oid = self.existing.get(f"{schema}.{name}" if schema else self._qualified.get(name, ""))
        if oid is None:
            return WalkedIndex([key.text for key in names[name].keys], 0.0)
        if oid not in self._keys:
            (found,) = self._connection.execute(sql.load("index_keys"), [oid]).fetchall()
            self._keys[oid] = WalkedIndex(*found)
        return self._keys[oid]

    def _prepared(self, statement: Statement, called: str) -> bytes:
        # Without a parameter a prepared statement keeps its first plan; so one that it does not use is given.
        types = server_types(self._connection, statement.types) or ["int"]
        values = statement.values or (None,)
        name = Identifier(called)
        declared = SQL(", ").join(map(SQL, types))
        execute(self._connection, SQL("PREPARE {} ({}) AS {}").format(name, declared, SQL(statement.text)))
        explain = SQL("EXPLAIN ({}) EXECUTE {} ({})").format(
            SQL(self._options), name, SQL(", ").join(map(Literal, values))
        )
        return explain.as_bytes(self._connection)


def _collect(node: Node, schema: str | None, indexes: list[_Named], limits: list[Node]) -> None:
    """Add schema, if it is told, and name of each index, and the LIMIT nodes.

    A bitmap's index is in the schema of the table above it.
    """
    schema = node.get("Schema", schema)
    if "Index Name" in node:
        indexes.append((schema, node["Index Name"]))
    if node["Node Type"] == "Limit":
        limits.append(node)
    for child in node.get("Plans", ()):
        _collect(child, schema, indexes, limits)
