"""What the size of an index follows from, read from catalogs, statistics and EXPLAIN; the index may be empty."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg.rows import dict_row, kwargs_row

from perfkit.db import sql
from perfkit.twin.size.facts import Elements, IndexColumn, IndexFacts, Statistics
from perfkit.twin.size.sampled import (
    Known,
    Outcome,
    column_statistics,
    expression_statistics,
    thinned,
    without_nulls,
)

_ALIGNMENTS = {"c": 1, "s": 2, "i": 4, "d": 8}
# Types whose stored bytes are those of their text.
_TEXTS = frozenset({"text", "varchar", "bpchar"})
_GROUPING = frozenset({"btree", "hash"})
_LITERAL = re.compile(r"'(?:[^']|'')*'")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    """One row of index_facts.sql."""

    oid: int
    schema: str
    name: str
    table_oid: int
    method: str
    is_unique: bool
    key_count: int
    storage: Sequence[str]
    predicate: str | None
    table_name: str
    reltuples: float
    relpages: int
    pages: int
    columns: Sequence[Mapping[str, Any]]
    table_columns: Sequence[Mapping[str, Any]]
    distinct_counts: Sequence[str]

    def columns_in(self, expression: str) -> list[Mapping[str, Any]]:
        """Return the table's columns that an expression names."""
        text = _LITERAL.sub("", expression)
        return [each for each in self.table_columns if re.search(_whole(each["name"]), text)]


def read_index_facts(connection: psycopg.Connection, oids: Sequence[int]) -> tuple[IndexFacts, ...]:
    """Return the facts of the indexes, in the order of their OIDs; two queries, and more for what is partial or computed.

    Rows of a partial index and of expressions without statistics are the planner's estimates, so that an index which
    cannot be read yet must not be valid (pg_index.indisvalid) while this runs.
    """
    return tuple(reader.read() for reader in index_readers(connection, oids))


def _known(
    *,
    elements: Sequence[str],
    element_shares: Sequence[float],
    element_counts: Sequence[float] | None,
    **rest: Any,
) -> Known:
    """Return one row of statistics; arrays end their frequencies with three numbers more, text search with two."""
    rest |= {name: tuple(rest[name]) for name in ("common_values", "common_shares", "bounds")}
    found = None
    if elements:
        found = Elements(
            texts=tuple(elements),
            shares=tuple(element_shares[: len(elements)]),
            average_count=element_counts[-1] if element_counts else None,
            empty_share=_empty_share(element_counts or ()),
        )
    return Known(**rest, elements=found)


def _empty_share(counts: Sequence[float]) -> float:
    """Return the share of arrays without elements: counts are a histogram of even shares, and the average at its end."""
    return sum(count == 0 for count in counts[:-1]) / max(1, len(counts) - 1)


class IndexReader:
    """Reads one index: what it asks of the server depends on what it finds."""

    def __init__(
        self, connection: psycopg.Connection, row: _Row, known: Mapping[tuple[int, int], Known]
    ) -> None:
        self.connection = connection
        self.row = row
        self.known = known
        self.heap_pages = row.pages or row.relpages
        self.heap_rows = self._heap_rows()
        self.rows = self._planned(row.predicate)[0] if row.predicate else self.heap_rows
        self.rows = min(self.rows, self.heap_rows)

    def read(self) -> IndexFacts:
        """Return the facts of the index; asks the server about what is partial or computed."""
        row = self.row
        return IndexFacts(
            method=row.method,
            unique=row.is_unique,
            key_count=row.key_count,
            columns=tuple(self._column(column) for column in row.columns),
            rows=self.rows,
            heap_rows=self.heap_rows,
            heap_pages=self.heap_pages,
            distinct=self._combinations(),
            storage=dict(option.split("=", 1) for option in row.storage),
        )

    def _heap_rows(self) -> float:
        """Return the rows as the planner counts them: the density at the last ANALYZE over today's pages."""
        row = self.row
        if row.reltuples < 0 or (row.relpages == 0 and self.heap_pages):
            return self._planned(None)[0]
        return row.reltuples / row.relpages * self.heap_pages if row.relpages else 0.0

    def _planned(self, condition: str | None, output: str = "", group: str = "") -> tuple[float, int]:
        """Return the planner's rows and width of a query on the table alone."""
        text = f"EXPLAIN (FORMAT JSON) SELECT {output} FROM ONLY {self.row.table_name}"  # noqa: S608  the catalog's own names and expressions
        text += f" WHERE {condition}" if condition else ""
        text += f" GROUP BY {group}" if group else ""
        found = self.connection.execute(text.encode()).fetchone()
        assert found is not None
        plan = found[0][0]["Plan"]
        return plan["Plan Rows"], plan["Plan Width"]

    def _column(self, column: Mapping[str, Any]) -> IndexColumn:
        return IndexColumn(
            type_name=column["type_name"],
            length_bytes=column["length_bytes"],
            alignment_bytes=_ALIGNMENTS[column["alignment"]],
            operator_class=column["operator_class"],
            can_deduplicate=column["can_deduplicate"],
            statistics=self._statistics(column),
        )

    def _statistics(self, column: Mapping[str, Any]) -> Statistics:
        if column["table_column"]:
            bases = [each for each in self.row.table_columns if each["number"] == column["table_column"]]
        else:
            stored = self._of_same_expression(column["text"])
            if stored:
                return self._thinned(column_statistics(stored, _own(column, stored), self.heap_rows))
            bases = self.row.columns_in(column["text"])
        base = bases[0] if len(bases) == 1 else None
        known = self.known.get((self.row.table_oid, base["number"])) if base else None
        found = None
        if base and known:
            found = (self._of_column if column["table_column"] else self._of_expression)(column, base, known)
        return found or self._thinned(self._guessed(column["text"]))

    def _of_column(
        self, column: Mapping[str, Any], base: Mapping[str, Any], known: Known
    ) -> Statistics | None:
        if self._decides(base):
            outcomes = self._evaluated(base["name"], str(self.row.predicate), base, known)
            if outcomes:
                return column_statistics(known, outcomes, self.heap_rows)
        outcomes = _own(column, known)
        if known.values and not outcomes:
            outcomes = self._evaluated(base["name"], "true", base, known)
        statistics = column_statistics(known, outcomes, self.heap_rows)
        never_null = re.search(_whole(base["name"]) + " IS NOT NULL", self.row.predicate or "")
        return self._thinned(without_nulls(statistics) if never_null else statistics)

    def _of_expression(
        self, column: Mapping[str, Any], base: Mapping[str, Any], known: Known
    ) -> Statistics | None:
        decides = self._decides(base)
        condition = str(self.row.predicate) if decides else "true"
        outcomes = self._evaluated(column["text"], condition, base, known) if known.values else []
        if not outcomes:
            return None
        statistics = expression_statistics(known, outcomes, self.heap_rows)
        return statistics if decides else self._thinned(statistics)

    def _decides(self, base: Mapping[str, Any] | None) -> bool:
        """Return whether this column alone decides which rows a partial index has."""
        return bool(self.row.predicate) and self.row.columns_in(self.row.predicate or "") == [base]

    def _thinned(self, statistics: Statistics) -> Statistics:
        return thinned(statistics, heap_rows=self.heap_rows, rows=self.rows)

    def _guessed(self, expression: str) -> Statistics:
        """Return what the planner makes of an expression of which nobody has statistics."""
        _, width = self._planned(None, expression)
        groups = self.row.method in _GROUPING  # the types of other methods need not have an equality
        distinct = self._planned(None, "1", expression)[0] if groups else self.heap_rows
        return Statistics(null_share=0.0, width_bytes=width, distinct=distinct)

    def _of_same_expression(self, expression: str) -> Known | None:
        with psycopg.RawCursor(self.connection, row_factory=dict_row) as cursor:
            found = cursor.execute(sql.load("index_expressions"), [self.row.table_oid]).fetchall()
        same = [each for each in found if _bare(each.pop("text")) == _bare(expression)]
        return _known(**same[0]) if same else None

    def column_of(self, expression: str) -> tuple[Mapping[str, Any], Known] | None:
        """Return the one column that an expression is computed from, with its statistics; None of several or unknown."""
        bases = self.row.columns_in(expression)
        known = self.known.get((self.row.table_oid, bases[0]["number"])) if len(bases) == 1 else None
        return (bases[0], known) if known else None

    def ranked(self, expression: str, base: Mapping[str, Any], known: Known) -> list[Outcome]:
        """Return what the expression makes of a column's known values and of NULL, in order; [] when it cannot be."""
        condition = str(self.row.predicate) if self._decides(base) else "true"
        rank = f"dense_rank() OVER (ORDER BY {expression})"
        return self._evaluated(expression, condition, base, known, rank)

    def _evaluated(
        self, expression: str, condition: str, base: Mapping[str, Any], known: Known, rank: str = "0"
    ) -> list[Outcome]:
        """Have the server compute the expression and the condition for what a column holds; [] when it refuses a value.

        The last outcome is that of NULL.
        """
        text = (
            f"SELECT ({expression})::text, pg_column_size({expression}), ({condition}), {rank}"  # noqa: S608  the catalog's own names and expressions
            f" FROM (SELECT place, value::{base['type']} AS {base['name']}"
            " FROM unnest($1::text[]) WITH ORDINALITY AS given (value, place)) AS sample ORDER BY place"
        )
        try:
            with self.connection.transaction(), psycopg.RawCursor(self.connection) as cursor:
                rows = cursor.execute(text.encode(), [[*known.values, None]]).fetchall()
        except (psycopg.DataError, psycopg.ProgrammingError):  # values that redaction changed need not fit
            return []
        return [
            Outcome(text=result, width_bytes=_stored_width(size), kept=bool(kept), rank=place)
            for result, size, kept, place in rows
        ]

    def _combinations(self) -> float | None:
        """Return the count of combinations of the key columns that extended statistics know."""
        keys = [column["table_column"] for column in self.row.columns[: self.row.key_count]]
        wanted = ", ".join(map(str, sorted(keys)))
        counts = [json.loads(each).get(wanted) for each in self.row.distinct_counts]
        known = [float(count) for count in counts if count is not None]
        return known[0] if known and len(keys) > 1 and 0 not in keys else None


def index_readers(connection: psycopg.Connection, oids: Sequence[int]) -> tuple[IndexReader, ...]:
    """Return what reads each of the indexes, in the order of their OIDs."""
    with psycopg.RawCursor(connection, row_factory=kwargs_row(_Row)) as cursor:
        rows = cursor.execute(sql.load("index_facts"), [list(oids)]).fetchall()
    wanted = sorted({(row.table_oid, each["number"]) for row in rows for each in row.table_columns})
    with psycopg.RawCursor(connection, row_factory=dict_row) as cursor:
        columns = [[table for table, _ in wanted], [number for _, number in wanted]]
        found = cursor.execute(sql.load("index_column_statistics"), columns).fetchall()
    known = {(each.pop("relation"), each.pop("number")): _known(**each) for each in found}
    return tuple(IndexReader(connection, row, known) for row in rows)


def _own(column: Mapping[str, Any], known: Known) -> list[Outcome]:
    """Return the known values as they are, NULL last; [] when only the server knows how wide they are."""
    if column["type_name"] not in _TEXTS and column["length_bytes"] < 0:
        return []
    values = [Outcome(text=value, width_bytes=_text_width(value)) for value in known.values]
    return [*values, Outcome(text=None, width_bytes=0)]


def _whole(name: str) -> str:
    """Return a pattern of a name that is no part of another."""
    return rf'(?<![\w"]){re.escape(name)}(?![\w"])'


def _bare(expression: str) -> str:
    text = expression.strip()
    return text[1:-1] if text.startswith("(") and text.endswith(")") else text


def _text_width(text: str) -> int:
    size = len(text.encode())
    return size + 1 if size < 127 else size + 4


def _stored_width(size: int | None) -> int:
    """Return the size in a tuple of a value of this size in memory: a short varlena loses three bytes of header."""
    if size is None:
        return 0
    return size - 3 if 4 <= size <= 130 else size
