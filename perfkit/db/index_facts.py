"""What the size of an index follows from, read from catalogs, statistics and EXPLAIN; the index may be empty."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
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
        return [
            each
            for each in self.table_columns
            if re.search(rf'(?<![\w"]){re.escape(each["name"])}(?![\w"])', text)
        ]


def read_index_facts(connection: psycopg.Connection, oids: Sequence[int]) -> tuple[IndexFacts, ...]:
    """Return the facts of the indexes, in the order of their OIDs; two queries, and more for what is partial or computed.

    Rows of a partial index and of expressions without statistics are the planner's estimates, so that an index which
    cannot be read yet must not be valid (pg_index.indisvalid) while this runs.
    """
    with psycopg.RawCursor(connection, row_factory=kwargs_row(_Row)) as cursor:
        rows = cursor.execute(sql.load("index_facts"), [list(oids)]).fetchall()
    wanted = sorted({(row.table_oid, each["number"]) for row in rows for each in row.table_columns})
    with psycopg.RawCursor(connection, row_factory=dict_row) as cursor:
        columns = [[table for table, _ in wanted], [number for _, number in wanted]]
        found = cursor.execute(sql.load("index_column_statistics"), columns).fetchall()
    known = {(each.pop("relation"), each.pop("number")): _known(**each) for each in found}
    return tuple(_Reader(connection, row, known).read() for row in rows)


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


class _Reader:
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
        expression = not column["table_column"]
        stored = self._of_same_expression(column["text"]) if expression else None
        bases = self.row.columns_in(column["text"]) if expression else []
        if not expression:
            bases = [each for each in self.row.table_columns if each["number"] == column["table_column"]]
        base = bases[0] if len(bases) == 1 else None
        known = stored or (self.known.get((self.row.table_oid, base["number"])) if base else None)
        if known is None or (expression and not stored and not known.values):
            return self._thinned(self._guessed(column["text"]))
        computed = expression and stored is None
        decided = self._decides(base) and stored is None
        outcomes = self._outcomes(column, base, known, computed=computed, decided=decided)
        of: Callable[..., Statistics] = expression_statistics if computed and outcomes else column_statistics
        if computed and not outcomes:
            return self._thinned(self._guessed(column["text"]))
        if decided and outcomes:
            return of(known, outcomes[:-1], self.heap_rows, null_kept=outcomes[-1].kept)
        statistics = of(known, outcomes, self.heap_rows)
        return self._thinned(self._present(statistics, base))

    def _decides(self, base: Mapping[str, Any] | None) -> bool:
        """Return whether this column alone decides which rows a partial index has."""
        return bool(self.row.predicate) and self.row.columns_in(self.row.predicate or "") == [base]

    def _present(self, statistics: Statistics, base: Mapping[str, Any] | None) -> Statistics:
        if base and f"{base['name']} IS NOT NULL" in (self.row.predicate or ""):
            return without_nulls(statistics)
        return statistics

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

    def _outcomes(
        self,
        column: Mapping[str, Any],
        base: Mapping[str, Any] | None,
        known: Known,
        *,
        computed: bool,
        decided: bool,
    ) -> list[Outcome]:
        """Return what becomes of the known values, the last of NULL if the predicate is to be decided; [] when unknown."""
        if not known.values and not decided:
            return []
        if not computed and not decided and (column["type_name"] in _TEXTS or column["length_bytes"] > 0):
            return [Outcome(text=value, width_bytes=_text_width(value)) for value in known.values]
        source = base or {"name": "value", "type": "text"}
        if not computed and not decided and base is None:
            return []
        expression = column["text"] if computed else source["name"]
        condition = self.row.predicate if decided else "true"
        values = [*known.values, None] if decided else list(known.values)
        return self._evaluated(expression, str(condition), source, values)

    def _evaluated(
        self, expression: str, condition: str, source: Mapping[str, Any], values: Sequence[str | None]
    ) -> list[Outcome]:
        """Have the server compute the expression and the condition for values of a column; [] when it refuses one."""
        name, type_name = source["name"], source["type"]
        text = (
            f"SELECT ({expression})::text, pg_column_size({expression}), ({condition})"  # noqa: S608  the catalog's own names and expressions
            f" FROM (SELECT place, value::{type_name} AS {name}"
            " FROM unnest($1::text[]) WITH ORDINALITY AS given (value, place)) AS sample ORDER BY place"
        )
        try:
            with self.connection.transaction(), psycopg.RawCursor(self.connection) as cursor:
                rows = cursor.execute(text.encode(), [list(values)]).fetchall()
        except (psycopg.DataError, psycopg.ProgrammingError):  # values that redaction changed need not fit
            return []
        return [
            Outcome(text=result, width_bytes=_stored_width(size), kept=bool(kept))
            for result, size, kept in rows
        ]

    def _combinations(self) -> float | None:
        """Return the count of combinations of the key columns that extended statistics know."""
        keys = [column["table_column"] for column in self.row.columns[: self.row.key_count]]
        wanted = ", ".join(map(str, sorted(keys)))
        counts = [json.loads(each).get(wanted) for each in self.row.distinct_counts]
        known = [float(count) for count in counts if count is not None]
        return known[0] if known and len(keys) > 1 and 0 not in keys else None


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
