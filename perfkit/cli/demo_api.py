"""perfkit demo api: the demo's web application, in the background, to measure and to put behind proxies."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from perfkit.cli.options import DemoDirectory
from perfkit.cli.session import settings_from
from perfkit.errors import ServerError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from perfkit.demo.api.instances import Instance
    from perfkit.demo.servers import Demo

app = typer.Typer(
    help="Start, look at and stop the demo's API: directory, profiles, giving and events over HTTP.",
    no_args_is_help=True,
)

_NONE = "none"
# Where perfkit is installed, and in a checkout.
_QUERIES = (Path(__file__).parents[1] / "demo" / "queries", Path(__file__).parents[2] / "queries")


@app.command("up")
def up(
    *,
    directory: DemoDirectory = None,
    port: Annotated[
        int, typer.Option("--port", min=1, max=65_535, help="Port of the first instance; others follow.")
    ] = 8_000,
    instances: Annotated[
        int, typer.Option("--instances", min=1, max=64, help="How many processes, each on its port.")
    ] = 1,
    pool: Annotated[
        int, typer.Option("--pool", min=1, max=1_000, help="Database connections of an instance, at most.")
    ] = 8,
    database: Annotated[
        str | None,
        typer.Option(
            "--database",
            metavar="DSN",
            help="Another way to the alumni database, such as PgBouncer; default: the demo's own.",
        ),
    ] = None,
    cache: Annotated[
        str | None,
        typer.Option("--cache", metavar="URL|none", help="The cache; default: the demo's Valkey."),
    ] = None,
    drain: Annotated[
        str,
        typer.Option(
            "--drain",
            metavar="TIME",
            help="How long an instance answers on SIGTERM while /readyz says 503: longer than a proxy takes to see it.",
        ),
    ] = "3s",
) -> None:
    """Start the API's instances on this machine's loopback address; those that run are started anew.

    Each answers /healthz, /readyz (503 while it drains or has no database) and /metrics for Prometheus. End one
    behind a proxy by SIGTERM: it drains, and answers what it was asked.
    """
    from perfkit.demo.api.instances import start_instances
    from perfkit.demo.api.settings import ApiSettings
    from perfkit.demo.servers import find_demo
    from perfkit.units import parse_duration_ms

    _installed()
    if port + instances - 1 > 65_535:
        raise UsageError(f"there are no {instances} ports from {port} on", hint="choose a lower --port")
    home = settings_from(dir=directory).dir
    demo = find_demo(home)
    if demo is None and database is None:
        raise ServerError("the demo is not running", hint="start it with: perfkit demo up")
    settings = ApiSettings(
        database=database or _dsn(demo),
        pooled=database is not None,
        cache=_cache_url(cache, demo),
        pool=pool,
        drain_s=parse_duration_ms(drain) / 1_000,
        statements=_statements(),
    )
    _tell(start_instances(home.resolve() / "api", settings, count=instances, port=port))


@app.command("down")
def down(*, directory: DemoDirectory = None) -> None:
    """Stop the API's instances; each answers what it was asked before it ends."""
    from perfkit.demo.api.instances import stop_instances

    stop_instances(settings_from(dir=directory).dir / "api")
    typer.echo("The API is stopped.")


@app.command("status")
def status(*, directory: DemoDirectory = None) -> None:
    """Say which instances run, and where. Exit 3 when none runs."""
    from perfkit.demo.api.instances import find_instances

    found = find_instances(settings_from(dir=directory).dir / "api")
    if not found:
        typer.echo("The API is not running; start it with: perfkit demo api up")
        raise typer.Exit(ServerError.exit_code)
    _tell(found)


def _installed() -> None:
    from importlib.util import find_spec

    missing = [
        name for name in ("starlette", "uvicorn", "psycopg_pool", "prometheus_client") if not find_spec(name)
    ]
    if missing:
        raise UsageError(f"the API needs {missing[0]}", hint="pip install 'perfkit[demo]'")


def _statements() -> dict[str, str]:
    from perfkit.catalog.load import load_catalog

    directory = next(path for path in _QUERIES if path.exists())
    return {query.name: query.statement for query in load_catalog(directory).queries}


def _dsn(demo: "Demo | None") -> str:
    assert demo is not None
    return demo.dsn


def _cache_url(given: str | None, demo: "Demo | None") -> str | None:
    if given == _NONE:
        return None
    if given is None:
        return demo.valkey.url if demo and demo.valkey else None
    if not given.startswith(("redis://", "rediss://", "unix://")):
        raise UsageError("the URL of the cache cannot be read", hint="write redis://host:port/0, or none")
    return given


def _tell(instances: "Sequence[Instance]") -> None:
    for each in instances:
        typer.echo(f"API {each.number}  {each.url}  process {each.pid}")
    typer.echo("Measure it with: perfkit bench api")
