"""What-if on the twin: the planner is asked under candidates that are switched on for the one question."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import psycopg
from psycopg.sql import SQL, Composed, Identifier, Literal

from perfkit.db.connect import server_errors
from perfkit.db.explain import server_types
from perfkit.indexes.whatif import PlannedCost
from perfkit.indexes.workload import WorkloadCase
from perfkit.plan.runs import Statement
from perfkit.syntax.index import IndexDefinition
from perfkit.twin.restored import MadeCandidate

# The line ends what may be a comment at the end of a statement.
_EXPLAIN = SQL("EXPLAIN (VERBOSE, FORMAT JSON) {}\n")
_SWITCH = SQL("UPDATE pg_catalog.pg_index SET indisvalid = {} WHERE indexrelid = ANY ({}::oid[])")


class TwinWhatIf:
    """A planner that can be asked what if, as `perfkit.indexes.whatif.WhatIf`; it holds a connection to the twin.

    A question switches its candidates on and existing indexes off, within a
    transaction that is rolled back: pg_index.indisvalid is all that the planner asks before it looks at an index.
    """

    def __init__(
        self,
        connection: psycopg.Connection,
        candidates: Sequence[MadeCandidate],
        statements: Mapping[str, Statement],
    ) -> None:
        self._connection = connection
        self._candidates = {each.definition: each for each in candidates}
        self._definition_of = {name: each.definition for each in candidates for name in each.names}
        self._statements = statements
        self._commands: dict[str, Composed] = {}
        self._existing: dict[str, int] = dict(
            connection.execute(
                "SELECT relnamespace::regnamespace::text || '.' || relname, oid FROM pg_class WHERE relkind IN ('i', 'I')"
            ).fetchall()
        )
        connection.execute("SET plan_cache_mode = force_custom_plan")

    def size_bytes(self, definition: IndexDefinition) -> int:
        """Return how large the index would be."""
        return self._candidates[definition].size_bytes

    def cost(
        self, case: WorkloadCase, configuration: frozenset[IndexDefinition], dropped: frozenset[str]
    ) -> PlannedCost:
        """Return what the case would cost with `configuration` beside what exists, but for `dropped`."""
        on = [oid for definition in configuration for oid in self._candidates[definition].oids]
        off = [self._existing[name] for name in dropped if name in self._existing]
        with server_errors():
            command = self._command(case.id)
            # All in one message: the way there and back is a good part of what a question takes.
            parts: list[SQL | Composed] = [SQL("BEGIN")]
            parts += [
                _SWITCH.format(Literal(valid), Literal(oids))
                for valid, oids in ((True, on), (False, off))
                if oids
            ]
            cursor = self._connection.execute(
                SQL("; ").join([*parts, _EXPLAIN.format(command), SQL("ROLLBACK")])
            )
            for _ in parts:
                cursor.nextset()
            row = cursor.fetchone()
        assert row is not None
        (explained,) = row[0]
        root = explained["Plan"]
        found = list(_indexes(root, ""))
        return PlannedCost(
            cost=root["Total Cost"],
            used=frozenset(self._definition_of[name] for _, name in found if name in self._definition_of),
            used_existing=frozenset(
                f"{schema}.{name}" for schema, name in found if name not in self._definition_of
            ),
        )

    def _command(self, case_id: str) -> Composed:
        """Return what executes a case's statement, which is prepared when it is first asked for.

        One without parameters is planned as it is: prepared, it would keep the plan of its first question.
        """
        statement = self._statements[case_id]
        if not statement.types:
            return SQL("{}").format(SQL(statement.text))
        if case_id not in self._commands:
            name = Identifier(f"case {len(self._commands)}")
            types = server_types(self._connection, statement.types)
            declared = SQL(", ").join(map(SQL, types))
            self._connection.execute(SQL("PREPARE {} ({}) AS {}").format(name, declared, SQL(statement.text)))
            values = SQL(", ").join(map(Literal, statement.values))
            self._commands[case_id] = SQL("EXECUTE {} ({})").format(name, values)
        return self._commands[case_id]


def _indexes(node: Mapping[str, Any], schema: str) -> Iterator[tuple[str, str]]:
    """Yield schema and name of each index that a plan uses; a bitmap's index is in the schema of the table above it."""
    schema = node.get("Schema", schema)
    if "Index Name" in node:
        yield schema, node["Index Name"]
    for child in node.get("Plans", ()):
        yield from _indexes(child, schema)
