"""What-if on the twin: the planner is asked under candidates that are switched on for the one question."""

from collections.abc import Iterable, Mapping, Sequence

import psycopg

from perfkit.db.connect import server_errors
from perfkit.db.questions import Questions
from perfkit.indexes.whatif import PlannedCost
from perfkit.indexes.workload import WorkloadCase
from perfkit.plan.runs import Statement
from perfkit.syntax.index import IndexDefinition
from perfkit.twin.restored import MadeCandidate

# Prepared, as it takes a quarter longer when it is parsed each time.
_PREPARE = b"""
PREPARE perfkit_switch (oid[]) AS
UPDATE pg_catalog.pg_index SET indisvalid = NOT indisvalid WHERE indexrelid = ANY ($1)
"""


class TwinWhatIf:
    """A planner that can be asked what if, as `perfkit.indexes.whatif.WhatIf`; it holds a connection to the twin.

    pg_index.indisvalid is all that the planner asks before it looks at an index. What a question switches stays so
    until another one that sees the index wants it otherwise: a switch makes the server read the index anew, which takes
    longer than to plan, and one question is much like the next.
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
        # Candidates that are on and existing indexes that are off, by OID.
        self._switched: frozenset[int] = frozenset()
        with server_errors():
            connection.execute("SET synchronous_commit = off")
            connection.execute(_PREPARE)
            connection.execute(
                "UPDATE pg_catalog.pg_index SET indisvalid = false WHERE indexrelid = ANY (%s) AND indisvalid",
                [[oid for each in candidates for oid in each.oids]],
            )

    @property
    def server_pid(self) -> int:
        """Return the process of the server that plans."""
        return self._connection.info.backend_pid

    def size_bytes(self, definition: IndexDefinition) -> int:
        """Return how large the index would be."""
        return self._candidates[definition].size_bytes

    def cost(
        self, case: WorkloadCase, configuration: frozenset[IndexDefinition], dropped: frozenset[str]
    ) -> PlannedCost:
        """Return what the case would cost with `configuration` beside what exists, but for `dropped`."""
        existing = self._questions.existing
        wanted = {oid for definition in configuration for oid in self._candidates[definition].oids}
        wanted |= {existing[name] for name in dropped if name in existing}
        with server_errors():
            explain = self._questions.explain(case.id)
            change = self._switched.symmetric_difference(wanted) & self._questions.seen(case.id)
            self._switched ^= change
            # In one message: the way there and back is a good part of what a question takes.
            explained = self._questions.told(_switch(change) + explain if change else explain)
        return self._questions.answer(explained, self._definition_of)


def _switch(oids: Iterable[int]) -> bytes:
    """Return what switches the indexes, in a transaction of its own.

    Were it the question's too, the server would read them anew twice: for the question, and once more after the end.
    """
    given = ",".join(map(str, oids)).encode()
    return b"BEGIN; EXECUTE perfkit_switch ('{" + given + b"}'); COMMIT;"
