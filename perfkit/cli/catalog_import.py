"""What `perfkit catalog import` does: read what was counted, make queries of it, try them, and write them."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from perfkit.catalog.harvest.ranking import By
from perfkit.cli.session import queries_of, rule_ids, server_from
from perfkit.errors import NothingMeasuredError, UsageError

if TYPE_CHECKING:
    from perfkit.catalog.harvest.harvest import Manner
    from perfkit.catalog.harvest.log import Logged
    from perfkit.catalog.harvest.model import Counts, Draft, Selection, Unresolved
    from perfkit.catalog.model import Case, Catalog, Query
    from perfkit.db.harvest import HarvestServer
    from perfkit.db.server import GuardedServer
    from perfkit.measure.model import Progress
    from perfkit.plan.tables import Tables
    from perfkit.report.document import Document
    from perfkit.report.documents.catalog_import import ImportView
    from perfkit.settings import Settings

_NOT_IMPORTED = "not-imported.sql.txt"


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportOptions:
    """What the user asked for, as the command line says it."""

    into: Path | None
    top: int
    by: By
    min_calls: int
    parameters: str
    budget: str | None
    force: bool
    dry_run: bool


def run_import(settings: "Settings", options: ImportOptions) -> "Document":
    """Return the document of an import, done; raises NothingMeasuredError when there is nothing to import."""
    from perfkit.catalog.harvest.harvest import harvest
    from perfkit.catalog.harvest.model import Draft
    from perfkit.cli.progress import progress_bar
    from perfkit.indexes.candidates.offer import lookup_in
    from perfkit.report.documents.catalog_import import ImportView, import_document
    from perfkit.units import parse_duration_ms

    if options.budget:
        parse_duration_ms(options.budget)
    _source_of(options.parameters)
    queries = queries_of(settings)
    into = options.into or queries / "imported"
    catalog = _catalog(queries, into)
    source = server_from(settings)
    with _harvesting(source) as (server, counts, tables):
        selection, names = _selection(counts, catalog, tables, options, into)
        manner = _manner(selection, names, tables, options)
        made = harvest(selection.chosen, tables, lookup_in(tables), server, manner, _taken(catalog, into))
        with progress_bar("import") as progress:
            tried = partial(_tried, server, source, into / "imported.sql", settings.seed)
            results = list(_counted(map(tried, made), len(selection.chosen), progress))
    drafts = tuple(each for each in results if isinstance(each, Draft))
    unresolved = (*selection.unreadable, *(each for each in results if not isinstance(each, Draft)))
    if not (drafts or selection.known or unresolved):
        raise NothingMeasuredError(
            "pg_stat_statements has counted nothing that can be measured in this database",
            hint=_nothing_hint(counts),
        )
    view = ImportView(
        counts=counts,
        selection=selection,
        drafts=drafts,
        unresolved=unresolved,
        files={draft.name: into / f"{draft.name}.sql" for draft in drafts},
        weights={query.name: query.weight for query in catalog.queries},
        into=into,
        rest_file=_rest_file(into, unresolved, options),
        dry_run=options.dry_run,
    )
    if not options.dry_run:
        _write(view)
    return import_document(view)


def _nothing_hint(counts: "Counts") -> str:
    if counts.hidden:
        return f"{counts.hidden} statements are hidden: GRANT pg_read_all_stats TO {counts.role}"
    return "let the application run against it for a while, or lower --min-calls"


@contextmanager
def _harvesting(source: "GuardedServer") -> "Iterator[tuple[HarvestServer, Counts, Tables]]":
    from perfkit.db.connect import connected
    from perfkit.db.guard import guarded
    from perfkit.db.harvest import HarvestServer, read_counts
    from perfkit.db.tables import read_tables

    with connected(source.dsn) as connection:
        with guarded(connection, source.guard):
            counts = read_counts(connection)
            tables = read_tables(connection)
        yield HarvestServer(connection=connection, guard=source.guard), counts, tables


def _selection(
    counts: "Counts", catalog: "Catalog", tables: "Tables", options: ImportOptions, into: Path
) -> "tuple[Selection, dict[str, str]]":
    """Return what is to be imported; with --force, what an earlier import wrote too, with its names by fingerprint."""
    from perfkit.catalog.harvest.select import Choice, select

    choice = Choice(top=options.top, by=options.by, min_calls=options.min_calls)
    selection = select(counts.statements, catalog, tables, choice)
    if not options.force:
        return selection, {}
    own = _own_files(catalog, into)
    again = [(each, name) for each, name in selection.known if name in own]
    known = tuple((each, name) for each, name in selection.known if name not in own)
    chosen = (*selection.chosen, *(each for each, _ in again))
    return replace(selection, chosen=chosen, known=known), {each.fingerprint: name for each, name in again}


def _own_files(catalog: "Catalog", into: Path) -> set[str]:
    """Return the queries that are alone in the file of their name in this directory, as an import writes them."""
    paths = [query.path for query in catalog.queries]
    return {
        query.name
        for query in catalog.queries
        if query.path.resolve() == (into / f"{query.name}.sql").resolve() and paths.count(query.path) == 1
    }


def _taken(catalog: "Catalog", into: Path) -> list[str]:
    """Return the names that no new query may get, in lower case: those of queries, and of files that are there."""
    files = into.glob("*.sql") if into.is_dir() else ()
    return [*(query.name.lower() for query in catalog.queries), *(path.stem.lower() for path in files)]


def _counted(
    results: "Iterable[Draft | Unresolved]", total: int, progress: "Progress"
) -> "Iterator[Draft | Unresolved]":
    for done, each in enumerate(results, start=1):
        progress(done, total, getattr(each, "name", ""))
        yield each


def _tried(
    server: "HarvestServer", source: "GuardedServer", path: Path, seed: int, result: "Draft | Unresolved"
) -> "Draft | Unresolved":
    """Return what is left of a draft when it is put to the server."""
    from perfkit.catalog.harvest.model import Draft
    from perfkit.catalog.harvest.verify import verified

    if not isinstance(result, Draft):
        return result
    return verified(result, path, source.rows, partial(_check, server), seed)


def _check(server: "HarvestServer", query: "Query", case: "Case") -> None:
    from perfkit.measure.run import statement_of

    server.check(statement_of(query, case))


def _manner(
    selection: "Selection", names: dict[str, str], tables: "Tables", options: ImportOptions
) -> "Manner":
    from perfkit.catalog.harvest.harvest import Manner
    from perfkit.catalog.harvest.log import Logged

    source, log = _source_of(options.parameters)
    marks = [each.fingerprint for each in selection.chosen]
    return Manner(
        source=source,
        names=names,
        logged=_logged(log, marks, tables) if log else Logged(),
        budget=options.budget or "",
    )


def _source_of(parameters: str) -> tuple[str, Path | None]:
    """Return where values come from and the log's file, if any; UsageError for what is none of the words."""
    from perfkit.catalog.harvest.harvest import DRAWN, LOG, NONE, STATISTICS

    word, _, file = parameters.partition(":")
    if word == "log" and file:
        if not Path(file).is_file():
            raise UsageError(f"there is no log {file}", hint="name a file of the server's log: log:FILE")
        return LOG, Path(file)
    known = {"draw": DRAWN, "stats": STATISTICS, "none": NONE}
    if parameters not in known:
        raise UsageError(f"--parameters {parameters} is not known", hint="draw, stats, log:FILE or none")
    return known[parameters], None


def _logged(path: Path, marks: Sequence[str], tables: "Tables") -> "Logged":
    from perfkit.catalog.harvest.log import read_log
    from perfkit.catalog.harvest.select import mark_of

    with path.open(encoding="utf-8", errors="replace", newline="") as lines:
        return read_log(lines, marks, partial(mark_of, tables=tables), is_csv=path.suffix == ".csv")


def _catalog(queries: Path, into: Path) -> "Catalog":
    """Return all queries of the catalog and of the directory that is written to, be it in the catalog or not."""
    from perfkit.catalog.load import load_catalog
    from perfkit.catalog.model import Catalog

    inside = into.resolve().is_relative_to(queries.resolve())
    found: dict[str, Query] = {}
    for directory in (queries,) if inside else (queries, into):
        if any(directory.rglob("*.sql")):
            found |= {query.name: query for query in load_catalog(directory, rules=rule_ids()).queries}
    return Catalog(queries=tuple(found.values()))


def _rest_file(into: Path, unresolved: "Iterable[Unresolved]", options: ImportOptions) -> Path | None:
    """Return where what is to be completed goes; None when there is nothing, or somebody's work there already."""
    path = into / _NOT_IMPORTED
    return path if any(unresolved) and (options.force or not path.exists()) else None


def _text_of(unresolved: "Unresolved") -> str:
    return unresolved.text or f"{unresolved.candidate.statement};\n"


def _write(view: "ImportView") -> None:
    from perfkit.files import write_all_atomically, write_error

    texts = {view.files[draft.name]: draft.text for draft in view.drafts}
    if view.rest_file:
        parts = (f"-- Not imported: {each.reason}\n{_text_of(each)}" for each in view.unresolved)
        texts[view.rest_file] = "\n".join(parts)
    for path in texts:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise write_error(path, error) from error
    write_all_atomically(texts)
