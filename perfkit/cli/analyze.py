"""perfkit analyze: the catalog under EXPLAIN ANALYZE, what is slow and why; or one plan from a file."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from perfkit.cli.options import (
    MEASURING,
    CatalogOptions,
    FailOn,
    MeasureOptions,
    OutputOptions,
    Patterns,
    ServerOptions,
    takes,
)
from perfkit.cli.run import GATE_FAILED
from perfkit.cli.session import emit, leave, measured, server_from, settings_from
from perfkit.errors import MeasureError, UsageError
from perfkit.findings import any_reaches

if TYPE_CHECKING:
    from perfkit.findings import Severity
    from perfkit.measure.model import Analysis
    from perfkit.settings import Settings

PlanFile = Annotated[
    str | None,
    typer.Option("--plan", metavar="FILE|-", help="Judge one plan, JSON or text, without a server."),
]


@takes(**MEASURING, out=OutputOptions)
def analyze(
    patterns: Patterns = None,
    *,
    plan: PlanFile = None,
    fail_on: FailOn = None,
    server: ServerOptions,
    catalog: CatalogOptions,
    measuring: MeasureOptions,
    out: OutputOptions,
) -> None:
    """Run the catalog under EXPLAIN ANALYZE; say what is slow, why, and what to do.

    Read-only and rolled back. Exit 1 when --fail-on is reached, 3 when a case could not be measured.
    """
    settings = settings_from(server, catalog, measuring, fail_on=fail_on)
    if plan is not None:
        if patterns:
            raise UsageError("--plan judges one file: name no query beside it")
        _analyze_plan(plan, settings.fail_on, out)
        return
    from perfkit.report.document import State
    from perfkit.report.documents.analyze import analysis_document

    analysis = measured(settings, patterns, title="analyze")
    document = analysis_document(analysis, fail_on=settings.fail_on)
    emit(document, out)
    # Cases are skipped once the server is lost: it cannot be asked, and the rest is no mean of the catalog.
    if not patterns and analysis.summary.measured and not analysis.summary.skipped:
        _keep_for_targets(settings, analysis)
    if any(check.state is State.FAILED for check in document.checks):
        leave(GATE_FAILED)
    leave(MeasureError.exit_code if analysis.summary.failed else 0)


def _keep_for_targets(settings: "Settings", analysis: "Analysis") -> None:
    """Store the mean of the whole catalog, for `perfkit targets`."""
    from perfkit.bench.environment import environment_of
    from perfkit.bench.queries import result_of
    from perfkit.cli.bench import keep

    keep(settings, result_of(analysis, environment_of(server_from(settings))))


def _analyze_plan(source: str, fail_on: "Severity | None", out: OutputOptions) -> None:
    from perfkit.plan.read import read_plan
    from perfkit.plan.rules import find_problems
    from perfkit.report.documents.plan import plan_document

    tree = read_plan(_read(source), source="standard input" if source == "-" else source)
    findings = find_problems(tree)
    emit(plan_document(tree, findings, source=source), out)
    leave(GATE_FAILED if fail_on and any_reaches(findings, fail_on) else 0)


def _read(source: str) -> str:
    try:
        data = sys.stdin.buffer.read() if source == "-" else Path(source).read_bytes()
        return data.decode("utf-8-sig")
    except OSError as error:
        raise UsageError(f"cannot read {source}: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise UsageError(f"{source}: not UTF-8 text at byte {error.start}") from None
