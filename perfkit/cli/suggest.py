"""perfkit suggest: indexes to create and to drop for the catalog, without a change to the database."""

import time
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from perfkit.cli.change_options import ScratchCopies
from perfkit.cli.ground import HYPOPG, TWIN, Ground, measured_ground, snapshot_ground, with_counted_weights
from perfkit.cli.options import (
    MEASURING,
    BaselineDirectory,
    Calls,
    CatalogOptions,
    MeasureOptions,
    OutputOptions,
    Patterns,
    ServerOptions,
    SqlFile,
    takes,
)
from perfkit.cli.session import (
    emit,
    server_from,
    settings_from,
)
from perfkit.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from perfkit.indexes.advise import Advisor
    from perfkit.indexes.search import Limits
    from perfkit.indexes.verify import Verified
    from perfkit.report.documents.suggest_view import SuggestView
    from perfkit.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class GroundOptions:
    """What the advice stands on: a server that is measured, or a snapshot; and who is asked what if."""

    twin: Annotated[
        Path | None,
        typer.Option(
            "--twin",
            metavar="FILE",
            help="Advise from a snapshot (perfkit twin export): no database is asked.",
        ),
    ] = None
    baseline: Annotated[
        str | None,
        typer.Option("--baseline", metavar="NAME", help="With --twin: take the times from this baseline."),
    ] = None
    what_if: Annotated[
        str,
        typer.Option(
            "--what-if",
            metavar="twin|hypopg",
            help="Whose planner is asked: a twin's, or the server's by HypoPG.",
        ),
    ] = TWIN

    def __post_init__(self) -> None:
        """Raise UsageError when they do not go together."""
        if self.what_if not in (TWIN, HYPOPG):
            raise UsageError(f"--what-if must be one of {TWIN}, {HYPOPG}, not {self.what_if!r}")
        if self.twin and self.what_if == HYPOPG:
            raise UsageError("--twin has a planner of its own: HypoPG is asked on a server")
        if self.baseline and not self.twin:
            raise UsageError(
                "--baseline has the times for a snapshot; a server is measured", hint="name it: --twin FILE"
            )


@takes(ground=GroundOptions, **MEASURING, out=OutputOptions)
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
    copies: ScratchCopies = None,
    sql: SqlFile = None,
    calls: Calls = None,
    baselines: BaselineDirectory = None,
    ground: GroundOptions,
    server: ServerOptions,
    catalog: CatalogOptions,
    measuring: MeasureOptions,
    out: OutputOptions,
) -> None:
    """Say which indexes to create and to drop for the catalog, what each is worth, and why a case got none.

    The catalog is measured as `perfkit analyze` does it; what an index would change is asked of the planner of a twin.
    The database is only read. Make them with `perfkit apply`. Exit 3 when no case could be measured.
    """
    from perfkit.files import write_atomically
    from perfkit.report.documents.suggest import suggest_document
    from perfkit.report.documents.suggest_statements import script

    limits = _limits(budget, write_limit, time_limit)
    settings = settings_from(server, catalog, measuring, calls=calls, baselines=baselines)
    _refuse(ground, settings, verify=verify, copies=copies)
    counted = server_from(settings).calls_per_minute() if settings.calls == "counted" else None
    verified = None
    with (
        _ground(settings, patterns, ground) as found,
        _advised(found if counted is None else with_counted_weights(found, counted), limits) as (
            advisor,
            view,
        ),
    ):
        if verify:
            verified = _verified(settings, patterns, advisor, copies)
    advice = advisor.advice
    if sql:
        write_atomically(sql, script(advice, verified))
    emit(suggest_document(advice, view, verified), out)


def _limits(budget: str | None, write_limit: str | None, time_limit: str | None) -> "Limits":
    from perfkit.indexes.search import Limits
    from perfkit.units import parse_duration_ms, parse_size_bytes

    return Limits(
        budget_bytes=parse_size_bytes(budget) if budget else None,
        write_ms_per_minute=parse_duration_ms(write_limit) if write_limit else None,
        time_s=parse_duration_ms(time_limit) / 1000 if time_limit else None,
    )


def _refuse(ground: GroundOptions, settings: "Settings", *, verify: bool, copies: str | None) -> None:
    """Raise UsageError for what a snapshot cannot do, and for copies that nobody makes."""
    if copies and not verify:
        raise UsageError("--copies says how to copy for a verification", hint="ask for it: --verify")
    if ground.twin and verify:
        raise UsageError(
            "--verify measures on copies of a database, and a snapshot has no rows",
            hint="verify what was suggested where there are some: perfkit apply --verify FILE",
        )
    if ground.twin and settings.calls == "counted":
        raise UsageError("calls are counted by a server, and --twin asks none", hint="leave --calls out")


def _ground(
    settings: "Settings", patterns: "Sequence[str] | None", options: GroundOptions
) -> AbstractContextManager[Ground]:
    if options.twin:
        return snapshot_ground(settings, patterns, options.twin, options.baseline)
    return measured_ground(settings, patterns, what_if=options.what_if)


@contextmanager
def _advised(ground: Ground, limits: "Limits") -> "Iterator[tuple[Advisor, SuggestView]]":
    """Yield who has given advice and can be asked for other, and what to tell beside it."""
    from perfkit.indexes.advise import Advisor
    from perfkit.indexes.gather import gather
    from perfkit.report.documents.suggest_view import SuggestView

    gathered = gather(ground.results, ground.tables)
    with ground.what_if(gathered) as planner:
        began = time.perf_counter()
        advisor = Advisor(gathered, ground.tables, planner, limits, time.monotonic)
        view = SuggestView(
            notes=ground.notes,
            search_ms=(time.perf_counter() - began) * 1000,
            times=ground.times,
            estimated=ground.estimated,
            unmeasured=ground.unmeasured,
        )
        yield advisor, view


def _verified(
    settings: "Settings", patterns: list[str] | None, advisor: "Advisor", copies: str | None
) -> "Verified":
    """Return what is left of the advice when it is measured on two copies, one with its changes and one without."""
    from perfkit.cli.verify import verified
    from perfkit.indexes.advise import changes_of

    advice = advisor.advice
    return verified(
        settings,
        server_from(settings),
        changes_of(advice),
        patterns=patterns,
        needs=advice.needs,
        copies=copies,
        weights={case.whole: case.weight for case in advice.gathered.cases},
        instead=advisor.instead,
    )
