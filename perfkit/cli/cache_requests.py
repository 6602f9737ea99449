"""The requests of a cache bench: drawn from the catalog on its server, or recorded, and why queries are left out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from perfkit.cli.session import catalog_from, demo_of
from perfkit.errors import MeasureError, NothingMeasuredError

if TYPE_CHECKING:
    from perfkit.bench.cache.stream import Shape, Source, Stream
    from perfkit.catalog.model import Case, Query
    from perfkit.db.server import GuardedServer
    from perfkit.plan.model import Plan
    from perfkit.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """The stream, and why queries are left out of it."""

    stream: "Stream"
    left_out: Mapping[str, str]


def write_share_of(settings: "Settings", given: float | None) -> float | None:
    """Return the share of writes; not given it is the catalog's on the demo (None), and 0 elsewhere, where nobody asked for it."""
    return given if given is not None or demo_of(settings) else 0.0


def drawn_requests(
    settings: "Settings",
    server: "GuardedServer",
    patterns: Sequence[str] | None,
    shape: "Shape",
    *,
    requests: int,
    keys: int,
) -> Drawn:
    """Return requests drawn from the chosen queries of the catalog; NothingMeasuredError when there is none to be read."""
    from perfkit.bench.cache.requests import cases_to_cache, sources_of
    from perfkit.bench.cache.stream import draw_stream
    from perfkit.catalog.workload import select_queries

    catalog = catalog_from(settings)
    chosen = select_queries(catalog, tuple(patterns or ()))
    # Writes end entries whichever queries were chosen.
    queries = (*chosen, *(each for each in catalog.queries if _writes(each) and each not in chosen))
    cases = cases_to_cache(queries, rows=server.rows, seed=settings.seed, most=keys)
    tables, left_out = _tables(server, queries, cases)
    sources, names = sources_of(queries, cases, tables)
    sources, failing = _without_failing(server, sources)
    if not any(source.keys for source in sources):
        raise NothingMeasuredError(
            f"there is no query to cache: {next(iter((left_out | failing).values()), 'the catalog has none that reads')}",
            hint="see: perfkit catalog list",
        )
    stream = draw_stream(sources, names, requests=requests, shape=shape)
    return Drawn(stream=stream, left_out=left_out | failing)


def recorded_requests(
    settings: "Settings", server: "GuardedServer", trace: Path, *, write_share: float | None
) -> Drawn:
    """Return the requests of a trace, without its writes when their share is 0.

    UsageError when it has no read of the catalog's queries.
    """
    from perfkit.bench.cache.requests import recorded_stream
    from perfkit.bench.cache.trace import read_trace
    from perfkit.catalog.model import Case

    queries = {query.name: query for query in catalog_from(settings).queries}
    calls = read_trace(trace, queries)
    unwritten: dict[str, str] = {}
    if write_share == 0:
        writing = {call.query for call in calls if _writes(queries[call.query])}
        unwritten = dict.fromkeys(
            sorted(writing), "it writes; with --writes its calls go to a scratch schema that is dropped after"
        )
        calls = tuple(call for call in calls if call.query not in writing)
    cases = {
        call.query: (Case(query=call.query, name="recorded", values=call.values, line=0),) for call in calls
    }
    tables, left_out = _tables(server, [queries[name] for name in cases], cases)
    return Drawn(stream=recorded_stream(calls, queries, tables), left_out=left_out | unwritten)


def _writes(query: "Query") -> bool:
    return "write" in query.allowed


def _tables(
    server: "GuardedServer", queries: Sequence["Query"], cases: Mapping[str, Sequence["Case"]]
) -> tuple[dict[str, frozenset[str]], dict[str, str]]:
    """Return the tables of each query that can be planned, and why others cannot."""
    from perfkit.cli.progress import progress_bar
    from perfkit.db.cache_reader import tables_of
    from perfkit.db.connect import connected
    from perfkit.db.guard import guarded
    from perfkit.measure.run import statement_of

    plans: dict[str, Plan] = {}
    problems: dict[str, str] = {}
    with progress_bar("plan") as progress:
        for number, query in enumerate(queries):
            progress(number, len(queries), query.name)
            if query.name not in cases:
                problems[query.name] = "it has no cases here"
                continue
            try:
                plans[query.name] = server.plan(statement_of(query, cases[query.name][0]))
            except MeasureError as error:
                problems[query.name] = error.message
    with connected(server.dsn) as connection, guarded(connection, server.guard):
        return tables_of(connection, plans), problems


def _without_failing(
    server: "GuardedServer", sources: Sequence["Source"]
) -> tuple[tuple["Source", ...], dict[str, str]]:
    from perfkit.bench.cache.learn import failing
    from perfkit.db.cache_reader import CachedDatabase

    database = CachedDatabase(server.dsn, server.guard, None)
    try:
        problems = failing((source.keys[0] for source in sources if source.keys), database)
    finally:
        database.close()
    kept = tuple(each for each in sources if not each.keys or each.keys[0].query not in problems)
    return kept, problems
