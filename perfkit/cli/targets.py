"""perfkit targets: every target, and what was measured of it last."""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from perfkit.cli.options import DemoDirectory, OutputOptions, takes
from perfkit.cli.run import GATE_FAILED
from perfkit.cli.session import emit, leave, settings_from
from perfkit.cli.target_runs import commands_due, run_all
from perfkit.errors import NothingMeasuredError

if TYPE_CHECKING:
    from perfkit.bench.targets import Limits, TargetResult
    from perfkit.settings import Settings


@takes(out=OutputOptions)
def targets(
    *,
    run: Annotated[
        bool,
        typer.Option("--run", help="First run what measures the targets that are unknown or --older-than."),
    ] = False,
    older_than: Annotated[
        str, typer.Option("--older-than", metavar="TIME", help="With --run: what is older is measured again.")
    ] = "24h",
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit 3 when a target was not measured at all.")
    ] = False,
    dir: DemoDirectory = None,  # noqa: A002  # the setting's name
    out: OutputOptions,
) -> None:
    """Hold the newest results of `perfkit analyze` and `perfkit bench` against the targets.

    A target is met, missed or unknown. Exit 1 when one is missed, 3 when not one was measured (with --strict, any).
    The limits are settings: target, import_target, users_target, memory_target, api_target.
    """
    from perfkit.bench.targets import TargetState
    from perfkit.report.documents.targets import targets_document
    from perfkit.units import parse_duration_ms

    settings = settings_from(dir=dir)
    results = _newest(settings)
    oldest = timedelta(milliseconds=parse_duration_ms(older_than))
    if run and (due := commands_due(results, datetime.now(UTC), oldest)):
        run_all(due, [f"--dir={dir}"] if dir else [])
        results = _newest(settings)
    emit(targets_document(results), out)
    states = {result.state for result in results}
    if TargetState.MISSED in states:
        leave(GATE_FAILED)
    unknown = states == {TargetState.UNKNOWN} or (strict and TargetState.UNKNOWN in states)
    leave(NothingMeasuredError.exit_code if unknown else 0)


def _newest(settings: "Settings") -> "tuple[TargetResult, ...]":
    from perfkit.bench import store
    from perfkit.bench.targets import judge_targets, targets_of

    return judge_targets(targets_of(limits_of(settings)), store.load(store.newest_in(settings.dir)))


def limits_of(settings: "Settings") -> "Limits":
    """Return the limits that the settings give."""
    from perfkit.bench.targets import Limits

    return Limits(
        query_mean_ms=settings.target_ms,
        import_ms_per_1000=settings.import_target_ms,
        users=settings.users_target,
        memory_bytes=settings.memory_target_bytes,
        api_ms=settings.api_target_ms,
    )
