"""perfkit health: ok, warn, crit or unknown, a line a check."""

from typing import TYPE_CHECKING, Annotated

import typer

from perfkit.cli.options import OutputOptions, ServerOptions, takes
from perfkit.cli.run import GATE_FAILED
from perfkit.cli.session import emit, leave, server_from, settings_from
from perfkit.errors import NothingMeasuredError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from perfkit.health.model import Health, HealthCheck, HealthState
    from perfkit.settings import Settings

_NEVER = "never"
_FAIL_ON = ("warn", "crit", _NEVER)


def _known_level(level: str) -> str:
    if level not in _FAIL_ON:
        raise UsageError(f"--fail-on must be one of {', '.join(_FAIL_ON)}, not {level!r}")
    return level


@takes(server=ServerOptions, out=OutputOptions)
def health(
    *,
    check: Annotated[
        list[str] | None,
        typer.Option(
            "--check",
            metavar="CHECK",
            help="Only this check or family, with * as in a shell; may be given again.",
        ),
    ] = None,
    list_checks: Annotated[bool, typer.Option("--list", help="Name the checks; no server is asked.")] = False,
    costly: Annotated[
        bool, typer.Option("--costly", help="Run the checks too that read much of the catalogs.")
    ] = False,
    fail_on: Annotated[
        str,
        typer.Option(
            "--fail-on",
            metavar="warn|crit|never",
            callback=_known_level,
            help="From which state on to exit 1.",
        ),
    ] = "crit",
    strict: Annotated[bool, typer.Option("--strict", help="Exit 3 when a check is unknown.")] = False,
    verbose: Annotated[
        bool, typer.Option("--verbose", help="A line for each check that is ok, too.")
    ] = False,
    server: ServerOptions,
    out: OutputOptions,
) -> None:
    """Look for what goes wrong on a server: each check is ok, warn, crit or unknown, with its numbers and a fix.

    Only catalogs and counters are read, as any role and on a primary too; what the role may not see is unknown.
    Exit 1 when a check is crit (see --fail-on), 3 when not one could look (with --strict, any).
    """
    from perfkit.health.checks import choose
    from perfkit.report.documents.health import checks_document, health_document

    checks = choose(check or (), costly=costly or list_checks)
    if list_checks:
        emit(checks_document(checks), out)
        return
    found = _looked(settings_from(server), checks)
    fails = _failing(fail_on)
    emit(health_document(found, fails=fails, verbose=verbose), out)
    leave(_exit_code(found, fails, strict=strict))


def _looked(settings: "Settings", checks: "Sequence[HealthCheck]") -> "Health":
    from perfkit.cli.progress import progress_bar
    from perfkit.db.health import health_reader
    from perfkit.health.run import run_checks

    guarded = server_from(settings)
    with health_reader(guarded.dsn, guarded.guard) as reader, progress_bar("health") as progress:
        return run_checks(reader, checks, progress=progress)


def _failing(fail_on: str) -> "frozenset[HealthState]":
    from perfkit.health.model import HealthState

    if fail_on == _NEVER:
        return frozenset()
    return frozenset(state for state in HealthState if state.rank >= HealthState(fail_on).rank)


def _exit_code(health: "Health", fails: "frozenset[HealthState]", *, strict: bool) -> int:
    from perfkit.health.model import HealthState

    if any(result.state in fails for result in health.results):
        return GATE_FAILED
    states = {result.state for result in health.results}
    # Nothing hangs on what only informs.
    judged = {result.state for result in health.results if not result.check.informs}
    blind = states == {HealthState.UNKNOWN} or (strict and HealthState.UNKNOWN in judged)
    return NothingMeasuredError.exit_code if blind else 0
