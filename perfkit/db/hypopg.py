"""What-if by HypoPG, on a server that has the extension: indexes that exist in this session's memory alone.

It takes an index to be without deduplication and does not know every access method, so that the twin is nearer to what
would be built. But it needs nothing that the twin needs: no snapshot, no server of the same version.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, LiteralString

import psycopg
from psycopg.sql import SQL, Identifier, Literal

from perfkit.db import sql
from perfkit.db.connect import require_own_session, server_errors
from perfkit.db.guard import Guard, execute, guarded
from perfkit.db.questions import Questions
from perfkit.errors import MeasureError
from perfkit.indexes.advise import Planner
from perfkit.indexes.whatif import PlannedCost
from perfkit.indexes.workload import WorkloadCase, table_of
from perfkit.plan.runs import Statement
from perfkit.syntax.index import IndexDefinition

_Leaves = Mapping[str, Sequence[tuple[str, str]]]
"""The partitions of each partitioned table, as (schema, name), by its qualified name."""


def hypopg_what_if(
    connection: psycopg.Connection,
    guard: Guard,
    definitions: Sequence[IndexDefinition],
    statements: Mapping[str, Statement],
) -> Planner:
    """Return a planner that asks HypoPG on this connection, which is its own from then on and cannot write.

    What HypoPG cannot do, such as GiST, is refused with its reason. Raises MeasureError when the database has no HypoPG,
    GuardError behind a pooler and as `perfkit.db.guard.guarded` does, and StatementError.
    """
    require_own_session(connection, "asking HypoPG", instead="or ask a twin")
    with guarded(connection, guard):
        installed = execute(connection, sql.load("hypopg_installed")).fetchone()
        if installed is None:
            raise MeasureError(
                "the database has no extension hypopg",
                hint="ask a twin instead, or have it made: CREATE EXTENSION hypopg",
            )
        leaves = _leaves(connection, definitions)
    with server_errors():
        limits = (guard.statement_timeout_ms, guard.lock_timeout_ms)
        with psycopg.RawCursor(connection) as cursor:
            cursor.execute(sql.load("hypopg_session"), [f"{math.ceil(limit)}ms" for limit in limits])
        hypopg = _HypoPG(connection, schema=installed[0], can_hide=installed[1])
        sizes, refused = hypopg.sized(definitions, leaves)
        questions = Questions(connection, statements)
    return Planner(what_if=HypoWhatIf(hypopg, questions, sizes, leaves), refused=refused)


class HypoWhatIf:
    """A planner that can be asked what if, as `perfkit.indexes.whatif.WhatIf`.

    Each question makes its indexes anew: HypoPG forgets them when a table is analyzed, and numbers them from the start.
    """

    def __init__(
        self, hypopg: "_HypoPG", questions: Questions, sizes: Mapping[IndexDefinition, int], leaves: _Leaves
    ) -> None:
        self._hypopg = hypopg
        self._questions = questions
        self._sizes = sizes
        self._leaves = leaves
        self.can_drop = hypopg.can_hide

    def size_bytes(self, definition: IndexDefinition) -> int:
        """Return how large the index would be."""
        return self._sizes[definition]

    def cost(
        self, case: WorkloadCase, configuration: frozenset[IndexDefinition], dropped: frozenset[str]
    ) -> PlannedCost:
        """Return what the case would cost with `configuration` beside what exists, but for `dropped`."""
        on = sorted(configuration, key=IndexDefinition.create)
        made = [(each, text) for each in on for text in _statements(each, self._leaves)]
        off = [self._questions.existing[name] for name in dropped if name in self._questions.existing]
        with server_errors():
            explain = self._questions.explain(case.id)
            names, row = self._hypopg.asked([text for _, text in made], off, explain)
        definition_of = {name: each for name, (each, _) in zip(names, made, strict=True)}
        return self._questions.answer(row[0], definition_of)


class _HypoPG:
    """The extension's functions, in the schema that it is installed in."""

    def __init__(self, connection: psycopg.Connection, *, schema: str, can_hide: bool) -> None:
        self._connection = connection
        self._schema = Identifier(schema)
        self.can_hide = can_hide

    def sized(
        self, definitions: Iterable[IndexDefinition], leaves: _Leaves
    ) -> tuple[dict[IndexDefinition, int], dict[IndexDefinition, str]]:
        """Return the bytes of each index that can be made, and why others cannot."""
        sizes: dict[IndexDefinition, int] = {}
        refused: dict[IndexDefinition, str] = {}
        for definition in definitions:
            try:
                sizes[definition] = sum(map(self._size_bytes, _statements(definition, leaves)))
            except (psycopg.ProgrammingError, psycopg.InternalError) as error:
                refused[definition] = " ".join(str(error.diag.message_primary or error).split())
        return sizes, refused

    def asked(
        self, statements: Sequence[str], hidden: Sequence[int], explain: bytes
    ) -> tuple[list[str], tuple[Any, ...]]:
        """Return what the statements' indexes are called, in their order, and the row that EXPLAIN gives with them."""
        with self._connection.pipeline():
            self._run("SELECT {schema}.hypopg_reset()")
            if self.can_hide:
                self._run("SELECT {schema}.hypopg_unhide_all_indexes()")
                self._run(
                    "SELECT {schema}.hypopg_hide_index(index) FROM unnest({given}::oid[]) AS index",
                    Literal(list(hidden)),
                )
            made = self._run(
                "SELECT indexname FROM unnest({given}::text[]) WITH ORDINALITY AS given (statement, place),"
                " LATERAL {schema}.hypopg_create_index(statement) ORDER BY place",
                Literal(list(statements)),
            )
            found = execute(self._connection, explain)
        row = found.fetchone()
        assert row is not None
        return [name for (name,) in made.fetchall()], row

    def _size_bytes(self, statement: str) -> int:
        self._run("SELECT {schema}.hypopg_reset()")
        made = self._run(
            "SELECT {schema}.hypopg_relation_size(indexrelid) FROM {schema}.hypopg_create_index({given})",
            Literal(statement),
        )
        (size_bytes,) = made.fetchall()[0]
        return int(size_bytes)

    def _run(self, query: LiteralString, given: Literal | None = None) -> psycopg.Cursor:
        return execute(self._connection, SQL(query).format(schema=self._schema, given=given or SQL("")))


def _leaves(connection: psycopg.Connection, definitions: Sequence[IndexDefinition]) -> _Leaves:
    """Return the partitions of those tables that are partitioned."""
    tables = sorted({(each.schema, each.table) for each in definitions})
    with psycopg.RawCursor(connection) as cursor:
        columns = [[schema for schema, _ in tables], [name for _, name in tables]]
        found = cursor.execute(sql.load("hypopg_leaves"), columns).fetchall()
    leaves: dict[str, list[tuple[str, str]]] = {}
    for schema, name, leaf_schema, leaf_name in found:
        leaves.setdefault(f"{schema}.{name}", []).append((leaf_schema, leaf_name))
    return leaves


def _statements(definition: IndexDefinition, leaves: _Leaves) -> list[str]:
    """Return what makes the index: HypoPG has none of a partitioned table, but one of each partition."""
    places = leaves.get(table_of(definition), [(definition.schema, definition.table)])
    return [replace(definition, schema=schema, table=name).create() for schema, name in places]
