"""The requests of a cache bench: drawn from the catalog on its server, or recorded, and why queries are left out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from perfkit.cli.session import catalog_from, demo_of
from perfkit.errors import MeasureError, NothingMeasuredError, StatementError

if TYPE_CHECKING:
    from perfkit.bench.cache.stream import Key, Shape, Source, Stream
    from perfkit.catalog.model import Case, Query
    from perfkit.db.server import GuardedServer
    from perfkit.plan.model import Plan
    from perfkit.settings import Settings

_NO_PRIVILEGE = "42501"
# Each query is asked once, by as many at once as the runs have clients.
_CHECKERS = 2
_PRIVILEGES = ("INSERT", "UPDATE", "DELETE")


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """The stream, why queries are left out of it, and which writes it could not have."""

    stream: "Stream"
    left_out: Mapping[str, str]
    notes: tuple[str, ...]


@dataclass(slots=True, kw_only=True)
class _Planned:
    """The tables of each query that can be planned, why others cannot, and what is told of writes among those.

    `unseen` are the tables that such writes name.
    """

    tables: dict[str, frozenset[str]] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)
    unseen: set[str] = field(default_factory=set)
    notes: list[str] = field(default_factory=list)


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
    planned = _planned(server, queries, cases)
    sources, names = sources_of(queries, cases, planned.tables)
    sources, failing = _without_failing(server, sources)
    left_out = planned.left_out | failing
    if not any(source.keys for source in sources):
        raise NothingMeasuredError(
            f"there is no query to cache: {next(iter(left_out.values()), 'the catalog has none that reads')}",
            hint="see: perfkit catalog list",
        )
    if shape.write_share == 0:
        _leave_out_writes(planned, queries)
    stream = draw_stream(sources, names, requests=requests, shape=shape)
    return Drawn(stream=_marked(stream, planned), left_out=left_out, notes=tuple(planned.notes))


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
    cases = {
        call.query: (Case(query=call.query, name="recorded", values=call.values, line=0),) for call in calls
    }
    planned = _planned(server, [queries[name] for name in cases], cases)
    if write_share == 0:
        writing = [queries[name] for name in sorted(cases) if _writes(queries[name])]
        _leave_out_writes(planned, writing)
        why = "it writes; with --writes its calls go to a scratch schema that is dropped after"
        planned.left_out |= {query.name: why for query in writing}
        calls = tuple(call for call in calls if not _writes(queries[call.query]))
    stream = recorded_stream(calls, queries, planned.tables)
    return Drawn(stream=_marked(stream, planned), left_out=planned.left_out, notes=tuple(planned.notes))


def _marked(stream: "Stream", planned: _Planned) -> "Stream":
    """Return the stream with the tables whose writes it does not have."""
    unseen = frozenset(number for number, name in enumerate(stream.tables) if name in planned.unseen)
    return replace(stream, unseen=unseen)


def _leave_out_writes(planned: _Planned, queries: Sequence["Query"]) -> None:
    """Take down that the writes are not among the requests, since nobody asked for them."""
    changed = {table for query in queries if _writes(query) for table in planned.tables.get(query.name, ())}
    if changed:
        planned.unseen |= changed
        planned.notes.append(
            "The catalog's writes are not among the requests: --writes SHARE makes them, to versions in a scratch schema."
        )


def _writes(query: "Query") -> bool:
    return "write" in query.allowed


def _planned(
    server: "GuardedServer", queries: Sequence["Query"], cases: Mapping[str, Sequence["Case"]]
) -> _Planned:
    """Return what planning the queries tells; nothing of them is run."""
    from perfkit.cli.progress import progress_bar
    from perfkit.db.cache_reader import tables_of
    from perfkit.db.connect import connected
    from perfkit.db.guard import guarded
    from perfkit.measure.run import statement_of

    found = _Planned()
    plans: dict[str, Plan] = {}
    refused: list[tuple[Query, MeasureError]] = []
    with progress_bar("plan") as progress:
        for number, query in enumerate(queries):
            progress(number, len(queries), query.name)
            if query.name not in cases:
                found.left_out[query.name] = "it has no cases here"
                continue
            try:
                plans[query.name] = server.plan(statement_of(query, cases[query.name][0]))
            except MeasureError as error:
                found.left_out[query.name] = error.message
                if _writes(query):
                    refused.append((query, error))
    with connected(server.dsn) as connection, guarded(connection, server.guard):
        found.tables = tables_of(connection, plans)
    for query, problem in refused:
        _note_refused(found, server, query, problem)
    return found


def _note_refused(found: _Planned, server: "GuardedServer", query: "Query", error: MeasureError) -> None:
    """Take down that a write could not be planned: which tables it changes is known by name alone."""
    from perfkit.db.cache_reader import command_and_tables
    from perfkit.db.connect import connected
    from perfkit.db.guard import guarded

    try:
        with connected(server.dsn) as connection, guarded(connection, server.guard):
            command, named = command_and_tables(connection, query.statement)
    except MeasureError:
        # Its names cannot be looked up either: it may change any.
        command, named = "", frozenset[str]().union(*found.tables.values())
    found.unseen |= named
    note = f"Writes of {query.name} could not be seen: {error.message}."
    if isinstance(error, StatementError) and error.sqlstate == _NO_PRIVILEGE and named:
        privileges = command if command in _PRIVILEGES else ", ".join(_PRIVILEGES)
        tables = ", ".join(sorted(named))
        note += f" To be planned, for it is never run, it needs: GRANT {privileges} ON {tables} TO this role."
    found.notes.append(note)


def _without_failing(
    server: "GuardedServer", sources: Sequence["Source"]
) -> tuple[tuple["Source", ...], dict[str, str]]:
    from concurrent.futures import ThreadPoolExecutor

    first = [source.keys[0] for source in sources if source.keys]
    with ThreadPoolExecutor(_CHECKERS) as pool:
        parts = list(pool.map(partial(_failing, server), (first[n::_CHECKERS] for n in range(_CHECKERS))))
    problems = {query: why for part in parts for query, why in part.items()}
    kept = tuple(each for each in sources if not each.keys or each.keys[0].query not in problems)
    return kept, problems


def _failing(server: "GuardedServer", keys: Sequence["Key"]) -> dict[str, str]:
    from perfkit.bench.cache.learn import failing
    from perfkit.db.cache_reader import CachedDatabase

    database = CachedDatabase(server.dsn, server.guard, None)
    try:
        return failing(keys, database)
    finally:
        database.close()
