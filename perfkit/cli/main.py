"""The command line: every command by its name."""

from typing import Annotated

import typer

from perfkit import __version__
from perfkit.cli import (
    analyze,
    apply,
    baseline,
    bench,
    bench_load,
    calibrate,
    catalog,
    config,
    demo,
    doctor,
    health,
    history,
    monitor,
    monitor_files,
    profile,
    regress,
    render,
    report,
    suggest,
    targets,
    twin,
)
from perfkit.cli.run import run

app = typer.Typer(
    name="perfkit",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_enable=False,
)


def _version(value: bool) -> None:  # noqa: FBT001  # Typer's callback face
    if value:
        typer.echo(f"perfkit {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Measure an existing PostgreSQL database, find what is slow, and keep it from becoming slower."""


app.add_typer(demo.app, name="demo")
app.command("doctor")(doctor.doctor)
app.add_typer(catalog.app, name="catalog")
app.command("analyze")(analyze.analyze)
app.add_typer(baseline.app, name="baseline")
app.command("regress")(regress.regress)
app.command("calibrate")(calibrate.calibrate)
app.command("suggest")(suggest.suggest)
app.command("apply")(apply.apply)
bench.app.command("load")(bench_load.load)
app.add_typer(bench.app, name="bench")
app.command("targets")(targets.targets)
app.command("report")(report.report)
app.command("health")(health.health)
app.command("profile")(profile.profile)
app.command("history")(history.history)
app.add_typer(twin.app, name="twin")
monitor.app.command("rules")(monitor_files.rules)
monitor.app.command("dashboard")(monitor_files.dashboard)
monitor.app.command("role-sql")(monitor_files.role_sql)
app.add_typer(monitor.app, name="monitor")
app.add_typer(render.app, name="render")
app.command("config")(config.config)


def main() -> int:
    """Run perfkit and return its exit code."""
    return run(app)
