"""perfkit twin: production as its planner sees it, on a server of our own, without a row of it."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from perfkit.cli.options import CatalogOptions, OutputOptions, Patterns, ServerOptions, takes
from perfkit.cli.run import GATE_FAILED
from perfkit.cli.session import (
    catalog_from,
    emit,
    leave,
    queries_of,
    server_at,
    server_from,
    settings_from,
    workload_from,
)

if TYPE_CHECKING:
    from perfkit.catalog.draw import Row
    from perfkit.catalog.workload import Workload
    from perfkit.db.server import GuardedServer
    from perfkit.settings import Settings
    from perfkit.twin.build import Change, Database, Twin
    from perfkit.twin.known_texts import KnownTexts
    from perfkit.twin.snapshot import Redaction, Snapshot

app = typer.Typer(
    help="The planner twin: a database's schema, statistics and sizes without its rows, to plan statements on.",
    no_args_is_help=True,
)

SnapshotFile = Annotated[Path, typer.Argument(metavar="FILE", help="What `perfkit twin export` wrote.")]
Directory = Annotated[Path | None, typer.Option("--dir", help="Where twins live; .perfkit by default.")]


@app.command("export")
@takes(server=ServerOptions, out=OutputOptions)
def export(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Where the snapshot goes.")],
    *,
    exact: Annotated[
        bool, typer.Option("--exact", help="Let all values leave the server as they are.")
    ] = False,
    keep: Annotated[
        list[str] | None,
        typer.Option("--keep", metavar="PATTERN", help="Columns that may (schema.table.column, with *)."),
    ] = None,
    queries: Annotated[
        Path | None,
        typer.Option(
            "--queries", "-q", metavar="DIR", help="The catalog; texts that it writes itself are no secret."
        ),
    ] = None,
    server: ServerOptions,
    out: OutputOptions,
) -> None:
    """Write what the planner knows of the database to one file: schema, statistics, sizes, settings; no rows.

    An ordinary read-only role does. Values that may hold text stay on the server, but for texts that the catalog writes
    itself, unless told. The schema goes as it is written, with all constants in it, but without the options and
    passwords of foreign servers.
    """
    from perfkit.files import write_atomically
    from perfkit.report.documents.twin import ExportView, export_document
    from perfkit.twin.codec import encode
    from perfkit.twin.snapshot import Redaction

    settings = settings_from(server, queries=queries)
    redaction = Redaction(values=not exact, kept=tuple(keep or ()), known=_known_texts(settings))
    snapshot = snapshot_from(server_from(settings), redaction)
    content = encode(snapshot)
    write_atomically(file, content)
    view = ExportView(path=file, size_bytes=len(content), knows_catalog=bool(redaction.known.values))
    emit(export_document(snapshot, view), out)


@app.command("build")
def build(file: SnapshotFile, *, directory: Directory = None) -> None:
    """Build the twin and leave it running, to be looked at with psql; stop it with `perfkit twin down`."""
    from perfkit.embedded.postgres import stop_postgres
    from perfkit.twin.build import build as build_twin
    from perfkit.twin.codec import read_snapshot

    snapshot = read_snapshot(file)
    place = settings_from(dir=directory).dir / "twin"
    _forget(place)
    try:
        twin = build_twin(snapshot, place, database())
    except BaseException:
        stop_postgres(place)
        raise
    for note in (*snapshot.data.lacks, *twin.notes):
        typer.echo(f"lacks: {note}")
    typer.echo(f"The twin of {snapshot.database} (PostgreSQL {snapshot.major}) runs: {twin.dsn}")
    typer.echo(
        "Only plan on it (EXPLAIN): it has no rows, and its indexes are hollow. Stop it with: perfkit twin down"
    )


@app.command("down")
def down(*, directory: Directory = None) -> None:
    """Stop the twin that `perfkit twin build` left running, and remove it."""
    place = settings_from(dir=directory).dir / "twin"
    typer.echo("The twin is gone." if _forget(place) else "No twin is here.")


@app.command("explain")
@takes(catalog=CatalogOptions, out=OutputOptions)
def explain(
    file: SnapshotFile,
    patterns: Patterns = None,
    *,
    sql: Annotated[
        str | None, typer.Option("--sql", metavar="SQL", help="Plan this statement instead.")
    ] = None,
    directory: Directory = None,
    catalog: CatalogOptions,
    out: OutputOptions,
) -> None:
    """Plan the catalog, or one statement, on a twin that is built for it and gone after.

    Only written cases are planned: a twin has no rows to draw others from.
    """
    from perfkit.catalog.workload import Workload
    from perfkit.cli.progress import progress_bar
    from perfkit.errors import MeasureError
    from perfkit.plan.runs import Statement
    from perfkit.report.documents.twin import explain_document
    from perfkit.twin.codec import read_snapshot
    from perfkit.twin.compare import Planned, plan_all

    settings = settings_from(catalog, dir=directory)
    snapshot = read_snapshot(file)
    chosen = Workload(cases=(), undrawn=()) if sql else written_workload(settings, patterns)
    with running_twin(snapshot, settings) as (twin, planner):
        if sql:
            statement = Statement(text=sql, types=(), values=(), writes=False, volatile=False)
            planned = {"--sql": Planned(plan=planner.plan(statement))}
        else:
            with progress_bar("plan") as progress:
                planned = plan_all(chosen.cases, planner, progress)
    notes = (*left_out(chosen), *snapshot.data.lacks, *twin.notes)
    emit(explain_document(planned, notes, source=str(file)), out)
    leave(MeasureError.exit_code if all(each.problem for each in planned.values()) else 0)


@app.command("check")
@takes(server=ServerOptions, catalog=CatalogOptions, out=OutputOptions)
def check(
    file: SnapshotFile,
    patterns: Patterns = None,
    *,
    least: Annotated[
        float,
        typer.Option("--fail-under", metavar="PERCENT", help="Exit 1 when fewer plans have the same shape."),
    ] = 0,
    directory: Directory = None,
    server: ServerOptions,
    catalog: CatalogOptions,
    out: OutputOptions,
) -> None:
    """Plan the catalog on a twin and on the server, and compare every node's rows and cost. Nothing is run."""
    from perfkit.cli.progress import progress_bar
    from perfkit.errors import MeasureError
    from perfkit.report.documents.twin import check_document
    from perfkit.twin.codec import read_snapshot
    from perfkit.twin.compare import agreements, plan_all

    settings = settings_from(server, catalog, dir=directory)
    snapshot = read_snapshot(file)
    source = server_from(settings)
    chosen = workload_from(settings, source, patterns).cases
    with running_twin(snapshot, settings) as (twin, planner), progress_bar("plan") as progress:
        found = agreements(chosen, plan_all(chosen, source, progress), plan_all(chosen, planner, progress))
    emit(check_document(found, (*snapshot.data.lacks, *twin.notes), source=str(file)), out)
    planned = [each.same_shape for each in found if each.is_planned]
    if not planned:
        leave(MeasureError.exit_code)
    leave(GATE_FAILED if 100 * sum(planned) / len(planned) < least else 0)


@contextmanager
def running_twin(
    snapshot: "Snapshot", settings: "Settings", change: "Change | None" = None
) -> Iterator[tuple["Twin", "GuardedServer"]]:
    """Yield a twin of the snapshot, after a change if there is one, and the server to plan on, both gone in the end."""
    from perfkit.twin.build import built_twin

    with built_twin(snapshot, settings.dir, database(), change) as twin:
        yield twin, server_at(twin.dsn, settings, allow_superuser=True, allow_writes=True)


def written_workload(settings: "Settings", patterns: Iterable[str] | None) -> "Workload":
    """Return the chosen cases of the catalog that are written; NothingMeasuredError when there are none."""
    from perfkit.catalog.workload import workload
    from perfkit.errors import NothingMeasuredError

    chosen = workload(catalog_from(settings), tuple(patterns or ()), rows=_no_rows, seed=settings.seed)
    if not chosen.cases:
        raise NothingMeasuredError(
            "none of the chosen queries has a written case, and a twin has no rows to draw any",
            hint="write a case with: -- case:",
        )
    return chosen


def _no_rows(_: str) -> Iterable["Row"]:
    from perfkit.errors import StatementError

    raise StatementError("a twin has no rows to draw them from", hint="write a case with: -- case:")


def left_out(chosen: "Workload") -> Iterator[str]:
    """Yield which queries have cases that are drawn, and so not planned on a twin."""
    from perfkit.units import listed

    if names := [each.query.name for each in chosen.undrawn]:
        yield f"a twin has no rows to draw cases from: of {listed(names, 3)} only the written ones are planned"


def snapshot_from(server: "GuardedServer", redaction: "Redaction") -> "Snapshot":
    """Return the snapshot of a server's database."""
    from perfkit.db.copies import read_source
    from perfkit.db.snapshot import read_planner_data
    from perfkit.embedded.schema import dump_schema
    from perfkit.twin.export import snapshot_of

    data = read_planner_data(server.dsn, server.guard, redaction)
    return snapshot_of(read_source(server.dsn), data, dump_schema, is_redacted=redaction.values)


def database() -> "Database":
    """Return what the database room does for a twin."""
    from perfkit.db.connect import connect
    from perfkit.db.twin import forget_ends, restore_planner_data
    from perfkit.db.twin_candidates import make_candidates, size_new_indexes
    from perfkit.twin.build import Database

    return Database(
        connect=connect,
        restore=restore_planner_data,
        forget_ends=forget_ends,
        make_candidates=make_candidates,
        size_new_indexes=size_new_indexes,
    )


def _known_texts(settings: "Settings") -> "KnownTexts":
    """Return the texts that the catalog of the settings writes, none where there is no catalog and none is named."""
    from perfkit.twin.known_texts import KnownTexts, known_texts

    is_default = settings.source_of("queries") == "default"
    if is_default and not queries_of(settings).exists():
        return KnownTexts()
    return known_texts(catalog_from(settings))


def _forget(place: Path) -> bool:
    """Stop and remove the twin in a folder; returns whether there was one. UsageError when it is somebody's own folder."""
    import shutil

    from perfkit.embedded.postgres import has_postgres, stop_postgres
    from perfkit.errors import UsageError

    if not place.exists():
        return False
    if not has_postgres(place) and (not place.is_dir() or any(place.iterdir())):
        raise UsageError(
            f"{place} is no twin that perfkit has built, and is left alone",
            hint="have twins elsewhere: --dir DIR",
        )
    stop_postgres(place)
    shutil.rmtree(place)
    return True
