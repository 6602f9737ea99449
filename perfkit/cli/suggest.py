"""perfkit suggest: indexes to create and to drop for the catalog, judged on a twin, without touching the database."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from perfkit.cli.options import (
    MEASURING,
    CatalogOptions,
    Copies,
    MeasureOptions,
    OutputOptions,
    Patterns,
    ServerOptions,
    takes,
)
from perfkit.cli.session import (
    emit,
    server_from,
    settings_from,
    side_from,
)
from perfkit.cli.twin import database, snapshot_from

if TYPE_CHECKING:
    from perfkit.catalog.workload import Workload
    from perfkit.indexes.advise import Advice, Planner
    from perfkit.indexes.gather import Gathered
    from perfkit.indexes.verify import Verified
    from perfkit.plan.tables import Tables
    from perfkit.settings import Settings
    from perfkit.twin.build import Twin
    from perfkit.twin.snapshot import Snapshot


@takes(**MEASURING, out=OutputOptions)
def suggest(
    patterns: Patterns = None,
    *,
    budget: Annotated[
        str | None,
        typer.Option("--budget", metavar="SIZE", help="What the new indexes may take, such as 200MB."),
    ] = None,
    write_limit: Annotated[
        str | None,
        typer.Option(
            "--write-limit", metavar="TIME", help="What writes may take longer a minute, such as 100ms."
        ),
    ] = None,
    time_limit: Annotated[
        str | None, typer.Option("--time-limit", metavar="TIME", help="How long to search, such as 20s.")
    ] = None,
    verify: Annotated[
        bool,
        typer.Option("--verify", help="Build them on a copy, measure, and keep what is measured to help."),
    ] = False,
    copies: Copies = None,
    sql: Annotated[
        Path | None, typer.Option("--sql", metavar="FILE", help="Write the statements to a file of SQL too.")
    ] = None,
    server: ServerOptions,
    catalog: CatalogOptions,
    measuring: MeasureOptions,
    out: OutputOptions,
) -> None:
    """Say which indexes to create and to drop for the catalog, what each is worth, and why a case got none.

    The catalog is measured as `perfkit analyze` does it; what an index would change is asked of the planner of a twin.
    The database is only read. Make them with `perfkit apply`.
    """
    from perfkit.cli.progress import progress_bar
    from perfkit.db.connect import connected
    from perfkit.db.guard import guarded
    from perfkit.db.tables import read_tables
    from perfkit.files import write_atomically
    from perfkit.indexes.advise import advise
    from perfkit.indexes.gather import gather
    from perfkit.indexes.search import Limits
    from perfkit.measure.run import measure
    from perfkit.report.documents.suggest import suggest_document
    from perfkit.report.documents.suggest_statements import script
    from perfkit.report.documents.suggest_view import SuggestView
    from perfkit.twin.snapshot import Redaction
    from perfkit.units import parse_duration_ms, parse_size_bytes

    limits = Limits(
        budget_bytes=parse_size_bytes(budget) if budget else None,
        write_ms_per_minute=parse_duration_ms(write_limit) if write_limit else None,
        time_s=parse_duration_ms(time_limit) / 1000 if time_limit else None,
    )
    settings = settings_from(server, catalog, measuring)
    source = server_from(settings)
    side = side_from(settings, patterns)
    with progress_bar("measure") as progress:
        analysis = measure(side.workload, source, side.manner, progress)
    with connected(source.dsn) as connection, guarded(connection, source.guard):
        tables = read_tables(connection)
    gathered = gather(analysis.results, tables)
    # It never leaves this machine, and is gone with the run.
    snapshot = snapshot_from(source, Redaction(values=False))
    with _planner(snapshot, gathered, tables, side.workload, settings) as (planner, twin):
        began = time.perf_counter()
        advice = advise(gathered, tables, planner, limits, time.monotonic)
        view = SuggestView(
            notes=(*snapshot.data.lacks, *twin.notes), search_ms=(time.perf_counter() - began) * 1000
        )
    verified = _verified(settings, patterns, advice, copies) if verify else None
    if sql:
        write_atomically(sql, script(advice, verified))
    emit(suggest_document(advice, view, verified), out)


def _verified(
    settings: "Settings", patterns: list[str] | None, advice: "Advice", copies: str | None
) -> "Verified":
    """Return what is left of the advice when it is measured on two copies, one with its changes and one without."""
    from perfkit.cli.verify import verified
    from perfkit.indexes.advise import changes_of

    return verified(
        settings,
        server_from(settings),
        changes_of(advice),
        patterns=patterns,
        needs=advice.needs,
        copies=copies,
    )


@contextmanager
def _planner(
    snapshot: "Snapshot",
    gathered: "Gathered",
    tables: "Tables",
    workload: "Workload",
    settings: "Settings",
) -> Iterator[tuple["Planner", "Twin"]]:
    """Yield what answers what-if on a twin that has all candidates, and the twin; both are gone in the end."""
    from perfkit.db.connect import connected
    from perfkit.db.whatif import TwinWhatIf
    from perfkit.indexes.advise import Planner, to_plan
    from perfkit.measure.run import statement_of
    from perfkit.twin.build import add_candidates, built_twin

    statements = {each.case.id: statement_of(each.query, each.case) for each in workload.cases}
    statements |= gathered.lookups
    with built_twin(snapshot, settings.dir, database()) as bare:
        twin, made = add_candidates(bare, to_plan(gathered, tables), gathered.needs, database())
        with connected(twin.dsn) as connection:
            refused = {each.definition: each.problem for each in made if each.problem}
            yield Planner(what_if=TwinWhatIf(connection, made, statements), refused=refused), twin
