"""Indexes built and dropped on a copy of a database, which nobody else uses."""

from dataclasses import dataclass, field
from zlib import crc32

import psycopg
from psycopg.sql import SQL, Composed, Identifier

from perfkit.db.copy_session import copy_session
from perfkit.indexes.change import Change, Removal
from perfkit.syntax.index import IndexDefinition

_PARTS = "SELECT relname::text FROM pg_partition_tree(%s::regclass) JOIN pg_class ON pg_class.oid = relid"
_DEFINITION = "SELECT pg_get_indexdef(%s::regclass)"


@dataclass(slots=True, kw_only=True)
class CopyIndexes:
    """The indexes that were built and dropped on the copy at `dsn`; see perfkit.indexes.verify.Copy."""

    dsn: str
    _back: dict[Change, SQL | Composed] = field(default_factory=dict)

    def make(self, change: Change) -> frozenset[str]:
        """Build an index, and analyze its table where it has expressions, or drop one; raises StatementError."""
        with copy_session(self.dsn) as connection:
            if isinstance(change, Removal):
                return self._drop(connection, change)
            return self._build(connection, change)

    def take_back(self, change: Change) -> None:
        """Drop what was built, build what was dropped; raises StatementError."""
        with copy_session(self.dsn) as connection:
            connection.execute(self._back[change])

    def run(self, statements: tuple[str, ...]) -> None:
        """Run what must be there before the indexes, such as CREATE EXTENSION; raises StatementError."""
        with copy_session(self.dsn) as connection:
            for statement in statements:
                connection.execute(statement.encode())

    def _build(self, connection: psycopg.Connection, definition: IndexDefinition) -> frozenset[str]:
        # The same index has the same name each time, so that what was learned of plans with it stays true.
        name = f"perfkit_verify_{crc32(definition.create().encode()):08x}"
        index = Identifier(definition.schema, name)
        connection.execute(definition.create(name).encode())
        self._back[definition] = SQL("DROP INDEX {}").format(index)
        if any(key.is_expression for key in definition.keys):
            connection.execute(SQL("ANALYZE {}").format(Identifier(definition.schema, definition.table)))
        return _names(connection, definition.schema, name)

    def _drop(self, connection: psycopg.Connection, removal: Removal) -> frozenset[str]:
        index = Identifier(removal.schema, removal.name)
        names = _names(connection, removal.schema, removal.name)
        ((again,),) = connection.execute(_DEFINITION, [index.as_string(connection)]).fetchall()
        # ONLY is how the server writes the index of a partitioned table, which is made of its partitions' again.
        self._back[removal] = SQL("{}").format(SQL(again.replace(" ON ONLY ", " ON ", 1)))
        connection.execute(SQL("DROP INDEX {}").format(index))
        return names


def _names(connection: psycopg.Connection, schema: str, name: str) -> frozenset[str]:
    """Return the name of an index and those of its partitions', unqualified."""
    parts = connection.execute(_PARTS, [Identifier(schema, name).as_string(connection)]).fetchall()
    return frozenset({name, *(part for (part,) in parts)})
