"""Values that a table does not have yet, where an INSERT gives a key: else it would fail for the row that is there."""

# ruff: noqa: S608 - the SQL that is put together here is text for a file, its names are quoted, and nothing runs it unguarded
from collections.abc import Iterable, Sequence

from perfkit.catalog.harvest.model import Parameter
from perfkit.names import quote_name
from perfkit.plan.tables import Column, ForeignKey, Table
from perfkit.syntax.index import read_definition

_INTEGERS = frozenset({"int2", "int4", "int8", "numeric", "float4", "float8"})
_TIMES = frozenset({"date", "timestamp", "timestamptz"})


def fresh_columns(table: Table, parameters: Sequence[Parameter]) -> dict[int, str]:
    """Return the SQL of the values, by parameter, that keep each unique key of the table from being met twice."""
    fresh: dict[int, str] = {}
    rows = sorted({each.place.item for each in parameters})
    for key in _unique_keys(table):
        for item in rows:
            written = {p.place.expression: p for p in parameters if p.place.item == item}
            if not set(key) <= written.keys() or any(written[name].place.number in fresh for name in key):
                continue
            for name in sorted(key, key=lambda one: _is_foreign(table, one)):
                sql = _fresh(table, table.columns[name], item)
                if sql:
                    fresh[written[name].place.number] = sql
                    break
    return fresh


def _unique_keys(table: Table) -> Iterable[tuple[str, ...]]:
    names = {quote_name(name): name for name in table.columns}
    for index in table.indexes:
        definition = read_definition(index.definition)
        keys = [names.get(key.text, "") for key in definition.keys if not key.is_expression]
        if index.unique and len(keys) == len(definition.keys):
            yield tuple(keys)


def _is_foreign(table: Table, name: str) -> bool:
    return _foreign_key(table, name) is not None


def _foreign_key(table: Table, name: str) -> ForeignKey | None:
    return next((key for key in table.foreign_keys if key.columns == (name,)), None)


def _fresh(table: Table, column: Column, item: int) -> str:
    """Return the SQL of a value that the column does not have, '' when none can be made; `item` tells several apart."""
    name, own = quote_name(column.name), _qualified(table.qualified_name)
    key = _foreign_key(table, column.name)
    if key:
        other = quote_name(key.referenced_columns[0])
        return (
            f"(SELECT other.{other} FROM {_qualified(key.referenced)} AS other WHERE NOT EXISTS"
            f" (SELECT FROM {own} AS own WHERE own.{name} = other.{other}) LIMIT 1 OFFSET {item})"
        )
    if column.type_name in _INTEGERS:
        return f"(SELECT max({name}) + {item + 1} FROM {own})"
    if column.type_name in _TIMES:
        return f"(SELECT max({name}) + interval '{item + 1} day' FROM {own})"
    if column.type_name == "uuid":
        return f"md5({name}::text || '{item}')::uuid"
    if column.category == "S":
        return f"repeat('x', {item + 1}) || {name}"
    return ""


def _qualified(key: str) -> str:
    schema, _, name = key.partition(".")
    return f"{quote_name(schema)}.{quote_name(name)}"
