"""Tables and indexes as an apply must know them, read from the server's catalogs."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg.rows import dict_row

from perfkit.apply.changes import Creation
from perfkit.apply.state import Index, Name, Table, Wanted, read_definition
from perfkit.db import sql
from perfkit.db.connect import server_errors
from perfkit.errors import GuardError, StatementError, UsageError
from perfkit.names import quote_name

_NO_RIGHT = "42501"
# Syntax and names, and what the server cannot do: the file's fault, not the server's.
_OF_THE_FILE = ("42", "0A", "22")


@dataclass(slots=True)
class IndexCatalog:
    """What a server says of its tables and indexes; a schema of '' means the search path."""

    connection: psycopg.Connection

    def tables(self, schema: str, name: str) -> tuple[Table, ...]:
        """Return a table and all partitions below it, parents first; empty when there is none."""
        oid = self._oid(schema, name)
        with self._reading():
            rows = rows_of(self.connection, "ddl_tables", [oid])
            indexes = self._indexes([row["oid"] for row in rows], [])
        return tuple(_table(row, indexes) for row in rows)

    def index(self, schema: str, name: str) -> Index | None:
        """Return the index of that name, None when there is none."""
        oid = self._oid(schema, name)
        with self._reading():
            return next(iter(self._indexes([], [oid])), None)

    def is_taken(self, name: Name) -> bool:
        """Tell whether a relation has that name."""
        return self._oid(name.schema, name.name) != 0

    def is_partition(self, table: Name, whole: Name) -> bool:
        """Tell whether a table is a partition of another one, right below it and not being detached."""
        oids = [self._oid(table.schema, table.name), self._oid(whole.schema, whole.name)]
        return bool(rows_of(self.connection, "ddl_partition", oids))

    def wanted(self, creation: Creation, table: Name) -> Wanted:
        """Return a definition as the server reads it, of an index on an empty copy of the table that is not kept.

        Raises UsageError where the definition is wrong, with what the server says of it.
        """
        unique = "UNIQUE " if creation.unique else ""
        shadow = f"pg_temp.{quote_name(table.name)}"  # of the same name, by which an expression may call its columns
        try:
            with server_errors(), self.connection.transaction(force_rollback=True):
                for statement in (
                    "SET TRANSACTION READ WRITE",
                    "SET LOCAL lock_timeout = '1s'",
                    "SET LOCAL temp_tablespaces = ''",  # else its index has one that the file does not name
                    f"CREATE TABLE {shadow} (LIKE {table.sql})",
                    f"CREATE {unique}INDEX ON {shadow} {creation.definition}",
                ):
                    self.connection.execute(statement.encode())
                oids = [self._oid("pg_temp", table.name), self._oid(table.schema, table.name)]
                self.connection.execute("SET LOCAL search_path = pg_catalog")
                (row,) = rows_of(self.connection, "ddl_wanted", oids)
        except StatementError as error:
            if error.sqlstate == _NO_RIGHT:
                hint = (
                    "the role needs SELECT on the table, and TEMPORARY on the database to try the definition"
                )
                raise GuardError(f"{creation.place}: {error.message}", hint=error.hint or hint) from None
            if error.sqlstate.startswith(_OF_THE_FILE):
                raise UsageError(f"{creation.place}: {error.message}", hint=error.hint) from None
            raise
        return Wanted(
            **row | {"columns": tuple(row["columns"]), "definition": read_definition(row.pop("statement"))}
        )

    def _indexes(self, tables: Sequence[int], oids: Sequence[int]) -> tuple[Index, ...]:
        return tuple(_index(row) for row in rows_of(self.connection, "ddl_indexes", [tables, oids]))

    def _oid(self, schema: str, name: str) -> int:
        """Return the oid of a relation, 0 when there is none; '' looks along the search path."""
        written = f"{quote_name(schema)}.{quote_name(name)}" if schema else quote_name(name)
        with server_errors():
            ((oid,),) = self.connection.execute(
                "SELECT coalesce(pg_catalog.to_regclass(%s)::oid, 0)", [written]
            ).fetchall()
        return int(oid)

    @contextmanager
    def _reading(self) -> Iterator[None]:
        """Hold a transaction in which definitions name their schemas, whatever the search path is."""
        with server_errors(), self.connection.transaction():
            self.connection.execute("SET TRANSACTION READ ONLY")
            self.connection.execute("SET LOCAL search_path = pg_catalog")
            yield


def rows_of(connection: psycopg.Connection, name: str, values: Sequence[object] = ()) -> list[dict[str, Any]]:
    """Return the rows of the query in the file `name`.sql by their columns' names; raises StatementError."""
    with server_errors(), psycopg.RawCursor(connection, row_factory=dict_row) as cursor:
        return cursor.execute(sql.load(name), values).fetchall()


def _table(row: dict[str, Any], indexes: Sequence[Index]) -> Table:
    del row["oid"]
    name, parent = _name(row, ""), _parent(row)
    own = tuple(index for index in indexes if index.table == name)
    return Table(name=name, parent=parent, indexes=own, **row)


def _index(row: dict[str, Any]) -> Index:
    name, table, parent = _name(row, ""), _name(row, "table_"), _parent(row)
    definition = read_definition(row.pop("statement"))
    further = tuple(row.pop("further"))
    return Index(name=name, table=table, parent=parent, definition=definition, further=further, **row)


def _name(row: dict[str, Any], prefix: str) -> Name:
    """Take the name with this prefix out of the row."""
    return Name(row.pop(f"{prefix}schema"), row.pop(f"{prefix}name"))


def _parent(row: dict[str, Any]) -> Name | None:
    parent = _name(row, "parent_")
    return parent if parent.name else None
