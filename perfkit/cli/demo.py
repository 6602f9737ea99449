"""perfkit demo: the embedded servers with a generated alumni database, to try perfkit on."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from perfkit.cli import demo_api
from perfkit.cli.session import settings_from
from perfkit.errors import ServerError

if TYPE_CHECKING:
    from perfkit.demo.servers import Demo

app = typer.Typer(
    help="Start, look at and stop the demo: PostgreSQL and Valkey with an alumni database.",
    no_args_is_help=True,
)
app.add_typer(demo_api.app, name="api")

Directory = Annotated[Path | None, typer.Option("--dir", help="Where the demo lives; .perfkit by default.")]


@app.command("up")
def up(
    *,
    directory: Directory = None,
    alumni: Annotated[
        int | None,
        typer.Option(
            "--alumni",
            min=1_000,
            max=5_000_000,
            help="How many people, 1,000 to 5,000,000; 100,000 for a new demo.",
        ),
    ] = None,
    seed: Annotated[
        int | None, typer.Option("--seed", help="Another seed, other data; 1 for a new demo.")
    ] = None,
    rebuild: Annotated[bool, typer.Option("--rebuild", help="Make the data anew.")] = False,
) -> None:
    """Start the servers and make the alumni database; what is there already is left as it is."""
    from functools import partial

    from perfkit import units
    from perfkit.cli.progress import progress_bar
    from perfkit.db.connect import connect, connected, server_errors
    from perfkit.demo.build import (
        ALUMNI_DEFAULT,
        SEED_DEFAULT,
        BuildInfo,
        alumni_status,
        build_alumni,
    )
    from perfkit.demo.servers import forget_statements, start_demo
    from perfkit.demo.steps import VERSION

    demo = start_demo(settings_from(dir=directory).dir, connect)
    with connected(demo.dsn) as connection:
        present = alumni_status(connection)
    people = alumni or (present.alumni if present else ALUMNI_DEFAULT)
    chosen = seed if seed is not None else (present.seed if present else SEED_DEFAULT)
    if rebuild or present != BuildInfo(people, chosen, VERSION):
        with progress_bar("alumni") as progress, server_errors():
            report = build_alumni(
                partial(connect, demo.dsn),
                alumni=people,
                seed=chosen,
                replace=present is not None,
                progress=lambda label, done, total: progress(done, total, label),
            )
        forget_statements(demo, connect)
        typer.echo(
            f"Made {report.rows:,} rows for {people:,} alumni in {units.format_ms(report.seconds * 1000)}."
        )
        for extension in report.missing:
            typer.echo(f"The server lacks the extension {extension}: the indexes that use it were left out.")
    _tell(demo)


@app.command("down")
def down(*, directory: Directory = None) -> None:
    """Stop the servers, the API too; the data stay for the next `up`."""
    from perfkit.demo.api.instances import stop_instances
    from perfkit.demo.servers import stop_demo

    home = settings_from(dir=directory).dir
    stop_instances(home / "api")
    stop_demo(home)
    typer.echo("The demo is stopped.")


@app.command("status")
def status(*, directory: Directory = None) -> None:
    """Say whether the demo runs, and how to connect. Exit 3 when it does not run."""
    from perfkit.demo.servers import find_demo

    demo = find_demo(settings_from(dir=directory).dir)
    if demo is None:
        typer.echo("The demo is not running; start it with: perfkit demo up")
        raise typer.Exit(ServerError.exit_code)
    _tell(demo)


@app.command("psql", context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def psql(context: typer.Context, *, directory: Directory = None) -> None:
    """Open psql on the alumni database; what follows goes to psql, as in: perfkit demo psql -c 'SELECT 1'."""
    from perfkit.demo.servers import find_demo

    demo = find_demo(settings_from(dir=directory).dir)
    if demo is None:
        raise ServerError("the demo is not running", hint="start it with: perfkit demo up")
    program = demo.postgres.binaries / "psql"
    os.execv(program, [str(program), "-d", demo.dsn, *context.args])  # noqa: S606  no shell is wanted


@app.command("csv")
def csv(
    *,
    rows: Annotated[int, typer.Option("--rows", min=0, help="Records to write.")] = 1_000,
    bad_share: Annotated[
        float, typer.Option("--bad-share", min=0, max=1, help="Share of broken records.")
    ] = 0.0,
    seed: Annotated[int, typer.Option("--seed", help="Another seed, other records.")] = 1,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write to a file.")
    ] = None,
) -> None:
    """Write an import file as alumni offices get them: quoted newlines, accents, blanks, duplicates, broken records."""
    from perfkit.demo.import_file import write_import_file
    from perfkit.files import writing_atomically

    if output is None:
        write_import_file(sys.stdout, rows=rows, seed=seed, bad_share=bad_share)
        return
    with writing_atomically(output) as stream:
        written = write_import_file(stream, rows=rows, seed=seed, bad_share=bad_share)
    kinds = ", ".join(f"{count:,} {kind}" for kind, count in written.broken.items() if count) or "none"
    typer.echo(f"Wrote {rows:,} records to {output}; broken: {kinds}.")


def _tell(demo: "Demo") -> None:
    """Say where the servers are. The password stands in the URI: it is random, and the server listens on loopback only."""
    typer.echo(f"PostgreSQL {demo.postgres.version}  {demo.dsn}")
    if demo.valkey:
        typer.echo(f"Valkey {demo.valkey.version}      {demo.valkey.url}")
    typer.echo("Connect with: perfkit demo psql")
