"""perfkit render: configuration of the programs around the database, from what was measured."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from perfkit.cli.options import OutputOptions, takes, writable
from perfkit.cli.render_options import KnownOptions, PlaceOptions
from perfkit.cli.session import demo_of, emit, leave, settings_from
from perfkit.cli.write_options import WriteOptions
from perfkit.errors import NothingMeasuredError, UsageError

if TYPE_CHECKING:
    from perfkit.render.model import Address, Database, Known, Stack
    from perfkit.render.products import Rendered
    from perfkit.settings import Settings

app = typer.Typer(
    help="Write the configuration that the measurements call for: pool, balancing, cache, monitoring.",
    no_args_is_help=True,
)

SUMMARIES = {
    "pgbouncer": "PgBouncer in transaction mode, its pool of the size that bench load advises.",
    "haproxy": "HAProxy before the instances: readiness checks, least connections, retries, metrics.",
    "nginx": "nginx as a CDN's origin: balancing, compression, lifetimes, surrogate keys, purging.",
    "valkey": "Valkey or Redis as a cache, its memory and policy as bench cache recommends.",
    "prometheus": "Prometheus: where to scrape, recording and alerting rules, and their tests.",
    "alertmanager": "Alertmanager: routes by severity.",
    "grafana": "Grafana: dashboards, and what provisions them.",
    "compose": "All of it, with PostgreSQL, in one file for Docker Compose.",
}


@app.command("all")
@takes(writing=WriteOptions, known=KnownOptions, places=PlaceOptions)
def all_(
    *,
    output: Annotated[Path, typer.Option("--output", "-o", metavar="DIR", help="Where the files go.")],
    writing: WriteOptions,
    known: KnownOptions,
    places: PlaceOptions,
) -> None:
    """Write every configuration to a folder. What was neither measured nor given is not written, and said: exit 3."""
    from perfkit.render.products import PRODUCTS, render

    stack = _stack(known, places)
    rendered = [render(name, stack) for name in PRODUCTS]
    files = {name: text for each in rendered for name, text in each.files.items()}
    _write(output, files, writing)
    _tell(rendered, output, writing)
    leave(NothingMeasuredError.exit_code if any(each.missing for each in rendered) else 0)


def _command(name: str) -> Callable[..., None]:
    """Return the command that renders one product."""

    @takes(writing=WriteOptions, known=KnownOptions, places=PlaceOptions)
    def command(
        *,
        output: Annotated[
            Path | None,
            typer.Option(
                "--output", "-o", metavar="PATH", help="A file, or a folder; default: standard output."
            ),
        ] = None,
        writing: WriteOptions,
        known: KnownOptions,
        places: PlaceOptions,
    ) -> None:
        writing.refuse_without(output)
        _one(name, _stack(known, places), output, writing)

    command.__doc__ = f"{SUMMARIES[name]}\n\nExit 3 when what it needs was neither measured nor given."
    return command


for _name in SUMMARIES:
    app.command(_name)(_command(_name))


def _one(name: str, stack: "Stack", output: Path | None, writing: WriteOptions) -> None:
    from perfkit.monitor.written import is_stream, placed
    from perfkit.render.products import render

    rendered = render(name, stack)
    if rendered.missing:
        raise NothingMeasuredError(
            f"{name}: {'; '.join(each.what for each in rendered.missing)}",
            hint="; ".join(each.hint for each in rendered.missing),
        )
    if output is None and len(rendered.files) > 1:
        raise UsageError(f"{name} is {len(rendered.files)} files", hint="name a folder for them: -o DIR")
    if output is None:
        typer.echo("".join(rendered.files.values()), nl=False)
        return
    directory, files = placed(rendered.files, output)
    if directory != output:
        writable(output)
    _write(directory, files, writing)
    if not is_stream(output):  # whoever reads it there gets the file alone
        _tell([replace(rendered, files=files)], directory, writing)


def _write(directory: Path, files: Mapping[str, str], writing: WriteOptions) -> None:
    """Write the files unless it is a dry run; raises UsageError for somebody's own unless told to replace it."""
    from perfkit.monitor.written import compare, refuse_foreign, write

    found = compare(directory, files)
    if not writing.force:
        refuse_foreign(found)
    if not writing.dry_run:
        write(found)


def _tell(rendered: "Sequence[Rendered]", directory: Path, writing: WriteOptions) -> None:
    from perfkit.report.documents.render import render_document

    document = render_document(rendered, directory=str(directory), dry_run=writing.dry_run)
    emit(document, OutputOptions(format=writing.format))


def _stack(known: KnownOptions, places: PlaceOptions) -> "Stack":
    from perfkit.bench import store
    from perfkit.bench.api.targets import DEMO
    from perfkit.cli.monitor_files import goals_of
    from perfkit.render.given import Given, stack_of
    from perfkit.render.model import Endpoint
    from perfkit.units import parse_size_bytes

    settings = settings_from(dsn=known.dsn, dir=known.dir)
    is_demo = demo_of(settings) is not None
    endpoints = settings.api.endpoints or (DEMO if is_demo else ())
    given = Given(
        goals=goals_of(settings),
        users_target=settings.users_target,
        users=known.users,
        pool_size=known.pool_size,
        maxmemory_bytes=parse_size_bytes(known.maxmemory) if known.maxmemory else None,
        policy=known.policy,
        ready=_path(known.ready),
        postgres_major=known.postgres,
        prepared=known.prepared,
        instances=_instances(known.api, settings),
        database=_database(known.database, settings),
        dashboards=_dashboards(),
        endpoints=tuple(Endpoint(name=each.name, path=each.path) for each in endpoints),
        places=places.places(),
    )
    return stack_of(store.load(store.newest_in(settings.dir)), given)


def _dashboards() -> "Known[str] | None":
    from perfkit.render.model import Known

    installed = find_spec("grafana_foundation_sdk") is not None
    return Known("/var/lib/grafana/dashboards/perfkit", "perfkit monitor dashboard") if installed else None


def _path(ready: str | None) -> str | None:
    if ready is not None and not (
        ready.startswith("/") and ready.isprintable() and not set(ready) & set(" \"'\\#")
    ):
        raise UsageError(f"--ready {ready!r} is no path", hint="such as /readyz")
    return ready


def _instances(given: list[str] | None, settings: "Settings") -> "Known[tuple[Address, ...]] | None":
    """Return the instances: given, named in the settings by their metrics, or the demo's that run."""
    from perfkit.demo.api.instances import find_instances
    from perfkit.render.given import address_of
    from perfkit.render.model import Known, parse_address

    if given:
        return Known(tuple(map(parse_address, given)), "flag --api")
    if settings.api.metrics:
        named = map(address_of, settings.api.metrics)
        return Known(tuple(filter(None, named)), "setting metrics of [api]")
    found = find_instances(settings.dir / "api") if demo_of(settings) else ()
    running = map(address_of, (each.url for each in found))
    return Known(tuple(filter(None, running)), "the demo's API, running") if found else None


def _database(given: str | None, settings: "Settings") -> "Known[Database] | None":
    from perfkit.db.place import place_of
    from perfkit.render.model import Database, Known, parse_address, parse_database

    if given:
        return Known(parse_database(given), "flag --database")
    demo = demo_of(settings)
    place = place_of(demo.dsn if demo else settings.dsn or "")
    if place is None:
        return None
    host, port, name = place
    address = parse_address(f"[{host}]:{port}" if ":" in host else f"{host}:{port}")
    source = "the running demo" if demo else "the connection of the settings (perfkit config)"
    return Known(Database(address=address, name=name), source)
