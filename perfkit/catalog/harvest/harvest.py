"""From counted statements to query files: each is read, typed, given values, and written out or told why not."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from perfkit.catalog.harvest.draw import constants, draw_sql
from perfkit.catalog.harvest.log import Logged
from perfkit.catalog.harvest.model import (
    Candidate,
    Draft,
    Parameter,
    ParameterType,
    Reading,
    Server,
    Unresolved,
)
from perfkit.catalog.harvest.names import numbered, parameter_names, query_name, summary_of
from perfkit.catalog.harvest.spell import case_line, draw_lines, file_text
from perfkit.catalog.harvest.thresholds import DRAWN_CASES
from perfkit.catalog.harvest.types import parameter_types
from perfkit.catalog.harvest.values import statistics_cases
from perfkit.errors import StatementError
from perfkit.plan.tables import Tables
from perfkit.syntax.counted import parameters_of
from perfkit.syntax.lexer import SqlError
from perfkit.syntax.usage.places import Place, Role, read_places
from perfkit.syntax.usage.scope import Lookup

DRAWN, STATISTICS, LOG, PLAIN, MADE_UP, NONE = "drawn", "statistics", "log", "plain", "made up", "none"
"""Where values come from. PLAIN ones are for parameters that choose no rows; MADE_UP ones stand for what should."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """Where values come from: DRAWN, STATISTICS, LOG or NONE; `names` are those that statements keep, by fingerprint."""

    source: str
    names: Mapping[str, str]
    logged: Logged
    budget: str = ""


def harvest(
    chosen: Sequence[Candidate],
    tables: Tables,
    lookup: Lookup,
    server: Server,
    manner: Manner,
    taken: Sequence[str],
) -> Iterator[Draft | Unresolved]:
    """Yield for each statement, in order of its fingerprint so that numbers in names do not move, what becomes of it.

    `taken` are the names of other queries, in lower case.
    """
    used = {*taken, *(name.lower() for name in manner.names.values())}
    for candidate in sorted(chosen, key=lambda each: each.fingerprint):
        try:
            reading = read(candidate, lookup, server)
        except (SqlError, StatementError) as error:
            yield Unresolved(candidate=candidate, reason=_reason(error))
            continue
        name = manner.names.get(candidate.fingerprint) or numbered(
            query_name(reading.statement, reading.usage, _places(reading)), used
        )
        used.add(name.lower())
        yield _drafted(reading, name, tables, server, manner)


def read(candidate: Candidate, lookup: Lookup, server: Server) -> Reading:
    """Return what a statement's parameters are; raises SqlError, or StatementError where the server does not take it."""
    usage, places = read_places(candidate.statement, lookup)
    numbers = sorted(parameters_of(candidate.statement))
    types = parameter_types(candidate.statement, places, server)
    in_order = [_calculating(places[number], type_) for number, type_ in zip(numbers, types, strict=True)]
    names = parameter_names(in_order, types)
    return Reading(
        candidate=candidate,
        statement=candidate.statement,
        usage=usage,
        parameters=tuple(
            Parameter(name=name, type=type_, place=place)
            for name, type_, place in zip(names, types, in_order, strict=True)
        ),
    )


def _places(reading: Reading) -> list[Place]:
    return [parameter.place for parameter in reading.parameters]


def _calculating(place: Place, type_: ParameterType) -> Place:
    """Return the place of a parameter, which % compares with a text, but divides a number by."""
    is_divisor = place.role is Role.COMPARED and place.operator == "%" and type_.category == "N"
    return replace(place, role=Role.ARGUMENT, item=1) if is_divisor else place


def _drafted(
    reading: Reading, name: str, tables: Tables, server: Server, manner: Manner
) -> Draft | Unresolved:
    if not reading.parameters:
        return _draft(reading, name, NONE, [], manner.budget)
    if manner.source == NONE:
        return _unresolved(
            reading, name, "its parameters need values: --parameters none gives none", manner.budget
        )
    makers: Mapping[str, Callable[[], list[str] | None]] = {
        LOG: lambda: _logged_cases(reading, manner.logged),
        STATISTICS: lambda: _lines(statistics_cases(reading, tables, server)),
        DRAWN: lambda: _drawn(reading, tables),
        PLAIN: lambda: _constant_cases(reading),
        MADE_UP: lambda: _constant_cases(reading),
    }
    last = (
        MADE_UP
        if any(each.place.role in (Role.COMPARED, Role.WRITTEN) for each in reading.parameters)
        else PLAIN
    )
    for source in dict.fromkeys(
        (manner.source if last is MADE_UP or manner.source == LOG else PLAIN, DRAWN, last)
    ):
        cases = makers[source]()
        if cases:
            return _draft(reading, name, source, cases, manner.budget)
    types = ", ".join(sorted({each.type.name for each in reading.parameters}))
    return _unresolved(
        reading, name, f"no value is known for a parameter: its types are {types}", manner.budget
    )


def _draft(reading: Reading, name: str, source: str, cases: list[str], budget: str) -> Draft:
    plain = _constant_cases(reading) if source == DRAWN else None
    return Draft(
        name=name,
        text=_text(reading, name, cases, budget),
        candidate=reading.candidate,
        parameters=reading.parameters,
        source=source,
        fallback=_text(reading, name, plain, budget) if plain else "",
    )


def _unresolved(reading: Reading, name: str, reason: str, budget: str) -> Unresolved:
    return Unresolved(candidate=reading.candidate, reason=reason, text=_text(reading, name, [], budget))


def _text(reading: Reading, name: str, cases: list[str], budget: str) -> str:
    summary = summary_of(reading.statement, reading.usage, _places(reading))
    return file_text(reading, name=name, summary=summary, cases=cases, budget=budget)


def _drawn(reading: Reading, tables: Tables) -> list[str] | None:
    sql = draw_sql(reading, tables)
    return [draw_lines(DRAWN_CASES, sql)] if sql else None


def _constant_cases(reading: Reading) -> list[str] | None:
    values = constants(reading)
    return _lines({"typical": values} if values else None)


def _logged_cases(reading: Reading, logged: Logged) -> list[str] | None:
    names = {number: each.name for number, each in enumerate(reading.parameters, start=1)}
    found = logged.cases(reading.statement, names, reading.candidate.fingerprint)
    return _lines({f"common_{number}": values for number, values in enumerate(found, start=1)})


def _lines(cases: Mapping[str, Mapping[str, str | None]] | None) -> list[str] | None:
    """Return the header lines of cases, without those that no line can hold."""
    lines = []
    for name, values in (cases or {}).items():
        try:
            lines.append(case_line(name, values))
        except ValueError:
            continue
    return lines or None


def _reason(error: SqlError | StatementError) -> str:
    return f"{error.message}; {error.hint}" if error.hint else error.message
