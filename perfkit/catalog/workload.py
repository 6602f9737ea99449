"""The workload: the cases that names and patterns choose, with the share of its query's weight that each has."""

import difflib
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase

from perfkit.catalog.draw import Row, draw_cases
from perfkit.catalog.header import DRAWN_PREFIX
from perfkit.catalog.model import Case, Catalog, Query
from perfkit.errors import CatalogError, MeasureError, UsageError

_GLOB = re.compile(r"[*?\[]")


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightedCase:
    """A case with its query and its share of the query's weight, in calls per minute."""

    query: Query
    case: Case
    weight: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Undrawn:
    """A query whose cases could not be drawn, and why."""

    query: Query
    error: MeasureError | CatalogError


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """What is to be measured, in the catalog's order, and what should have been."""

    cases: tuple[WeightedCase, ...]
    undrawn: tuple[Undrawn, ...]


def workload(
    catalog: Catalog, patterns: Sequence[str], *, rows: Callable[[str], Iterable[Row]], seed: int
) -> Workload:
    """Return the chosen cases, written and drawn; a query's weight is split evenly over those that were chosen.

    A draw that fails leaves its query the written cases. Raises UsageError for a pattern that chooses nothing.
    """
    cases: list[WeightedCase] = []
    undrawn: list[Undrawn] = []
    for query in select_queries(catalog, patterns):
        try:
            chosen = cases_of(query, patterns, rows, seed)
        except (MeasureError, CatalogError) as error:
            undrawn.append(Undrawn(query=query, error=error))
            chosen = query.cases
        cases += (WeightedCase(query=query, case=case, weight=query.weight / len(chosen)) for case in chosen)
    return Workload(cases=tuple(cases), undrawn=tuple(undrawn))


def select_queries(catalog: Catalog, patterns: Sequence[str]) -> tuple[Query, ...]:
    """Return the queries that any of `patterns` chooses, all when there is none, each with the chosen written cases.

    A pattern is a query's name or a glob (`directory_*`), or one with a case's (`gifts_by_year/largest`). A query whose
    draws may yet make a chosen case keeps them: see `cases_of`. UsageError when a pattern can choose nothing.
    """
    for pattern in patterns:
        if not any(_may_choose(query, pattern) for query in catalog.queries):
            raise _unknown(catalog, pattern)
    chosen = (
        query for query in catalog.queries if not patterns or any(_may_choose(query, p) for p in patterns)
    )
    return tuple(
        replace(
            query, cases=_chosen(query.cases, patterns), draws=query.draws if _drawn(query, patterns) else ()
        )
        for query in chosen
    )


def cases_of(
    query: Query, patterns: Sequence[str], rows: Callable[[str], Iterable[Row]], seed: int
) -> tuple[Case, ...]:
    """Return the chosen cases of a query, written and drawn; `rows` and `seed` are `draw_cases`'s.

    UsageError when a pattern names a case of the query that is not among those drawn either.
    """
    cases = (*query.cases, *(draw_cases(query, rows, seed) if query.draws else ()))
    for pattern in patterns:
        if pattern.startswith(f"{query.name}/") and not _chosen(cases, (pattern,)):
            known = [case.id for case in cases]
            raise UsageError(f"no case {pattern!r}", hint=_suggestion(pattern, known))
    return _chosen(cases, patterns)


def _chosen(cases: Iterable[Case], patterns: Sequence[str]) -> tuple[Case, ...]:
    return tuple(
        case for case in cases if not patterns or any(_chooses(case, pattern) for pattern in patterns)
    )


def _chooses(case: Case, pattern: str) -> bool:
    return fnmatchcase(case.id if "/" in pattern else case.query, pattern)


def _drawn(query: Query, patterns: Sequence[str]) -> bool:
    return not patterns or any(_may_choose_drawn(query, pattern) for pattern in patterns)


def _may_choose(query: Query, pattern: str) -> bool:
    return any(_chooses(case, pattern) for case in query.cases) or _may_choose_drawn(query, pattern)


def _may_choose_drawn(query: Query, pattern: str) -> bool:
    """Return whether the query's draws may make a case that `pattern` chooses, which is known when they are drawn."""
    query_pattern, slash, case_pattern = pattern.partition("/")
    literal = _GLOB.split(case_pattern, maxsplit=1)[0]
    may_be_drawn = (
        not slash
        or literal.startswith(DRAWN_PREFIX)
        or (literal != case_pattern and DRAWN_PREFIX.startswith(literal))
    )
    return bool(query.draws) and may_be_drawn and fnmatchcase(query.name, query_pattern)


def _unknown(catalog: Catalog, pattern: str) -> UsageError:
    if "/" in pattern:
        known = [case.id for query in catalog.queries for case in query.cases]
    else:
        known = [query.name for query in catalog.queries]
    what = "case" if "/" in pattern else "query"
    return UsageError(f"no {what} {pattern!r} in the catalog", hint=_suggestion(pattern, known))


def _suggestion(name: str, known: Sequence[str]) -> str:
    close = difflib.get_close_matches(name, known, n=1)
    return f"did you mean {close[0]!r}?" if close else "`perfkit catalog list` names them"
