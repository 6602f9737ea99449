"""perfkit monitor: an exporter for Prometheus, and the rules, dashboards and role that go with it."""

import signal
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Annotated

import typer

from perfkit.cli.options import BaselineDirectory, CatalogOptions, Patterns, ServerOptions, takes
from perfkit.cli.run import say
from perfkit.cli.session import catalog_from, server_from, settings_from
from perfkit.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from perfkit.baseline.model import QueryBaseline
    from perfkit.monitor.http import Door
    from perfkit.monitor.model import CacheNow
    from perfkit.monitor.surroundings import Surroundings
    from perfkit.monitor.worker import Watch
    from perfkit.settings import Settings

app = typer.Typer(
    help="Watch a database from Prometheus: an exporter, alerting rules, dashboards, the role.",
    no_args_is_help=True,
)

LISTEN = "127.0.0.1:19187"


@dataclass(frozen=True, slots=True, kw_only=True)
class DoorOptions:
    """Where the exporter listens, and whom it answers."""

    listen: Annotated[str, typer.Option("--listen", metavar="HOST:PORT", help="Where to answer scrapes.")] = (
        LISTEN
    )
    tls_cert: Annotated[
        Path | None, typer.Option("--tls-cert", metavar="FILE", help="Certificate (PEM): answer over HTTPS.")
    ] = None
    tls_key: Annotated[
        Path | None,
        typer.Option("--tls-key", metavar="FILE", help="Its key, if it is not in the same file."),
    ] = None
    auth_file: Annotated[
        Path | None,
        typer.Option("--auth-file", metavar="FILE", help="A line user:password that scrapes must give."),
    ] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AroundOptions:
    """What is watched beside the database; a URL with a password is better given in the environment."""

    pool: Annotated[
        str | None,
        typer.Option(
            "--pool",
            metavar="DSN",
            envvar="PERFKIT_MONITOR_POOL",
            show_envvar=False,
            help="PgBouncer's console (database pgbouncer); or PERFKIT_MONITOR_POOL.",
        ),
    ] = None
    cache: Annotated[
        str | None,
        typer.Option(
            "--cache",
            metavar="URL",
            envvar="PERFKIT_MONITOR_CACHE",
            show_envvar=False,
            help="A Valkey or Redis, redis://host:port/0; or PERFKIT_MONITOR_CACHE.",
        ),
    ] = None


@app.command("serve")
@takes(door=DoorOptions, around=AroundOptions, server=ServerOptions, catalog=CatalogOptions)
def serve(
    patterns: Patterns = None,
    *,
    every: Annotated[
        str, typer.Option("--every", metavar="TIME", help="How often each case is probed.")
    ] = "5min",
    baseline: Annotated[
        str, typer.Option("--name", help="The baseline whose plans are compared with; none is no error.")
    ] = "main",
    baselines: BaselineDirectory = None,
    door: DoorOptions,
    around: AroundOptions,
    server: ServerOptions,
    catalog: CatalogOptions,
) -> None:
    """Answer Prometheus' scrapes with what the catalog's queries take, health, targets and sessions, until it is ended.

    Each case of the catalog runs once every --every, under the guard of `perfkit analyze`, one at a time, on one
    connection; writes are never run. A scrape reads memory only: it asks the database nothing, and is answered while
    the database is away.
    """
    from perfkit.monitor.serve import Exporter
    from perfkit.monitor.serve import serve as run_exporter
    from perfkit.units import parse_duration_ms

    settings = settings_from(server, catalog, baselines=baselines)
    opened = _door(door)
    every_s = parse_duration_ms(every) / 1000
    if every_s < 1:
        raise UsageError("--every is too often", hint="probe each case once a second at most")
    exporter = Exporter(
        door=opened,
        watch=_watch(settings, patterns, baseline),
        surroundings=_surroundings(settings, around),
        every_s=every_s,
    )
    if not opened.is_loopback and not (opened.certificate and opened.credentials):
        say(f"perfkit: {opened.host} can be reached from elsewhere: set --tls-cert and --auth-file")
    stop = Event()
    before = signal.signal(signal.SIGTERM, lambda *_: stop.set())
    try:
        run_exporter(
            exporter,
            stop,
            lambda url: say(f"perfkit: {url}/metrics, each case every {every}; Ctrl-C ends it"),
        )
    finally:
        signal.signal(signal.SIGTERM, before)


def _watch(settings: "Settings", patterns: list[str] | None, baseline: str) -> "Watch":
    from perfkit.catalog.workload import Workload, select_queries, workload
    from perfkit.db.monitor import KeptServer
    from perfkit.health.checks import choose
    from perfkit.measure.model import Manner
    from perfkit.monitor.worker import Watch

    chosen = tuple(patterns or ())
    catalog = catalog_from(settings)
    select_queries(catalog, chosen)  # a wrong pattern is told now, not when the database is reached
    guarded = server_from(settings)
    database = KeptServer(guarded.dsn, guarded.guard)

    def draw() -> Workload:
        return workload(catalog, chosen, rows=database.rows, seed=settings.seed)

    return Watch(
        database=database,
        draw=draw,
        manner=Manner(samples=1, plan_mode=settings.plan_mode, target_ms=settings.target_ms),
        baseline=_baseline(settings, baseline),
        health=choose(),
        say=lambda text: say(f"perfkit: {text}"),
    )


def _baseline(settings: "Settings", name: str) -> "Mapping[str, QueryBaseline]":
    from perfkit.baseline.store import list_baselines, load

    return load(settings.baselines, name) if name in list_baselines(settings.baselines) else {}


def _door(options: DoorOptions) -> "Door":
    from perfkit.monitor.http import Door

    host, colon, port = options.listen.rpartition(":")
    if not (colon and host and port.isdecimal() and int(port) < 65536):
        raise UsageError(f"--listen {options.listen} is no place", hint=f"write HOST:PORT, such as {LISTEN}")
    if options.tls_key and not options.tls_cert:
        raise UsageError("--tls-key belongs to a certificate", hint="name it: --tls-cert FILE")
    return Door(
        host=host.strip("[]"),
        port=int(port),
        certificate=options.tls_cert,
        key=options.tls_key,
        credentials=_credentials(options.auth_file) if options.auth_file else None,
    )


def _credentials(path: Path) -> str:
    try:
        lines = path.read_text("utf-8").splitlines()
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise UsageError(f"{path}: not UTF-8 text") from None
    if len(lines) != 1 or not all(lines[0].partition(":")):
        raise UsageError(f"{path} must hold one line user:password")
    if path.stat().st_mode & 0o077:
        say(f"perfkit: others may read {path}: chmod 600")
    return lines[0]


def _surroundings(settings: "Settings", options: AroundOptions) -> "Surroundings":
    from perfkit.bench import store
    from perfkit.bench.targets import targets_of
    from perfkit.cli.targets import limits_of
    from perfkit.db.monitor_pool import PoolConsole
    from perfkit.monitor.surroundings import Surroundings

    return Surroundings(
        targets=targets_of(limits_of(settings)),
        results=lambda: store.load(store.newest_in(settings.dir)),
        pool=PoolConsole(options.pool) if options.pool else None,
        cache=_CacheServer(options.cache) if options.cache else None,
    )


class _CacheServer:
    """A cache's server as the monitor wants it."""

    def __init__(self, url: str) -> None:
        from perfkit.kv.valkey import ValkeyCache

        self._server = ValkeyCache(url, "")

    def now(self) -> "CacheNow":
        """Return what the cache says of itself."""
        from perfkit.monitor.model import CacheNow

        memory = self._server.memory()
        hits, misses = self._server.lookups()
        return CacheNow(
            used_bytes=memory.used_bytes,
            limit_bytes=memory.maxmemory_bytes,
            entries=memory.entries,
            evicted=memory.evicted,
            hits=hits,
            misses=misses,
        )
