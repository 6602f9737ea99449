"""What a command works with: its settings, the server they name, and the cases that the user chose."""

import os
import sys
from collections.abc import Iterable, Mapping
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from perfkit.cli.git import git_says
from perfkit.cli.options import OutputOptions
from perfkit.errors import PerfkitError

if TYPE_CHECKING:
    from random import Random

    from perfkit.baseline.tally import Side
    from perfkit.baseline.thresholds import Thresholds
    from perfkit.baseline.trial import Trial
    from perfkit.catalog.model import Catalog
    from perfkit.catalog.workload import Workload
    from perfkit.db.server import GuardedServer
    from perfkit.demo.servers import Demo
    from perfkit.measure.model import Analysis, Manner, Progress
    from perfkit.measure.session import Stopwatch
    from perfkit.report.document import Document
    from perfkit.settings import Settings

# Put there when perfkit is packaged; a checkout has its queries/ instead.
_DEMO_QUERIES = Path(__file__).parents[1] / "demo" / "queries"
_LIBPQ_VARIABLES = ("PGHOST", "PGHOSTADDR", "PGPORT", "PGDATABASE", "PGUSER", "PGSERVICE")


def settings_from(*options: Any, **flags: Any) -> "Settings":
    """Return the settings that these options, the environment and the settings files give."""
    from perfkit.settings import resolve

    for option in options:
        flags |= {field.name: getattr(option, field.name) for field in fields(option)}
    given = {name: value for name, value in flags.items() if value is not None}
    return resolve(given, environ=os.environ, cwd=Path.cwd())


def server_from(settings: "Settings") -> "GuardedServer":
    """Return the guarded server of the settings: the DSN, else what libpq's variables say, else the running demo.

    The demo is there to be tried: writes are allowed on it.
    """
    demo = demo_of(settings)
    return server_at(
        demo.dsn if demo else settings.dsn or "",
        settings,
        allow_writes=settings.allow_writes or demo is not None,
    )


def server_at(dsn: str, settings: "Settings", **allowed: bool) -> "GuardedServer":
    """Return the guarded server at a DSN; `allowed` is what the guard allows beyond the settings."""
    from perfkit.db.guard import Guard
    from perfkit.db.server import GuardedServer

    permissions = {
        "allow_writes": settings.allow_writes,
        "allow_superuser": settings.allow_superuser,
        "analyze_on_primary": settings.analyze_on_primary,
    }
    guard = Guard(
        statement_timeout_ms=settings.timeout_ms,
        lock_timeout_ms=settings.lock_timeout_ms,
        plan_mode=settings.plan_mode,
        **(permissions | allowed),
    )
    return GuardedServer(dsn=dsn, guard=guard)


def demo_of(settings: "Settings") -> "Demo | None":
    """Return the running demo, None where another database is named or it does not run."""
    from perfkit.demo.servers import find_demo

    named = settings.dsn or any(name in os.environ for name in _LIBPQ_VARIABLES)
    return None if named else find_demo(settings.dir)


def catalog_from(settings: "Settings") -> "Catalog":
    """Return the catalog of the settings' directory."""
    from perfkit.catalog.load import load_catalog

    return load_catalog(queries_of(settings), rules=rule_ids())


def queries_of(settings: "Settings") -> Path:
    """Return the catalog's directory; for the demo, where there is none, the one that perfkit was installed with."""
    chosen = settings.source_of("queries") != "default" or settings.queries.exists()
    if chosen or not _DEMO_QUERIES.exists() or demo_of(settings) is None:
        return settings.queries
    return _DEMO_QUERIES


def rule_ids() -> frozenset[str]:
    """Return the ids of the plan rules, which a query's header may allow."""
    from perfkit.plan.rules import RULES

    return frozenset(rule.id for rule in RULES)


def workload_from(
    settings: "Settings",
    server: "GuardedServer",
    patterns: Iterable[str] | None,
    catalog: "Catalog | None" = None,
) -> "Workload":
    """Return the chosen cases of the catalog, by default that of the settings, written and drawn, with their weights."""
    from perfkit.catalog.workload import workload

    chosen = catalog or catalog_from(settings)
    return workload(chosen, tuple(patterns or ()), rows=server.rows, seed=settings.seed)


def side_from(
    settings: "Settings", patterns: Iterable[str] | None, catalog: "Catalog | None" = None
) -> "Side":
    """Return the chosen cases and the server of the settings, to be measured in sessions."""
    from perfkit.baseline.tally import Side

    server = server_from(settings)
    return Side(
        server=server,
        workload=workload_from(settings, server, patterns, catalog),
        manner=manner_of(settings),
    )


def measured(settings: "Settings", patterns: Iterable[str] | None, *, title: str) -> "Analysis":
    """Return the chosen cases measured on the server of the settings, with a progress bar."""
    from perfkit.cli.progress import progress_bar
    from perfkit.measure.run import measure

    server = server_from(settings)
    chosen = workload_from(settings, server, patterns)
    with progress_bar(title) as progress:
        return measure(chosen, server, manner_of(settings), progress)


def manner_of(settings: "Settings") -> "Manner":
    """Return how the settings want a workload measured."""
    from perfkit.measure.model import Manner

    return Manner(samples=settings.samples, plan_mode=settings.plan_mode, target_ms=settings.target_ms)


def budget_of(settings: "Settings") -> "Stopwatch":
    """Return the clock of the time that the settings give to measuring, from now on."""
    from perfkit.measure.session import Stopwatch

    return Stopwatch(settings.budget_ms or float("inf"))


def chance_of(settings: "Settings") -> "Random":
    """Return the chance that orders cases and sides, the same for the same seed."""
    from random import Random

    return Random(settings.seed)  # no secret


def remember(
    settings: "Settings", analysis: "Analysis", *, command: str, name: str, verdicts: Mapping[str, str]
) -> None:
    """Append what was measured to the history; where that cannot be written, say so: the result counts all the same."""
    from perfkit.cli.run import say
    from perfkit.history.model import entry_from
    from perfkit.history.store import append

    entry = entry_from(
        analysis,
        command=command,
        name=name,
        revision=git_says("rev-parse", "--short", "HEAD", directory=settings.queries),
        calibration_ms=analysis.calibration,
        verdicts=verdicts,
    )
    try:
        append(settings.history, entry)
    except PerfkitError as error:
        say(f"perfkit: this run is not in the history: {error.message}")


def thresholds_of(settings: "Settings") -> "Thresholds":
    """Return the judge's thresholds, with those of a change as they are set."""
    from perfkit.baseline.thresholds import THRESHOLDS
    from perfkit.calibrate.recommend import with_level

    return with_level(THRESHOLDS, slowdown=settings.slowdown_ratio, floor_ms=settings.floor_ms)


def paired_trial(settings: "Settings", base: "Side", head: "Side", progress: "Progress") -> "Trial":
    """Return the trial of two sides that are measured in turns, as long as the settings give it."""
    from perfkit.baseline.sampling import PairedSampler
    from perfkit.baseline.tally import start_tally
    from perfkit.baseline.trial import run_trial

    sampler = PairedSampler(
        base=start_tally(base),
        head=start_tally(head),
        budget=budget_of(settings),
        chance=chance_of(settings),
        progress=progress,
    )
    return run_trial(sampler, thresholds_of(settings))


def emit(document: "Document", out: OutputOptions) -> None:
    """Write the document in each chosen format to its place, each file whole or not at all.

    In a job of GitHub's, the format github, which can show but a few checks, adds all of them to the job's page.
    """
    from perfkit.report.formats import append_step_summary, pieces, write_output
    from perfkit.report.options import RenderOptions, options_for

    here = str(Path.cwd())
    to_stdout = options_for(sys.stdout, environ=os.environ, working_directory=here)
    to_file = RenderOptions(working_directory=here)
    for output in out.outputs:
        options = to_stdout if str(output.path) == "-" else to_file
        write_output(pieces(document, output.format, options), output.path, sys.stdout)
        if output.format == "github" and (page := os.environ.get("GITHUB_STEP_SUMMARY")):
            append_step_summary(document, Path(page), to_file)


def leave(exit_code: int) -> None:
    """End the command with this exit code."""
    if exit_code:
        raise typer.Exit(exit_code)
