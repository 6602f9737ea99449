"""perfkit calibrate: how often the judge errs on this server and catalog, and how small a slowdown it sees."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from perfkit.cli.options import (
    MEASURING,
    CatalogOptions,
    MeasureOptions,
    OutputOptions,
    Patterns,
    ServerOptions,
    takes,
)
from perfkit.cli.session import chance_of, emit, settings_from, side_from, thresholds_of

if TYPE_CHECKING:
    from perfkit.calibrate.measure import Calibration
    from perfkit.settings import Settings

BUDGET_MS = 120_000


@takes(**MEASURING, out=OutputOptions)
def calibrate(
    patterns: Patterns = None,
    *,
    budget: Annotated[
        str | None,
        typer.Option(
            "--budget", metavar="TIME", help="How long to measure, but at least 6 rounds; default: 2min."
        ),
    ] = None,
    write: Annotated[
        bool, typer.Option("--write", help="Set the recommended thresholds in perfkit.toml.")
    ] = False,
    server: ServerOptions,
    catalog: CatalogOptions,
    measuring: MeasureOptions,
    out: OutputOptions,
) -> None:
    """Measure the catalog beside itself: how often a change is seen where there is none, and how small a one is found.

    Recommends the thresholds that suit this server. Exit 3 when nothing was measured.
    """
    from perfkit.report.documents.calibrate import calibrate_document

    settings = settings_from(server, catalog, measuring, budget=budget)
    found = _calibrated(settings, patterns)
    written = _write(found) if write else None
    emit(calibrate_document(found, written=written), out)


def _calibrated(settings: "Settings", patterns: Sequence[str] | None) -> "Calibration":
    from perfkit.baseline.sampling import PairedSampler
    from perfkit.baseline.tally import start_tally
    from perfkit.calibrate.measure import calibration_of, measure_pairs
    from perfkit.cli.progress import progress_bar
    from perfkit.measure.session import Stopwatch

    side = side_from(settings, patterns)
    with progress_bar("calibrate") as progress:
        sampler = PairedSampler(
            base=start_tally(side),
            head=start_tally(side),
            budget=Stopwatch(float("inf")),
            chance=chance_of(settings),
            progress=progress,
        )
        rounds = measure_pairs(sampler, Stopwatch(settings.budget_ms or BUDGET_MS).is_over)
    return calibration_of(sampler, rounds, thresholds_of(settings), seed=settings.seed)


def _write(found: "Calibration") -> Path:
    """Set the recommended thresholds in the settings file and return its path."""
    from perfkit.files import write_all_atomically
    from perfkit.report.documents.calibrate import recommended_settings
    from perfkit.settings_edit import edited_settings

    path, text = edited_settings(Path.cwd(), recommended_settings(found.recommended))
    write_all_atomically({path: text})
    return path
