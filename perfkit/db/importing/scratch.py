"""The scratch copy of a table: the same columns, constraints, indexes, triggers and foreign keys, in a schema of its own."""

from collections.abc import Iterable

import psycopg
from psycopg.sql import SQL, Composed, Identifier

from perfkit.bench.imports.model import Part, PartKind
from perfkit.bench.imports.table import ForeignKey, ImportTable, Index
from perfkit.bench.imports.thresholds import MOST_KEYS
from perfkit.db.connect import server_errors
from perfkit.errors import MeasureError, StatementError

_NO_RIGHT = "42501"


def make_scratch(
    connection: psycopg.Connection, table: ImportTable, schema: str, *, triggers: bool
) -> tuple[str, ...]:
    """Make the schema with the copy, and return what the copy lacks, a sentence each.

    Foreign keys refer to copies of the keys that they refer to, so that nobody who works with those tables is held up.
    Raises MeasureError where the role may not make a schema, StatementError for what the server refuses.
    """
    target = Identifier(schema, table.name)
    notes: list[str] = []
    with server_errors(), connection.transaction():
        # A table that somebody changes is not waited for: whoever came after would wait too.
        connection.execute("SET LOCAL lock_timeout = '2s'")
        _make_schema(connection, schema)
        connection.execute(
            SQL("CREATE TABLE {} (LIKE {} INCLUDING ALL EXCLUDING INDEXES)").format(target, _sql(table))
        )
        _own_sequences(connection, table, schema)
        for index in table.indexes:
            connection.execute(_moved(index, table, target))
        for place, key in enumerate(table.foreign_keys, start=1):
            notes += _refer(connection, key, target, _keys(schema, place))
        if triggers:
            for trigger in table.triggers:
                connection.execute(
                    _onto(trigger.definition, f" ON {table.qualified_name} ", " ON {} ", target)
                )
        connection.execute(SQL("ANALYZE {}").format(target))
    if table.is_partitioned:
        notes.append("the table is partitioned: its copy is one table without partitions")
    if table.triggers and not triggers:
        notes.append(
            "triggers were left out: they may write to other tables (--allow-writes runs them, rolled back)"
        )
    return tuple(notes)


def without(part: Part, schema: str, table: ImportTable) -> Composed:
    """Return the statement that takes a part away from the scratch copy."""
    target = Identifier(schema, table.name)
    match part.kind:
        case PartKind.TRIGGER:
            return SQL("DROP TRIGGER {} ON {}").format(Identifier(part.name), target)
        case PartKind.INDEX:
            index = next(index for index in table.indexes if index.name == part.name)
            if index.exclusion:
                return _drop_constraint(index.exclusion, target)
            return SQL("DROP INDEX {}").format(Identifier(schema, part.name))
        case PartKind.FOREIGN_KEY:
            return _drop_constraint(part.name, target)


def is_too_large(table: ImportTable, foreign_key: str) -> bool:
    """Tell whether the copy lacks a foreign key, as too many keys would have to be copied."""
    return any(key.name == foreign_key and key.referenced_rows > MOST_KEYS for key in table.foreign_keys)


def own_keys(table: ImportTable, schema: str) -> dict[str, Identifier]:
    """Return the copies of keys that the copy's foreign keys refer to where the table's refer to itself."""
    return {
        key.name: _keys(schema, place)
        for place, key in enumerate(table.foreign_keys, start=1)
        if table.is_own(key) and not is_too_large(table, key.name)
    }


def empty(connection: psycopg.Connection, schema: str, table: ImportTable) -> None:
    """Take away what rolled-back trials left in the copy's files."""
    with server_errors():
        connection.execute(SQL("TRUNCATE {}").format(Identifier(schema, table.name)))


def _make_schema(connection: psycopg.Connection, schema: str) -> None:
    try:
        with server_errors():
            connection.execute(SQL("CREATE SCHEMA {}").format(Identifier(schema)))
    except StatementError as error:
        if error.sqlstate != _NO_RIGHT:
            raise
        raise MeasureError(
            f"the role may not make a scratch schema: {error.message}",
            hint="GRANT CREATE ON DATABASE … TO the role",
        ) from None


def _own_sequences(connection: psycopg.Connection, table: ImportTable, schema: str) -> None:
    """Let the copy draw its numbers from sequences of its own."""
    target = Identifier(schema, table.name)
    for place, column in enumerate(table.columns, start=1):
        if "nextval(" in (column.default or ""):
            sequence = f"perfkit_sequence_{place}"
            connection.execute(SQL("CREATE SEQUENCE {}").format(Identifier(schema, sequence)))
            connection.execute(
                SQL("ALTER TABLE {} ALTER COLUMN {} SET DEFAULT nextval({}::regclass)").format(
                    target, Identifier(column.name), f'"{schema}"."{sequence}"'
                )
            )


def _moved(index: Index, table: ImportTable, target: Identifier) -> Composed:
    if index.exclusion:
        definition = SQL(index.definition)
        return SQL("ALTER TABLE {} ADD CONSTRAINT {} {}").format(
            target, Identifier(index.exclusion), definition
        )
    text = index.definition.replace(
        f" ON ONLY {table.qualified_name} USING ", f" ON {table.qualified_name} USING ", 1
    )
    return _onto(text, f" ON {table.qualified_name} USING ", " ON {} USING ", target)


def _onto(definition: str, place: str, template: str, target: Identifier) -> Composed:
    """Return a definition with the target in the table's place; raises MeasureError where it is not found."""
    before, found, after = definition.partition(place)
    if not found:
        raise MeasureError(f"the definition cannot be copied: {definition}")
    return Composed([_text(before), SQL(template).format(target), _text(after)])


def _text(text: str) -> SQL:
    return SQL(text)


def _refer(
    connection: psycopg.Connection, key: ForeignKey, target: Identifier, keys: Identifier
) -> Iterable[str]:
    """Give the copy a foreign key; returns why it has none, if so."""
    if key.referenced_rows > MOST_KEYS:
        return [
            f"the foreign key {key.name} was left out: {key.referenced_name} has more than {MOST_KEYS:,} rows"
        ]
    columns, referenced = _names(key.columns), _names(key.referenced_columns)
    connection.execute(
        SQL("CREATE TABLE {} AS SELECT DISTINCT {} FROM {}").format(
            keys, referenced, Identifier(key.referenced_schema, key.referenced_name)
        )
    )
    connection.execute(SQL("CREATE UNIQUE INDEX ON {} ({})").format(keys, referenced))
    connection.execute(SQL("ANALYZE {}").format(keys))
    connection.execute(
        SQL("ALTER TABLE {} ADD CONSTRAINT {} FOREIGN KEY ({}) REFERENCES {} ({})").format(
            target, Identifier(key.name), columns, keys, referenced
        )
    )
    return []


def _keys(schema: str, place: int) -> Identifier:
    return Identifier(schema, f"perfkit_keys_{place}")


def _drop_constraint(name: str, target: Identifier) -> Composed:
    return SQL("ALTER TABLE {} DROP CONSTRAINT {}").format(target, Identifier(name))


def _names(columns: Iterable[str]) -> Composed:
    return SQL(", ").join(map(Identifier, columns))


def _sql(table: ImportTable) -> Identifier:
    return Identifier(table.schema, table.name)
