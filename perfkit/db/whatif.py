"""What-if on the twin: the planner is asked under candidates that are switched on for the one question."""

from collections.abc import Mapping, Sequence

import psycopg

from perfkit.db.connect import server_errors
from perfkit.db.questions import Questions
from perfkit.indexes.whatif import PlannedCost
from perfkit.indexes.workload import WorkloadCase
from perfkit.plan.runs import Statement
from perfkit.syntax.index import IndexDefinition
from perfkit.twin.restored import MadeCandidate


class TwinWhatIf:
    """A planner that can be asked what if, as `perfkit.indexes.whatif.WhatIf`; it holds a connection to the twin.

    A question switches its candidates on and existing indexes off, within a
    transaction that is rolled back: pg_index.indisvalid is all that the planner asks before it looks at an index.
    """

    can_drop = True

    def __init__(
        self,
        connection: psycopg.Connection,
        candidates: Sequence[MadeCandidate],
        statements: Mapping[str, Statement],
    ) -> None:
        self._connection = connection
        self._candidates = {each.definition: each for each in candidates}
        self._definition_of = {name: each.definition for each in candidates for name in each.names}
        self._questions = Questions(connection, statements)

    def size_bytes(self, definition: IndexDefinition) -> int:
        """Return how large the index would be."""
        return self._candidates[definition].size_bytes

    def cost(
        self, case: WorkloadCase, configuration: frozenset[IndexDefinition], dropped: frozenset[str]
    ) -> PlannedCost:
        """Return what the case would cost with `configuration` beside what exists, but for `dropped`."""
        existing = self._questions.existing
        on = [oid for definition in configuration for oid in self._candidates[definition].oids]
        off = [existing[name] for name in dropped if name in existing]
        with server_errors():
            explain = self._questions.explain(case.id)
            # All in one message: the way there and back is a good part of what a question takes.
            parts = [b"BEGIN"]
            parts += [_switch(oids, valid=valid) for valid, oids in ((True, on), (False, off)) if oids]
            cursor = self._connection.execute(b";".join([*parts, explain, b"ROLLBACK"]))
            for _ in parts:
                cursor.nextset()
            row = cursor.fetchone()
        assert row is not None
        return self._questions.answer(row[0], self._definition_of)


def _switch(oids: Sequence[int], *, valid: bool) -> bytes:
    given = ",".join(map(str, oids))
    return f"UPDATE pg_catalog.pg_index SET indisvalid = {valid} WHERE indexrelid IN ({given})".encode()  # noqa: S608  numbers
