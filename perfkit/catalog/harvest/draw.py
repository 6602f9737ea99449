"""The SELECT that draws a statement's parameters from the database: one row of each table gives all that is asked of it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from perfkit.catalog.harvest.constants import constant
from perfkit.catalog.harvest.drawing import Row
from perfkit.catalog.harvest.fresh import fresh_columns
from perfkit.catalog.harvest.model import Parameter, Reading
from perfkit.catalog.harvest.thresholds import SAMPLE_PAGES, SAMPLE_ROWS
from perfkit.names import quote_name
from perfkit.plan.tables import Table, Tables
from perfkit.syntax.usage.places import Role


@dataclass(frozen=True, slots=True, kw_only=True)
class _Source:
    """A table that values are drawn from, and the parameters that get theirs there."""

    reference: int
    schema: str
    name: str
    table: Table | None
    parameters: tuple[Parameter, ...]


def draw_sql(reading: Reading, tables: Tables) -> str | None:
    """Return the SELECT whose columns are the parameters; '' when no table has values for any, None when one has none."""
    sources = list(_sources(reading, tables))
    drawn = {each.place.number for source in sources for each in source.parameters}
    others = [each for each in reading.parameters if each.place.number not in drawn]
    literals: dict[int, str] = {}
    for parameter in others:
        value = constant(parameter)
        if value is None:
            return None
        literals[parameter.place.number] = f"{_literal(value)}::{parameter.type.name}"
    if not sources:
        return ""
    deletes = {n for n, each in enumerate(reading.usage.references) if each.target == "delete"}
    selects = [_select(source, tables, literals, deletes=source.reference in deletes) for source in sources]
    if len(selects) == 1 and not others:
        return selects[0]
    # However many tables there are, their combinations are about as many as the rows of one table's sample.
    limit = "" if len(selects) == 1 else f"\nLIMIT {max(2, round(SAMPLE_ROWS ** (1 / len(selects))))}"
    columns = [_named(literals[each.place.number], each.name) for each in others]
    parts = (f"({select}{limit}) AS drawn_{number}" for number, select in enumerate(selects, start=1))
    return f"SELECT {', '.join(['*', *columns])}\nFROM " + "\nCROSS JOIN ".join(parts)


def constants(reading: Reading) -> dict[str, str | None] | None:
    """Return a value of its type for each parameter, by name; None when one of the types has none."""
    values = {parameter.name: constant(parameter) for parameter in reading.parameters}
    return None if None in values.values() else values


def _literal(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _sources(reading: Reading, tables: Tables) -> Iterator[_Source]:
    """Yield the tables that parameters are compared with or written to, each reference on its own."""
    groups: dict[int, list[Parameter]] = {}
    for parameter in reading.parameters:
        place = parameter.place
        if place.role is Role.COMPARED:
            groups.setdefault(place.reference, []).append(parameter)
        elif place.role is Role.WRITTEN:
            groups.setdefault(_target(reading, place.table), []).append(parameter)
    for number, parameters in groups.items():
        reference = reading.usage.references[number] if number >= 0 else None
        schema, name = (reference.schema, reference.name) if reference else parameters[0].place.table
        key = tables.find(schema, name)
        table = tables.tables.get(key)
        if table and all(each.place.columns <= table.columns.keys() for each in parameters):
            yield _Source(
                reference=number,
                schema=table.schema,
                name=table.name,
                table=table,
                parameters=tuple(parameters),
            )
        elif not table and key not in tables.views:  # a foreign table
            yield _Source(
                reference=number, schema=schema, name=name, table=None, parameters=tuple(parameters)
            )


def _target(reading: Reading, table: tuple[str, str]) -> int:
    found = (
        n
        for n, each in enumerate(reading.usage.references)
        if each.target and (each.schema, each.name) == table
    )
    return next(found, -1)


def _select(source: _Source, tables: Tables, literals: Mapping[int, str], *, deletes: bool) -> str:
    row = Row(source.table, source.parameters, literals)
    written = [each for each in source.parameters if each.place.role is Role.WRITTEN]
    compared = [each for each in source.parameters if each.place.role is Role.COMPARED]
    # An UPDATE finds the row that it writes to, whose keys it gives again; an INSERT needs a new one.
    fresh = fresh_columns(source.table, written) if source.table and not compared else {}
    columns = [
        _named(fresh.get(each.place.number) or row.value(each), each.name) for each in source.parameters
    ]
    sql = f"SELECT {', '.join(columns)}\nFROM {_sampled(source, tables)}"
    conditions = [
        *_present(row, compared),
        *(_without_children(source.table, tables) if deletes and source.table else ()),
    ]
    if conditions:
        sql += f"\nWHERE {' AND '.join(conditions)}"
    computed = [quote_name(each.name) for each in compared if row.value(each) not in _nullable(source.table)]
    if computed:
        sql = f"SELECT *\nFROM ({sql}) AS sample\nWHERE {' AND '.join(f'{name} IS NOT NULL' for name in computed)}"
    return sql


def _named(sql: str, name: str) -> str:
    return sql if sql == quote_name(name) else f"{sql} AS {quote_name(name)}"


def _nullable(table: Table | None) -> set[str]:
    return {quote_name(name) for name in table.columns} if table else set()


def _present(row: Row, compared: Sequence[Parameter]) -> list[str]:
    """Return the conditions that the columns are not NULL, of those that may be."""
    names = {name for each in compared for name in each.place.columns}
    known = row.table.columns if row.table else {}
    return [
        f"{quote_name(name)} IS NOT NULL"
        for name in sorted(names)
        if name not in known or not known[name].not_null
    ]


def _sampled(source: _Source, tables: Tables) -> str:
    """Return the FROM item: some pages of a large table, the same ones each time."""
    name = quote_name(source.name)
    name = f"{quote_name(source.schema)}.{name}" if source.schema else name
    table = source.table
    if table is None or table.rows <= SAMPLE_ROWS or table.pages <= SAMPLE_PAGES:
        return name
    # The same pages of each partition are taken: the largest has to have enough of them.
    partitions = [each.pages for each in tables.tables.values() if each.partition_of == table.qualified_name]
    percent = 100 * max(SAMPLE_ROWS / table.rows, SAMPLE_PAGES / max(partitions, default=table.pages))
    return f"{name} TABLESAMPLE SYSTEM ({percent:.2g}) REPEATABLE (1)" if percent < 100 else name


def _without_children(table: Table, tables: Tables) -> Iterable[str]:
    """Yield the conditions that no row refers to the one that is deleted, where such a row forbids that."""
    own = f"{quote_name(table.schema)}.{quote_name(table.name)}"
    for other in tables.tables.values():
        for key in other.foreign_keys:
            if (
                key.referenced == table.qualified_name
                and key.on_delete in ("a", "r")
                and not other.partition_of
            ):
                pairs = zip(key.columns, key.referenced_columns, strict=True)
                same = " AND ".join(
                    f"child.{quote_name(a)} = {quote_name(table.name)}.{quote_name(b)}" for a, b in pairs
                )
                child = f"{quote_name(other.schema)}.{quote_name(other.name)}"
                if child != own:
                    yield f"NOT EXISTS (SELECT FROM {child} AS child WHERE {same})"
