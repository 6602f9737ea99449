"""Statistics of computed keys that are not built: the planner is given what ANALYZE would find."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import psycopg
from psycopg.rows import class_row

from perfkit.db import sql
from perfkit.db.index_facts import IndexReader, index_readers
from perfkit.twin.size.between import between
from perfkit.twin.size.computed import Computed, computed_statistics
from perfkit.twin.size.sampled import Known, Outcome
from perfkit.twin.snapshot import ColumnStatistics

# Rows of the table on which ANALYZE looks into documents, arrays and ranges: the shares are true to a 5,000th.
_SAMPLED_ROWS = 5_000


@dataclass(frozen=True, slots=True)
class _Type:
    """A row of key_type.sql: the type of an expression; of some, ANALYZE `looks_inside` the values."""

    name: str
    looks_inside: bool


def put_key_statistics(connection: psycopg.Connection, oids: Sequence[int]) -> None:
    """Give the computed keys of the twin's candidates statistics, by the functions of their schema; may raise psycopg.Error.

    A key whose column has none, or has several columns, is left to what candidate_statistics.sql and the planner guess.
    """
    connection.execute(sql.load("twin_functions"))
    scalars = []
    for reader, column, known, outcomes in _computed(connection, oids):
        kind = _type_of(connection, reader.row.table_name, column["text"])
        if kind.looks_inside:
            _analyze(connection, reader, column, kind, known, outcomes)
        else:
            found = computed_statistics(known, outcomes, rows=reader.rows, heap_rows=reader.heap_rows)
            scalars.append(asdict(_row(reader, column, found)))
    connection.execute(
        "SELECT perfkit_twin.put_column(given) FROM jsonb_array_elements(%s::jsonb) AS given",
        [json.dumps(scalars)],
    )
    connection.execute("DROP SCHEMA perfkit_twin CASCADE")
    with psycopg.RawCursor(connection) as cursor:
        cursor.execute(sql.load("candidate_statistics"), [list(oids)])


def _computed(
    connection: psycopg.Connection, oids: Sequence[int]
) -> Iterator[tuple[IndexReader, Mapping[str, Any], Known, list[Outcome]]]:
    """Yield each computed key of one column whose values are known, and what these become."""
    for reader in index_readers(connection, oids):
        for column in reader.row.columns:
            base = None if column["table_column"] else reader.column_of(column["text"])
            if base and base[1].values:
                known, outcomes = _ranked(reader, column["text"], *base)
                if any(each.kept for each in outcomes):
                    yield reader, column, known, outcomes


def _ranked(
    reader: IndexReader, expression: str, base: Mapping[str, Any], known: Known
) -> tuple[Known, list[Outcome]]:
    """Return the column's values, those between its bounds too if it can be, and what the expression makes of them."""
    finer = between(known, base["type"])
    outcomes = reader.ranked(expression, base, finer)
    return (finer, outcomes) if outcomes else (known, reader.ranked(expression, base, known))


def _type_of(connection: psycopg.Connection, table: str, expression: str) -> _Type:
    found = connection.execute(f"SELECT {expression} FROM ONLY {table} LIMIT 0".encode())  # noqa: S608  the catalog's own names and expressions
    assert found.description is not None
    with connection.cursor(row_factory=class_row(_Type)) as cursor:
        (kind,) = cursor.execute(sql.load("key_type"), [found.description[0].type_code]).fetchall()
    return kind


def _row(reader: IndexReader, column: Mapping[str, Any], found: Computed) -> ColumnStatistics:
    return ColumnStatistics(
        schema=reader.row.schema,
        table=reader.row.name,
        column=column["name"],
        inherited=False,
        null_fraction=found.null_share,
        width=round(found.width_bytes),
        distinct=found.distinct,
        common_values=_array(found.common_values),
        common_frequencies=_array(found.common_shares),
        histogram=_array(found.bounds),
        correlation=found.correlation,
    )


def _array(values: Sequence[object]) -> str | None:
    """Return the text of an array, None of an empty one."""
    quoted = ('"' + str(value).replace("\\", "\\\\").replace('"', '\\"') + '"' for value in values)
    return "{" + ",".join(quoted) + "}" if values else None


def _analyze(
    connection: psycopg.Connection,
    reader: IndexReader,
    column: Mapping[str, Any],
    kind: _Type,
    known: Known,
    outcomes: Sequence[Outcome],
) -> None:
    """Have the server's own ANALYZE look at the known values, each as often as its share says."""
    weighed = []
    covered = 0.0
    for share, each in zip((*known.shares, known.null_share), outcomes, strict=True):
        if (
            each.kept
        ):  # rounded with what was left of those before, so that many small shares do not all become none
            before, covered = covered, covered + share * _SAMPLED_ROWS
            weighed.append((each.text, round(covered) - round(before)))
    connection.execute(
        "SELECT perfkit_candidates.look_inside(%s, %s, %s, %s::text[], %s::int[])",
        [
            reader.row.oid,
            column["number"],
            kind.name,
            [text for text, _ in weighed],
            [times for _, times in weighed],
        ],
    )
