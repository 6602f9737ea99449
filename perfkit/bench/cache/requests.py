"""Requests: what the catalog's queries give to a stream, drawn by their weights or as they were recorded."""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from perfkit.bench.cache.stream import Key, Source, Stream
from perfkit.catalog.draw import Row
from perfkit.catalog.model import Case, Query
from perfkit.catalog.workload import cases_of
from perfkit.errors import CatalogError, MeasureError, UsageError
from perfkit.measure.run import statement_of

Tables = Mapping[str, frozenset[str]]
"""The tables that each query reads, or a write changes, by the query's name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A recorded call: the query's name, and its values; `at` is in seconds, None where it was not recorded."""

    query: str
    values: Mapping[str, str | None]
    at: float | None = None


def cases_to_cache(
    queries: Iterable[Query], *, rows: Callable[[str], Iterable[Row]], seed: int, most: int
) -> dict[str, tuple[Case, ...]]:
    """Return the cases of each query that has any, written and drawn, with up to `most` of each draw.

    A draw that fails leaves its query the written cases.
    """
    found: dict[str, tuple[Case, ...]] = {}
    for query in queries:
        more = replace(query, draws=tuple(replace(draw, count=max(draw.count, most)) for draw in query.draws))
        try:
            cases = cases_of(more, (), rows, seed)
        except (MeasureError, CatalogError):
            cases = query.cases
        if cases:
            found[query.name] = cases
    return found


def sources_of(
    queries: Sequence[Query], cases: Mapping[str, Sequence[Case]], tables: Tables
) -> tuple[tuple[Source, ...], tuple[str, ...]]:
    """Return what the stream is drawn from, and the names of its tables."""
    names = _table_names(tables)
    sources = tuple(
        Source(
            keys=()
            if _writes(query)
            else tuple(_key(query, case, tables, names) for case in cases[query.name]),
            tables=_numbers(tables[query.name], names),
            per_minute=query.weight,
        )
        for query in queries
        if query.name in cases and query.name in tables and query.weight > 0
    )
    return sources, names


def recorded_stream(calls: Sequence[Call], queries: Mapping[str, Query], tables: Tables) -> Stream:
    """Return the stream of recorded calls; those of queries that could not be planned are left out.

    Without times, requests come at the rate of the catalog's weights. UsageError when nothing is left.
    """
    names = _table_names(tables)
    keys: dict[str, int] = {}
    found: list[Key] = []
    writes: dict[tuple[int, ...], int] = {}
    events: list[int] = []
    for call in calls:
        query = queries[call.query]
        if query.name not in tables:
            continue
        if _writes(query):
            changed = _numbers(tables[query.name], names)
            events.append(-1 - writes.setdefault(changed, len(writes)))
            continue
        case = Case(query=query.name, name="recorded", values=call.values, line=query.line)
        key = _key(query, case, tables, names)
        if key.name not in keys:
            keys[key.name] = len(found)
            found.append(key)
        events.append(keys[key.name])
    if not found:
        raise UsageError("the trace has no read of a query of the catalog", hint="see: perfkit catalog list")
    return Stream(
        tables=names,
        keys=tuple(found),
        writes=tuple(writes),
        events=tuple(events),
        per_minute=_rate(calls) or sum(query.weight for query in queries.values() if query.name in tables),
    )


def _rate(calls: Sequence[Call]) -> float | None:
    times = [call.at for call in calls if call.at is not None]
    span = max(times) - min(times) if times else 0.0
    return 60 * len(times) / span if span > 0 else None


def _table_names(tables: Tables) -> tuple[str, ...]:
    return tuple(sorted({name for names in tables.values() for name in names}))


def _numbers(tables: Iterable[str], names: Sequence[str]) -> tuple[int, ...]:
    return tuple(sorted(names.index(table) for table in tables))


def _writes(query: Query) -> bool:
    return "write" in query.allowed


def _key(query: Query, case: Case, tables: Tables, names: Sequence[str]) -> Key:
    values = repr([case.values[param.name] for param in query.params])
    digest = hashlib.blake2b(values.encode("utf-8", "surrogateescape"), digest_size=8).hexdigest()
    return Key(
        query=query.name,
        name=f"{query.name}:{digest}",
        statement=statement_of(query, case),
        tables=_numbers(tables[query.name], names),
    )
