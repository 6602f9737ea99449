"""Where the fields of a file go: by the header's names, by what the user maps, and by expressions over them."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from perfkit.bench.imports.table import ImportTable
from perfkit.errors import UsageError

# The longest name of a column that PostgreSQL keeps (NAMEDATALEN - 1).
_NAME_BYTES = 63


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """The file's fields, named as columns; of each of the table's columns that gets a value the field, or the expression.

    `columns` are those columns in the table's order; `ignored` are fields that go nowhere.
    """

    fields: tuple[str, ...]
    columns: tuple[str, ...]
    field_of: Mapping[str, str]
    expression_of: Mapping[str, str]
    ignored: tuple[str, ...]


def layout_of(
    header: Sequence[str], table: ImportTable, *, mapping: Mapping[str, str], values: Mapping[str, str]
) -> Layout:
    """Return the layout of a file with this header; raises UsageError when a column lacks a value it must have."""
    fields = _named(header)
    field_of: dict[str, str] = {}
    by_spelling = {_spelling(column.name): column.name for column in table.writable}
    for unknown in mapping.keys() - set(fields):
        raise UsageError(f"--map: the file has no field {unknown}", hint=f"it has {', '.join(fields)}")
    for name in fields:
        column = table.column(mapping[name]).name if name in mapping else by_spelling.get(_spelling(name), "")
        if not column or column in values:
            continue
        if column in field_of:
            raise UsageError(f"both {field_of[column]} and {name} would be column {column}")
        field_of[column] = name
    for name in values:
        table.column(name)
    _check(table, field_of, values)
    used = set(field_of.values())
    return Layout(
        fields=fields,
        columns=tuple(
            column.name for column in table.writable if column.name in field_of or column.name in values
        ),
        field_of=field_of,
        expression_of=values,
        ignored=tuple(
            name
            for name in fields
            if name not in used and not any(name in value for value in values.values())
        ),
    )


def _check(table: ImportTable, field_of: Mapping[str, str], values: Mapping[str, str]) -> None:
    if not field_of and not values:
        raise UsageError(
            f"no field of the file is a column of {table.qualified_name}",
            hint=f"map them: --map FIELD=COLUMN; columns are {', '.join(c.name for c in table.writable)}",
        )
    missing = [
        column.name
        for column in table.writable
        if not (column.may_be_missing or column.name in field_of or column.name in values)
    ]
    if missing:
        raise UsageError(
            f"{table.qualified_name} must have {', '.join(missing)}, and the file has no such field",
            hint=f"map a field (--map FIELD={missing[0]}) or set a value: --set {missing[0]}=SQL",
        )


def _named(header: Sequence[str]) -> tuple[str, ...]:
    """Return names that columns can have, each once."""
    names = [
        name if 0 < len(name.encode()) <= _NAME_BYTES else f"field_{place}"
        for place, name in enumerate(header, start=1)
    ]
    repeated = next((name for name in names if names.count(name) > 1), None)
    if repeated:
        raise UsageError(f"the header names {repeated} twice")
    return tuple(names)


def _spelling(name: str) -> str:
    """Return a name as it is compared: "Family Name" is family_name."""
    return re.sub(r"\W+", "_", name.strip().casefold())
