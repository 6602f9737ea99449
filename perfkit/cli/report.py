"""perfkit report: all that was measured last, on one page."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from perfkit.cli.history import LAST_RUNS
from perfkit.cli.options import DemoDirectory, OutputOptions, takes
from perfkit.cli.session import emit, settings_from
from perfkit.cli.targets import limits_of
from perfkit.errors import NothingMeasuredError

if TYPE_CHECKING:
    from perfkit.report.document import Document
    from perfkit.settings import Settings


@takes(out=OutputOptions)
def report(
    *,
    last: Annotated[
        int, typer.Option("--last", metavar="N", min=1, help="Of the history, the last N runs.")
    ] = LAST_RUNS,
    dir: DemoDirectory = None,  # noqa: A002  # the setting's name
    out: OutputOptions,
) -> None:
    """Put what was measured last on one page: the targets, each bench's figures, the cases' history.

    Nothing is measured. Try: perfkit report --format html --output report.html. Exit 3 when there is nothing to tell.
    """
    from perfkit.bench import store
    from perfkit.bench.targets import judge_targets, targets_of
    from perfkit.report.documents.report import Newest, report_document

    settings = settings_from(dir=dir)
    benches = store.load(store.newest_in(settings.dir))
    history = _history(settings, last, sys.stdout.encoding)
    if not benches and history is None:
        raise NothingMeasuredError(
            f"there is nothing to tell: no bench in {settings.dir} and no run in {settings.history}",
            hint="measure first: perfkit analyze",
        )
    results = judge_targets(targets_of(limits_of(settings)), benches)
    emit(report_document(Newest(targets=results, benches=benches, history=history)), out)


def _history(settings: "Settings", last: int, encoding: str) -> "Document | None":
    """Return the history's document, None when there is no run."""
    from perfkit.history.drift import find_drift
    from perfkit.history.series import series_of
    from perfkit.history.store import entries
    from perfkit.report.documents.history import HistoryView, history_document
    from perfkit.report.sparkline import ramp_for

    if not settings.history.exists():
        return None
    try:
        runs = list(entries(settings.history, last=last))
    except NothingMeasuredError:  # all that was begun there was killed
        return None
    view = HistoryView(path=settings.history, runs=len(runs), ramp=ramp_for(encoding), drift_fails=False)
    return history_document(find_drift(series_of(runs, ())), view)
