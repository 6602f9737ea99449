"""Cases from the planner's statistics: a typical, the most frequent and a rare value of each parameter's column."""

from collections.abc import Callable, Mapping, Sequence

from perfkit.catalog.harvest.constants import constant
from perfkit.catalog.harvest.model import ColumnValues, Parameter, Reading, Server
from perfkit.catalog.harvest.thresholds import ARRAY_LENGTH, PATTERN_CHARACTERS
from perfkit.plan.tables import Tables
from perfkit.syntax.usage.places import Role

# Where in the bounds the other end of a range stands, as a share of them.
_RANGE_SHARE = 0.05
Values = Mapping[str, str | None]


def statistics_cases(reading: Reading, tables: Tables, server: Server) -> dict[str, Values] | None:
    """Return the cases by name, those that differ; None when some parameter's column has no statistics that serve."""
    # A new row needs keys that no row has, and a row that others refer to cannot go: of that, statistics know nothing.
    if any(reference.target in ("insert", "delete") for reference in reading.usage.references):
        return None
    known: dict[str, ColumnValues] = {}
    for parameter in reading.parameters:
        if parameter.place.role in (Role.COMPARED, Role.WRITTEN):
            found = _column_values(parameter, reading, tables, server)
            if found is None:
                return None
            known[parameter.name] = found
    cases: dict[str, Values] = {}
    for name, choose in _CHOICES.items():
        values = {p.name: _value(p, known.get(p.name), choose) for p in reading.parameters}
        if None in values.values():
            return None
        if values not in cases.values():
            cases[name] = values
    return cases


def _column_values(
    parameter: Parameter, reading: Reading, tables: Tables, server: Server
) -> ColumnValues | None:
    place = parameter.place
    if (
        len(place.columns) != 1
        or place.operator in ("->", "->>", "#>", "#>>", "@>", "?", "@@", "ANY =")
        or "->" in place.expression
    ):
        return None
    reference = reading.usage.references[place.reference] if place.reference >= 0 else None
    key = tables.find(*((reference.schema, reference.name) if reference else place.table))
    if key not in tables.tables:
        return None
    table = tables.tables[key]
    found = server.column_values(table.schema, table.name, min(place.columns))
    return found if found.common or found.bounds else None


def _value(
    parameter: Parameter, known: ColumnValues | None, choose: Callable[[ColumnValues], Sequence[str]]
) -> str | None:
    if known is None:
        return constant(parameter)
    values, place = choose(known), parameter.place
    if place.operator == "IN":
        return values[place.item % len(values)]
    if place.operator == "= ANY":
        return "{" + ",".join(_element(value) for value in values[:ARRAY_LENGTH]) + "}"
    if place.operator in ("<", "<="):
        return values[min(len(values) - 1, max(1, round(len(values) * _RANGE_SHARE)))]
    if place.operator.lstrip("!") in ("~~", "~~*"):
        start = values[0][:PATTERN_CHARACTERS]
        return f"%{start}%" if place.through or place.operator.endswith("*") else f"{start}%"
    return values[0]


def _element(value: str) -> str:
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _typical(known: ColumnValues) -> Sequence[str]:
    values = known.bounds or known.common
    return values[len(values) // 2 :]


def _frequent(known: ColumnValues) -> Sequence[str]:
    return known.common or _typical(known)


def _rare(known: ColumnValues) -> Sequence[str]:
    return known.bounds[-1:] or known.common[-1:]


_CHOICES = {"typical": _typical, "frequent": _frequent, "rare": _rare}
