"""Reading what an index advisor has to know of a database, from its system catalogs alone."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import partial
from itertools import groupby
from typing import Any

import psycopg
from psycopg.rows import dict_row

from perfkit.db import sql
from perfkit.plan.tables import Column, ForeignKey, Signature, Table, TableIndex, Tables

_Rows = list[dict[str, Any]]


def read_tables(connection: psycopg.Connection) -> Tables:
    """Return every table and view of users, with what this role may see of their statistics.

    A column whose statistics it may not see, or that has none, is told by `analyzed`.
    """
    rows = partial(_rows, connection)
    parts = {
        "columns": _grouped(rows("tables_columns"), _column),
        "indexes": _grouped(rows("tables_indexes"), partial(_plain, TableIndex)),
        "foreign_keys": _grouped(rows("tables_keys"), _foreign_key),
    }
    tables = {table.qualified_name: table for table in (_table(row, parts) for row in rows("tables_tables"))}
    (server,) = rows("tables_server")
    signatures = rows("tables_functions")
    with psycopg.RawCursor(connection) as cursor:
        views: dict[str, str] = dict(cursor.execute(sql.load("tables_views")).fetchall())
        casts = cursor.execute(sql.load("tables_casts")).fetchall()
    return Tables(
        tables=_with_statistics(tables),
        views=views,
        version=server["version"],
        search_path=tuple(server["search_path"]),
        extensions=server["extensions"],
        available=frozenset(server["available"]),
        functions=_signatures(row for row in signatures if not row["is_operator"]),
        operators=_signatures(row for row in signatures if row["is_operator"]),
        casts=_casts(casts),
        statistics_since=server["statistics_since"],
        has_replicas=rows("tables_standbys")[0]["has_replicas"] if server["may_see_standbys"] else None,
    )


def _rows(connection: psycopg.Connection, name: str) -> _Rows:
    with psycopg.RawCursor(connection, row_factory=dict_row) as cursor:
        return cursor.execute(sql.load(name)).fetchall()


def _grouped(rows: _Rows, make: Any) -> dict[str, list[Any]]:
    """Return what `make` makes of the rows, by their table; the rows come in its order."""
    groups: dict[str, list[Any]] = {}
    for name, group in groupby(rows, key=lambda row: str(row["table_name"])):
        groups.setdefault(name, []).extend(make(row) for row in group)
    return groups


def _plain(kind: Any, row: Mapping[str, Any]) -> Any:
    return kind(**{name: value for name, value in row.items() if name != "table_name"})


def _column(row: dict[str, Any]) -> Column:
    lists = {name: tuple(row[name]) for name in ("common_values", "common_frequencies")}
    return Column(**{name: value for name, value in row.items() if name != "table_name"} | lists)


def _foreign_key(row: dict[str, Any]) -> ForeignKey:
    lists = {name: tuple(row[name]) for name in ("columns", "referenced_columns")}
    return ForeignKey(**{name: value for name, value in row.items() if name != "table_name"} | lists)


def _table(row: dict[str, Any], parts: Mapping[str, Mapping[str, list[Any]]]) -> Table:
    name = f"{row['schema']}.{row['name']}"
    lists = {name: tuple(row[name]) for name in ("partition_key", "expressions")}
    return Table(
        columns={column.name: column for column in parts["columns"].get(name, ())},
        indexes=tuple(parts["indexes"].get(name, ())),
        foreign_keys=tuple(parts["foreign_keys"].get(name, ())),
        **row | lists,
    )


def _with_statistics(tables: dict[str, Table]) -> dict[str, Table]:
    """Give a partitioned table that was never analyzed as a whole the statistics of its largest partition."""
    largest: dict[str, Table] = {}
    for table in tables.values():
        root = table.partition_of
        if root and not table.is_partitioned and table.rows >= largest.get(root, table).rows:
            largest[root] = table
    return tables | {
        name: replace(tables[name], columns=_borrowed(tables[name], partition))
        for name, partition in largest.items()
        if name in tables and not any(column.analyzed for column in tables[name].columns.values())
    }


def _borrowed(table: Table, partition: Table) -> dict[str, Column]:
    return {name: partition.columns.get(name, column) for name, column in table.columns.items()}


def _signatures(rows: Iterable[Mapping[str, Any]]) -> dict[str, tuple[Signature, ...]]:
    found: dict[str, list[Signature]] = {}
    for row in rows:
        fields = {name: row[name] for name in ("schema", "name", "result", "volatility")}
        found.setdefault(row["name"], []).append(Signature(arguments=tuple(row["arguments"]), **fields))
    return {name: tuple(signatures) for name, signatures in found.items()}


def _casts(rows: Iterable[tuple[str, str, str]]) -> dict[tuple[str, str], str]:
    """Return the volatility by the types; a cast of its own goes before the way through text, which comes later."""
    casts: dict[tuple[str, str], str] = {}
    for source, target, volatility in rows:
        casts.setdefault((source, target), volatility)
    return casts
