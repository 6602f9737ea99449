"""The part of a table's rows that a condition leaves, by the table's statistics."""

from perfkit.indexes import thresholds
from perfkit.plan.tables import Column, Table
from perfkit.syntax.usage.model import Comparison, Predicate


def rows_of(table: Table) -> float:
    """Return the table's rows, guessed from its pages when it was never analyzed."""
    return table.rows if table.rows >= 0 else table.pages * thresholds.UNKNOWN_ROWS_PER_PAGE


def share_of(predicate: Predicate, table: Table) -> float:
    """Return the share of rows between 0 and 1; what statistics do not say is taken as PostgreSQL's planner takes it."""
    column = table.columns.get(predicate.expression.column)
    comparison = predicate.comparison
    share = _of_column(predicate, column, table) if column and column.analyzed else None
    return thresholds.UNKNOWN_SHARES.get(comparison, 1.0) if share is None else share


def worst_share_of(predicate: Predicate, table: Table) -> float:
    """Return the share of rows that an equality leaves when it asks for the most common value."""
    column = table.columns.get(predicate.expression.column)
    share = share_of(predicate, table)
    if column is None or predicate.constants or predicate.comparison is not Comparison.EQUAL:
        return share
    return max((share, *column.common_frequencies))


def _of_column(predicate: Predicate, column: Column, table: Table) -> float | None:
    shares = {
        Comparison.NULL: lambda: column.null_share,
        Comparison.NOT_NULL: lambda: 1 - column.null_share,
        Comparison.TRUE: lambda: _of_values(("t",), column, table),
        Comparison.FALSE: lambda: _of_values(("f",), column, table),
        Comparison.EQUAL: lambda: _of_equality(predicate, column, table),
        Comparison.IN: lambda: _of_equality(predicate, column, table),
    }
    if predicate.constants:
        shares[Comparison.NOT_EQUAL] = lambda: max(
            0.0, 1 - column.null_share - _of_values(predicate.constants, column, table)
        )
    return shares[predicate.comparison]() if predicate.comparison in shares else None


def _of_equality(predicate: Predicate, column: Column, table: Table) -> float:
    if predicate.constants:
        return _of_values(predicate.constants, column, table)
    many = thresholds.UNKNOWN_LIST_VALUES if predicate.comparison is Comparison.IN else 1
    return min(1.0, many * (1 - column.null_share) / max(1.0, column.distinct_values(rows_of(table))))


def _of_values(values: tuple[str, ...], column: Column, table: Table) -> float:
    known = dict(zip(column.common_values, column.common_frequencies, strict=False))
    others = max(1.0, column.distinct_values(rows_of(table)) - len(known))
    rest = max(0.0, 1 - column.null_share - sum(known.values())) / others
    return min(1.0, sum(known.get(value, rest) for value in values))
