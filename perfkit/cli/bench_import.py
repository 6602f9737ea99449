"""perfkit bench import: ways of importing compared on a table's own definition, and what becomes of every record of a file."""

import shutil
import sys
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from perfkit.cli.import_options import TABLE, SourceOptions, TrialOptions
from perfkit.cli.options import OutputOptions, ServerOptions, takes, writable
from perfkit.cli.run import GATE_FAILED
from perfkit.cli.session import chance_of, emit, leave, server_from, settings_from
from perfkit.errors import GuardError, NothingMeasuredError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from perfkit.bench.imports.accounts import Accounts
    from perfkit.bench.imports.files import CleanFile
    from perfkit.bench.imports.model import Comparison
    from perfkit.bench.imports.recommend import Recommendation
    from perfkit.bench.imports.reject import Reject
    from perfkit.db.importing.stage import Stage
    from perfkit.db.server import GuardedServer
    from perfkit.report.documents.bench_import import ImportView
    from perfkit.settings import Settings

_DEMO_TABLE = "alumni.people"
_STDIN = "-"
File = Annotated[
    str | None,
    typer.Argument(
        metavar="[FILE|-]",
        help="CSV with a header, or gzip of it; - is standard input. Without it, rows of the table.",
    ),
]
Plot = Annotated[
    Path | None,
    typer.Option(
        "--plot", metavar="FILE.svg", callback=writable, help="Draw records a second against the batch."
    ),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """What a bench found: the comparison and, of a file, what became of its records."""

    comparison: "Comparison"
    recommended: "Recommendation"
    accounts: "Accounts | None"
    clean: "CleanFile"
    table: str
    notes: tuple[str, ...]


@takes(source=SourceOptions, trials=TrialOptions, server=ServerOptions, out=OutputOptions)
def import_(
    file: File = None,
    *,
    plot: Plot = None,
    source: SourceOptions,
    trials: TrialOptions,
    server: ServerOptions,
    out: OutputOptions,
) -> None:
    """Compare ways of importing into a table, say where the time goes, and account for every record of a file.

    Works on a scratch copy of the table with its constraints, indexes, triggers and foreign keys; all is rolled back and
    dropped, also when it is killed. Exit 1 when the target (import_target) is missed.
    """
    from perfkit.bench.environment import environment_of
    from perfkit.bench.imports.result import result_of
    from perfkit.cli.bench import keep
    from perfkit.report.documents.bench_import import ImportView, import_document

    settings = settings_from(server, seed=trials.seed, allow_writes=trials.allow_writes)
    guarded = server_from(settings)
    _refuse(file, source, guarded)
    found = _measured(settings, guarded, file, source, trials)
    result = result_of(
        found.comparison,
        found.recommended,
        accounts=found.accounts,
        at=datetime.now(UTC),
        environment=environment_of(guarded),
        options=_options(found, source, trials, guarded),
    )
    view = ImportView(
        table=found.table,
        into=source.into,
        target_ms=settings.import_target_ms,
        accounts=found.accounts,
        reject_file=str(source.reject_file or ""),
        notes=found.notes,
    )
    keep(settings, result)
    _plot(plot, found, view)
    emit(import_document(result, found.comparison, found.recommended, view), out)
    leave(GATE_FAILED if found.recommended.tried.median_ms > settings.import_target_ms else 0)


def _refuse(file: str | None, source: SourceOptions, server: "GuardedServer") -> None:
    """Raise for what cannot be, before anything is made."""
    if file is None and (source.map or source.set or source.reject_file):
        raise UsageError(
            "--map, --set and --reject-file are for a file", hint="name it: perfkit bench import FILE"
        )
    if source.into != TABLE:
        return
    if file is None:
        raise UsageError("the table's own rows cannot be imported into it again", hint="name a file")
    if not server.guard.allow_writes:
        raise GuardError(
            "--into table writes to the table; it is rolled back, but leaves dead rows and used sequence numbers",
            hint="allow it: --allow-writes",
        )


def _measured(
    settings: "Settings",
    server: "GuardedServer",
    file: str | None,
    source: SourceOptions,
    trials: TrialOptions,
) -> _Found:
    from perfkit.db.importing.stage import import_stage

    with import_stage(server.dsn, server.guard, source.table or _DEMO_TABLE) as stage:
        accounts, clean = None, None
        rows = trials.wishes.rows
        if file is None:
            clean = stage.sampled(rows=rows, seed=settings.seed)
        else:
            accounts, clean = _accounted(stage, file, source, rows)
        comparison = _compared(stage, clean, settings, source, trials)
        return _Found(
            comparison=comparison,
            recommended=_recommended(comparison, accounts, source),
            accounts=accounts,
            clean=clean,
            table=stage.table.qualified_name,
            notes=_notes(stage, clean, rows, source, accounts),
        )


def _accounted(stage: "Stage", file: str, source: SourceOptions, rows: int) -> tuple["Accounts", "CleanFile"]:
    """Import the file once, and return what became of its records, and those that the ways are compared with."""
    from perfkit.bench.imports.reject import write_rejects
    from perfkit.bench.imports.source import Source
    from perfkit.cli.progress import progress_bar
    from perfkit.db.importing.validated import Manner
    from perfkit.files import writing_atomically

    path = Path(file)
    if file == _STDIN:
        # It is read twice.
        path = stage.run.folder / "stdin"
        with path.open("wb") as spool:
            shutil.copyfileobj(sys.stdin.buffer, spool)
    whole = Source(
        path=path,
        name="standard input" if file == _STDIN else file,
        delimiter=source.separator,
        encoding=source.encoding,
    )
    manner = Manner(
        target=stage.scratch,
        mapping=source.mapping,
        values=source.values,
        key=source.key_columns,
        dates=source.dates.upper(),
        store_formulas=source.formulas == "store",
    )

    def tell(rejects: "Iterable[Reject]") -> None:
        assert source.reject_file is not None
        with writing_atomically(source.reject_file) as stream:
            write_rejects(stream, rejects)

    with progress_bar("import") as progress:
        progress(0, 1, f"checking and storing {whole.name}")
        return stage.accounted(
            whole,
            manner,
            rows=rows,
            into_table=source.into == TABLE,
            tell=tell if source.reject_file else None,
        )


def _compared(
    stage: "Stage",
    clean: "CleanFile",
    settings: "Settings",
    source: SourceOptions,
    trials: TrialOptions,
) -> "Comparison":
    from perfkit.bench.imports.compare import compare
    from perfkit.bench.imports.plan import impossible, trials_of
    from perfkit.cli.progress import progress_bar

    wishes = replace(trials.wishes, rows=clean.rows)
    skipped = impossible(
        server_version=stage.server_version,
        not_binary=stage.not_binary(clean),
        updates=source.into == TABLE and bool(source.key),
    )
    chosen = trials_of(wishes, skipped)
    if not chosen:
        raise NothingMeasuredError("no way of importing can be tried here", hint="; ".join(skipped.values()))
    into_table = source.into == TABLE
    # An index of the table itself is not taken away, not even for a moment.
    parts = () if trials.no_parts or into_table else stage.parts
    with progress_bar("import") as progress:
        comparison = compare(
            stage.ground(clean, into_table=into_table, key=source.key_columns),
            chosen,
            parts,
            rounds=trials.rounds,
            chance=chance_of(settings),
            progress=progress,
        )
    return replace(
        comparison, skipped={way: why for way, why in skipped.items() if way in trials.wishes.ways}
    )


def _recommended(
    comparison: "Comparison", accounts: "Accounts | None", source: SourceOptions
) -> "Recommendation":
    from perfkit.bench.imports.recommend import recommend

    needs_checks = bool(source.key) or (accounts is not None and accounts.rejects > 0)
    recommended = recommend(comparison.tried, needs_checks=needs_checks)
    if recommended is None:
        raise NothingMeasuredError(
            "nothing was tried that can be recommended",
            hint="on-error leaves records out without a word: name another way in --ways",
        )
    return recommended


def _notes(
    stage: "Stage", clean: "CleanFile", wanted: int, source: SourceOptions, accounts: "Accounts | None"
) -> tuple[str, ...]:
    notes = []
    if clean.rows < wanted:
        notes.append(f"the ways were compared with {clean.rows:,} records, not {wanted:,}")
    if source.into != TABLE:
        notes += [
            *stage.notes,
            "the scratch copy is empty before each import: indexes of a large table take longer to keep",
        ]
        if accounts:
            notes.append(
                "unique values of stored rows were not looked at: no record updates a row, or is rejected as taken;"
                " --into table looks at them"
            )
    return tuple(notes)


def _options(
    found: _Found, source: SourceOptions, trials: TrialOptions, server: "GuardedServer"
) -> dict[str, str]:
    """Return what makes two results comparable."""
    return {
        "table": found.table,
        "records": str(found.clean.rows),
        "source": "sample" if found.accounts is None else "file",
        "into": source.into,
        "triggers": "yes" if server.guard.allow_writes else "no",
        "key": ",".join(source.key_columns),
        "ways": ",".join(trials.wishes.ways),
    }


def _plot(plot: Path | None, found: _Found, view: "ImportView") -> None:
    from perfkit.files import write_atomically
    from perfkit.report.chart import draw
    from perfkit.report.documents.bench_import import import_chart

    if plot:
        write_atomically(plot, draw(import_chart(found.comparison, view)))
