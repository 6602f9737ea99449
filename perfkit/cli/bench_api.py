"""perfkit bench api: what users of an application wait for, its instances' memory, its static assets."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from perfkit.bench.api.thresholds import RAMP_USERS
from perfkit.cli.options import OutputOptions, ServerOptions, takes, writable
from perfkit.cli.session import chance_of, demo_of, emit, server_from, settings_from
from perfkit.errors import ConnectError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from perfkit.bench.api.assets import Asset
    from perfkit.bench.api.memory import Instances
    from perfkit.bench.api.model import ApiOptions, ApiResult, Level, Target
    from perfkit.bench.locust.program import Master
    from perfkit.bench.result import BenchResult
    from perfkit.demo.api.instances import Instance
    from perfkit.settings import Settings

# Where the demo's API answers when nobody says otherwise.
_USUAL_URL = "http://127.0.0.1:8000"
_FIRST_PAGE = "/"
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


@takes(server=ServerOptions, out=OutputOptions)
def api(
    *,
    url: Annotated[
        str | None,
        typer.Option(
            "--url",
            metavar="URL",
            help="The application; default: url of the table api, else the demo's API.",
        ),
    ] = None,
    users: Annotated[
        str, typer.Option("--users", metavar="N,…", help="Users at once, a step of the ramp each.")
    ] = ",".join(map(str, RAMP_USERS)),
    think: Annotated[
        str, typer.Option("--think", metavar="TIME", help="What a user pauses between requests on average.")
    ] = "1s",
    seconds: Annotated[
        float, typer.Option("--seconds", min=1, help="How long each run takes; every step has --rounds runs.")
    ] = 3.0,
    rounds: Annotated[int, typer.Option("--rounds", min=1, help="Runs of each step.")] = 3,
    api_target: Annotated[
        str | None, typer.Option("--target", metavar="TIME", help="Limit of a simple request's p95; 200ms.")
    ] = None,
    pid: Annotated[
        list[int] | None,
        typer.Option("--pid", metavar="PID", help="Process of an instance on this machine. Repeatable."),
    ] = None,
    metrics: Annotated[
        list[str] | None,
        typer.Option("--metrics", metavar="URL", help="Metrics of an instance elsewhere. Repeatable."),
    ] = None,
    no_assets: Annotated[
        bool, typer.Option("--no-assets", help="Do not look at the headers of static assets.")
    ] = False,
    writes: Annotated[
        bool, typer.Option("--writes", help="Call the endpoints that may write too: what they do stays.")
    ] = False,
    seed: Annotated[int | None, typer.Option("--seed", help="Seed of the order of runs.")] = None,
    master: Annotated[
        str | None,
        typer.Option(
            "--master",
            metavar="HOST:PORT",
            help="Workers, here or on other machines, make the requests, and come to this address of this one.",
        ),
    ] = None,
    workers: Annotated[int, typer.Option("--workers", min=1, help="Workers that a master waits for.")] = 1,
    worker: Annotated[
        str | None,
        typer.Option("--worker", metavar="HOST:PORT", help="Be a worker of the master there, until it ends."),
    ] = None,
    plot: Annotated[
        Path | None,
        typer.Option("--plot", metavar="FILE.svg", callback=writable, help="Draw latencies over users."),
    ] = None,
    server: ServerOptions,
    out: OutputOptions,
) -> None:
    """Call an application as many users at once do: latencies, requests a second, errors, memory, static assets.

    Endpoints are those of api.endpoints in perfkit.toml, else those of the demo's API (perfkit demo api up).
    """
    from perfkit.bench.api.client import SWARM
    from perfkit.bench.api.memory import Instances
    from perfkit.bench.locust.program import address_of, work
    from perfkit.cli.bench_options import master_of

    if worker:
        work(SWARM, *address_of(worker))
        return
    settings = settings_from(server, api_target=api_target, seed=seed)
    demo = _demo_api(settings)
    chosen = (url or settings.api.url or (demo[0].url if demo else _USUAL_URL)).rstrip("/")
    if not chosen.startswith(("http://", "https://")):
        raise UsageError(f"{chosen!r} is no URL of an application", hint="such as http://127.0.0.1:8000")
    own = _instances_at(chosen, demo) if not settings.api.endpoints else ()
    run = _Run(
        settings=settings,
        options=_options(
            settings,
            chosen,
            users=users,
            think=think,
            seconds=seconds,
            rounds=rounds,
            workers=workers if master else 0,
        ),
        instances=Instances(
            processes=tuple(pid or [each.pid for each in own]),
            metrics=tuple(metrics or settings.api.metrics),
        ),
        master=master_of(master, workers),
        is_demo=bool(own),
    )
    run.instances.check()
    _told(settings, run.measured(writes=writes, assets=not no_assets), plot, out)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Run:
    """What is to be run, and whether it is the demo's API, whose database tells how fast the machine is."""

    settings: "Settings"
    options: "ApiOptions"
    instances: "Instances"
    master: "Master | None"
    is_demo: bool

    def measured(self, *, writes: bool, assets: bool) -> "tuple[BenchResult, ApiResult]":
        from datetime import UTC, datetime

        from perfkit.bench.api.judgement import findings_of
        from perfkit.bench.api.model import ApiResult
        from perfkit.bench.api.ramp import proven
        from perfkit.bench.environment import client_environment, environment_of
        from perfkit.bench.result import BenchResult
        from perfkit.cli.progress import progress_bar

        at = datetime.now(UTC)
        chosen, left_out = _targets(self.settings, writes=writes)
        with progress_bar("each endpoint once") as progress:
            targets, failed = proven(self.options, chosen, progress)
        looked = _assets(self.settings, self.options) if assets else ()
        with_database = self.is_demo and demo_of(self.settings) is not None
        environment = (
            environment_of(server_from(self.settings))
            if with_database
            else client_environment(self.options.url)
        )
        before = self.instances.memory_now()
        levels = self._levels(targets)
        found = ApiResult(
            options=self.options,
            targets=targets,
            levels=levels,
            not_called=left_out | failed,
            gone=tuple(before.keys() - self.instances.memory_now().keys()),
            assets=len(looked),
            findings=findings_of(looked) if assets else None,
        )
        options = self.options.said(len(targets))
        return BenchResult(
            bench="api", at=at, environment=environment, options=options, figures=found.figures
        ), found

    def _levels(self, targets: "Sequence[Target]") -> "tuple[Level, ...]":
        from perfkit.bench.api.client import SWARM, Crew
        from perfkit.bench.api.ramp import run_levels
        from perfkit.bench.locust.program import running
        from perfkit.cli.progress import progress_bar

        with running(SWARM, self.master) as ready, progress_bar("api") as progress:
            crew = Crew(swarm=ready, targets=targets, options=self.options, memory=self.instances.memory_now)
            return run_levels(
                crew.run_step,
                self.options.users,
                rounds=self.options.rounds,
                chance=chance_of(self.settings),
                report=progress,
            )


def _options(
    settings: "Settings",
    url: str,
    *,
    users: str,
    think: str,
    seconds: float,
    rounds: int,
    workers: int,
) -> "ApiOptions":
    from perfkit.bench.api.model import ApiOptions
    from perfkit.cli.bench_options import users_of
    from perfkit.units import parse_duration_ms

    return ApiOptions(
        url=url,
        users=users_of(users),
        think_ms=parse_duration_ms(think),
        seconds=seconds,
        rounds=rounds,
        target_ms=settings.api_target_ms,
        memory_target_bytes=settings.memory_target_bytes,
        workers=workers,
        headers={header.name: header.value(os.environ) for header in settings.api.headers},
    )


def _demo_api(settings: "Settings") -> "Sequence[Instance]":
    from perfkit.demo.api.instances import find_instances

    return find_instances(settings.dir / "api")


def _instances_at(url: str, demo: "Sequence[Instance]") -> "Sequence[Instance]":
    """Return the demo's instances that answer at the URL: the one, or all behind a proxy on this machine; none elsewhere."""
    from urllib.parse import urlsplit

    one = [each for each in demo if each.url == url]
    return one or (demo if urlsplit(url).hostname in _LOOPBACK else ())


def _assets(settings: "Settings", options: "ApiOptions") -> "tuple[Asset, ...]":
    """Return the pages that are named and what they load; where none is named, the first page, if it is one."""
    from perfkit.bench.api.assets import look_at

    return look_at(options.url, settings.api.pages or _first_page(options), options.headers)


def _first_page(options: "ApiOptions") -> tuple[str, ...]:
    from perfkit.bench.api.assets import is_html
    from perfkit.bench.api.http import ask

    try:
        first = ask(f"{options.url}{_FIRST_PAGE}", headers=options.headers)
    except ConnectError:  # other paths of it have answered
        return ()
    return (_FIRST_PAGE,) if first.status == 200 and is_html(first) else ()


def _targets(settings: "Settings", *, writes: bool) -> "tuple[tuple[Target, ...], dict[str, str]]":
    """Return what is called; the database is asked only by endpoints that draw from it."""
    from perfkit.bench.api.targets import DEMO, targets_of

    return targets_of(
        settings.api.endpoints or DEMO, lambda query: server_from(settings).rows(query), writes=writes
    )


def _told(
    settings: "Settings", measured: "tuple[BenchResult, ApiResult]", plot: Path | None, out: OutputOptions
) -> None:
    from perfkit.cli.bench import keep
    from perfkit.files import write_atomically
    from perfkit.report.documents.bench_api import api_document, api_plot

    result, found = measured
    keep(settings, result)
    if plot:
        write_atomically(plot, api_plot(found))
    emit(api_document(result, found), out)
