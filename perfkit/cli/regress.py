"""perfkit regress: the catalog measured now and judged against the baseline."""

from typing import Annotated

import typer

from perfkit.cli.options import (
    MEASURING,
    BaselineDirectory,
    BaselineName,
    CatalogOptions,
    MeasureOptions,
    OutputOptions,
    Patterns,
    ServerOptions,
    takes,
)
from perfkit.cli.run import GATE_FAILED
from perfkit.cli.session import emit, leave, measured, settings_from
from perfkit.errors import NotComparableError


@takes(**MEASURING, out=OutputOptions)
def regress(
    patterns: Patterns = None,
    *,
    name: BaselineName = "main",
    baselines: BaselineDirectory = None,
    strict: Annotated[bool, typer.Option("--strict", help="Exit 4 when a case was not judged.")] = False,
    server: ServerOptions,
    catalog: CatalogOptions,
    measuring: MeasureOptions,
    out: OutputOptions,
) -> None:
    """Judge the catalog as it runs now against the baseline; what failed is measured once more before it counts.

    Exit 1 on a regression or a case that fails, 4 when nothing can be compared (with --strict, when anything cannot).
    """
    from perfkit.baseline import store
    from perfkit.baseline.judge import judge
    from perfkit.baseline.verdict import Gate, confirm
    from perfkit.report.documents.regress import regress_document

    settings = settings_from(server, catalog, measuring, baselines=baselines)
    stored = store.load(settings.baselines, name)
    analysis = measured(settings, patterns, title="regress")
    judgement = judge(store.chosen(stored, patterns or ()), analysis)
    if doubtful := [verdict.id for verdict in judgement.with_gate(Gate.FAILED)]:
        again = measured(settings, doubtful, title="look again")
        judgement = confirm(judgement, judge(store.chosen(stored, doubtful), again))
    emit(regress_document(judgement, analysis, name=name), out)
    if judgement.failed:
        leave(GATE_FAILED)
    unjudged = judgement.nothing_compared or (strict and judgement.with_gate(Gate.SKIPPED))
    leave(NotComparableError.exit_code if unjudged else 0)
