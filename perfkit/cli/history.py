"""perfkit history: the catalog's cases over all runs, and the drift that no single comparison sees."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from perfkit.cli.options import OutputOptions, Patterns, takes
from perfkit.cli.run import GATE_FAILED
from perfkit.cli.session import emit, leave, settings_from

if TYPE_CHECKING:
    from perfkit.history.drift import Histories

# Two years of a run a workday, or a month of 20 a day; what changed before that is not drift but how things are.
LAST_RUNS = 500
MOST_RUNS = 1_000


@takes(out=OutputOptions)
def history(
    patterns: Patterns = None,
    *,
    last: Annotated[
        int, typer.Option("--last", metavar="N", min=1, max=MOST_RUNS, help="Look at the last N runs.")
    ] = LAST_RUNS,
    path: Annotated[
        Path | None, typer.Option("--history", metavar="FILE", help="The history's file.")
    ] = None,
    plot: Annotated[
        Path | None, typer.Option("--plot", metavar="FILE.svg", help="Draw the cases that changed most.")
    ] = None,
    fail_on_drift: Annotated[
        bool, typer.Option("--fail-on-drift", help="Exit 1 when a case became worse.")
    ] = False,
    out: OutputOptions,
) -> None:
    """Show each case over the runs of `perfkit regress` and `perfkit baseline`, and what drifted since when.

    With a single case, show all its runs. Exit 1 on drift with --fail-on-drift, 3 when there is no run.
    """
    from perfkit.history.drift import Direction, find_drift
    from perfkit.history.series import series_of
    from perfkit.history.store import entries
    from perfkit.report.documents.history import HistoryView, history_document
    from perfkit.report.sparkline import ramp_for

    settings = settings_from(history=path)
    runs = list(entries(settings.history, last=last))
    histories = find_drift(series_of(runs, patterns or ()))
    if plot:
        _draw(histories, plot)
    view = HistoryView(
        path=settings.history,
        runs=len(runs),
        ramp=ramp_for("utf-8" if out.output else sys.stdout.encoding),
        drift_fails=fail_on_drift,
    )
    emit(history_document(histories, view), out)
    leave(GATE_FAILED if fail_on_drift and histories.going(Direction.WORSE) else 0)


def _draw(histories: "Histories", path: Path) -> None:
    from perfkit.files import write_atomically
    from perfkit.report.documents.history import history_plot

    write_atomically(path, history_plot(histories))
