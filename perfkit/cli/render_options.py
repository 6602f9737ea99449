"""The options of perfkit render: what is known beside the measurements, and where each program listens."""

from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from perfkit.cli.options import DemoDirectory, Dsn
from perfkit.errors import UsageError

if TYPE_CHECKING:
    from perfkit.render.model import Places


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownOptions:
    """What counts in place of what was measured."""

    pool_size: Annotated[
        int | None, typer.Option("--pool-size", metavar="N", min=1, max=10_000, help="Of PgBouncer.")
    ] = None
    maxmemory: Annotated[str | None, typer.Option("--maxmemory", metavar="SIZE", help="Of the cache.")] = None
    policy: Annotated[
        str | None, typer.Option("--policy", metavar="POLICY", help="Of the cache, such as allkeys-lru.")
    ] = None
    users: Annotated[
        int | None, typer.Option("--users", metavar="N", min=1, max=1_000_000, help="Users at once.")
    ] = None
    api: Annotated[
        list[str] | None,
        typer.Option("--api", metavar="HOST:PORT", help="An instance of the application. Repeatable."),
    ] = None
    ready: Annotated[
        str | None,
        typer.Option("--ready", metavar="PATH", help="Answers 200 when an instance can serve; /readyz."),
    ] = None
    database: Annotated[
        str | None,
        typer.Option("--database", metavar="HOST:PORT/NAME", help="Instead of where --dsn leads."),
    ] = None
    postgres: Annotated[
        int | None, typer.Option("--postgres", metavar="MAJOR", min=14, max=99, help="Version, for compose.")
    ] = None
    prepared: Annotated[
        bool, typer.Option("--prepared", help="PgBouncer is 1.21 or later: it keeps prepared statements.")
    ] = False
    dsn: Dsn = None
    dir: DemoDirectory = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceOptions:
    """Where each program listens and keeps its files; None for its default."""

    pgbouncer: Annotated[
        str | None, typer.Option("--pgbouncer", metavar="HOST:PORT", help="Where PgBouncer listens.")
    ] = None
    haproxy: Annotated[
        str | None, typer.Option("--haproxy", metavar="HOST:PORT", help="Where HAProxy listens.")
    ] = None
    haproxy_metrics: Annotated[
        str | None, typer.Option("--haproxy-metrics", metavar="HOST:PORT", help="Its metrics for Prometheus.")
    ] = None
    nginx: Annotated[
        str | None, typer.Option("--nginx", metavar="HOST:PORT", help="Where nginx listens.")
    ] = None
    valkey: Annotated[
        str | None, typer.Option("--valkey", metavar="HOST:PORT", help="Where the cache listens.")
    ] = None
    exporter: Annotated[
        str | None, typer.Option("--exporter", metavar="HOST:PORT", help="Where perfkit monitor serve is.")
    ] = None
    prometheus: Annotated[
        str | None, typer.Option("--prometheus", metavar="HOST:PORT", help="Where Prometheus listens.")
    ] = None
    alertmanager: Annotated[
        str | None, typer.Option("--alertmanager", metavar="HOST:PORT", help="Where Alertmanager listens.")
    ] = None
    static: Annotated[
        Path | None,
        typer.Option("--static", metavar="DIR", help="The application's files that nginx serves."),
    ] = None
    users_file: Annotated[
        Path | None, typer.Option("--users-file", metavar="FILE", help="PgBouncer's auth_file.")
    ] = None
    run: Annotated[
        Path | None,
        typer.Option("--run", metavar="DIR", help="For sockets, pid and temporary files; the usual ones."),
    ] = None

    def places(self) -> "Places":
        """Return the places; UsageError for one that is none."""
        from perfkit.render.model import Places, parse_address

        given: dict[str, Any] = {}
        for field in fields(self):
            value = getattr(self, field.name)
            if value is not None:
                given[field.name] = _plain(value) if isinstance(value, Path) else parse_address(value)
        return Places(**given)


def _plain(path: Path) -> str:
    """Return the absolute path; UsageError for one that cannot stand in every program's configuration."""
    text = str(path.absolute())
    if any(not c.isprintable() or c in "\"'\\ #;{}$%" for c in text):
        raise UsageError(
            f"{text!r} cannot stand in a configuration file", hint="choose a path without spaces and signs"
        )
    return text
