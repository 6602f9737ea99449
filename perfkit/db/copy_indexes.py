"""Indexes built and dropped on a copy of a database, which nobody else uses."""

from dataclasses import dataclass, field

from psycopg.sql import SQL, Identifier

from perfkit.db.connect import connected, server_errors
from perfkit.syntax.index import IndexDefinition

_SESSION = ("SET default_transaction_read_only = off", "SET statement_timeout = 0")
_PARTS = "SELECT relname::text FROM pg_partition_tree(%s::regclass) JOIN pg_class ON pg_class.oid = relid"


@dataclass(slots=True, kw_only=True)
class CopyIndexes:
    """The indexes that were built on the copy at `dsn`, by definition; see perfkit.indexes.verify.Copy."""

    dsn: str
    _names: dict[IndexDefinition, Identifier] = field(default_factory=dict)

    def create(self, definition: IndexDefinition) -> frozenset[str]:
        """Build an index, and analyze its table where it has expressions; raises StatementError."""
        name = f"perfkit_verify_{len(self._names)}"
        qualified = Identifier(definition.schema, name)
        with connected(self.dsn) as connection, server_errors():
            for setting in _SESSION:
                connection.execute(setting)
            connection.execute(definition.create(name).encode())
            if any(key.is_expression for key in definition.keys):
                connection.execute(SQL("ANALYZE {}").format(Identifier(definition.schema, definition.table)))
            parts = connection.execute(_PARTS, [qualified.as_string(connection)]).fetchall()
        self._names[definition] = qualified
        return frozenset({name, *(part for (part,) in parts)})

    def drop(self, definition: IndexDefinition) -> None:
        """Drop an index that was built; raises StatementError."""
        with connected(self.dsn) as connection, server_errors():
            for setting in _SESSION:
                connection.execute(setting)
            connection.execute(SQL("DROP INDEX {}").format(self._names[definition]))

    def run(self, statements: tuple[str, ...]) -> None:
        """Run what must be there before the indexes, such as CREATE EXTENSION; raises StatementError."""
        with connected(self.dsn) as connection, server_errors():
            for statement in (*_SESSION, *statements):
                connection.execute(statement.encode())
