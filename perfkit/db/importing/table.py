"""Reading the table that is imported into, from the server's catalogs."""

from collections.abc import Iterable
from typing import Any

import psycopg
from psycopg.rows import dict_row

from perfkit.bench.imports.table import Column, ForeignKey, ImportTable, Index, Rule, Trigger
from perfkit.db import sql
from perfkit.db.connect import server_errors
from perfkit.errors import UsageError

_KINDS = {"r": False, "p": True}


def read_table(connection: psycopg.Connection, name: str) -> ImportTable:
    """Return the table of that name, as SQL writes it; raises UsageError when there is none that rows can be put into."""
    with server_errors(), psycopg.RawCursor(connection, row_factory=dict_row) as cursor:
        rows = cursor.execute(sql.load("import_table"), [name]).fetchall()
    if not rows or rows[0]["kind"] not in _KINDS:
        raise UsageError(
            f"there is no table {name}" if not rows else f"{name} is no table",
            hint="write its name as in SQL, with its schema: --table alumni.people",
        )
    (row,) = rows
    return ImportTable(
        schema=row["schema"],
        name=row["name"],
        qualified_name=row["qualified_name"],
        rows=row["rows"],
        pages=row["pages"],
        is_partitioned=_KINDS[row["kind"]],
        columns=_all(Column, row["columns"]),
        indexes=_all(Index, row["indexes"]),
        triggers=_all(Trigger, row["triggers"]),
        foreign_keys=_all(ForeignKey, row["foreign_keys"]),
        checks=_all(Rule, row["checks"]),
    )


def _all(kind: Any, rows: Iterable[dict[str, Any]]) -> tuple[Any, ...]:
    return tuple(kind(**{name: _frozen(name, value) for name, value in row.items()}) for row in rows)


def _frozen(name: str, value: Any) -> Any:
    return tuple(value or ()) if name.endswith("columns") else value
