"""perfkit bench api: what users of an application wait for, its instances' memory, its static assets."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from perfkit.cli.options import OutputOptions, ServerOptions, takes
from perfkit.cli.session import chance_of, demo_of, emit, leave, server_from, settings_from
from perfkit.errors import UsageError

if TYPE_CHECKING:
    from perfkit.bench.api.client import Role
    from perfkit.bench.api.model import ApiOptions, ApiResult, Target
    from perfkit.bench.result import Environment
    from perfkit.settings import Settings


@takes(server=ServerOptions, out=OutputOptions)
def api(
    *,
    url: Annotated[
        str | None,
        typer.Option(
            "--url", metavar="URL", help="The application; default: [api] url, else the demo's API."
        ),
    ] = None,
    users: Annotated[
        str, typer.Option("--users", metavar="N,…", help="Users at once, a step of the ramp each.")
    ] = "1,10,50,100",
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
    assets: Annotated[
        bool, typer.Option("--assets/--no-assets", help="Look at the headers of static assets.")
    ] = True,
    writes: Annotated[
        bool, typer.Option("--writes", help="Call the endpoints that may write too: what they do stays.")
    ] = False,
    seed: Annotated[int | None, typer.Option("--seed", help="Seed of the order of runs.")] = None,
    master: Annotated[
        int | None,
        typer.Option("--master", metavar="N", min=1, help="Call from N workers, on this or other machines."),
    ] = None,
    worker: Annotated[
        str | None,
        typer.Option("--worker", metavar="HOST", help="Be a worker of the master on that machine."),
    ] = None,
    bind: Annotated[
        str, typer.Option("--bind", metavar="ADDRESS", help="Where the master listens to workers.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", help="The master's port.")] = 5557,
    plot: Annotated[
        Path | None, typer.Option("--plot", metavar="FILE.svg", help="Draw latencies over users.")
    ] = None,
    server: ServerOptions,
    out: OutputOptions,
) -> None:
    """Call an application as many users at once do: latencies, requests a second, errors, memory, static assets.

    Endpoints are those of [[api.endpoints]] in perfkit.toml, else those of the demo's API (perfkit demo api up).
    """
    from perfkit.bench.api.client import Role, work
    from perfkit.bench.api.model import ApiOptions
    from perfkit.cli.bench_load import _users
    from perfkit.units import parse_duration_ms

    if worker:
        leave(work(worker, port))
        return
    settings = settings_from(server, api_target=api_target, seed=seed)
    processes, demo_url = _demo_api(settings)
    chosen = (url or settings.api.url or demo_url).rstrip("/")
    if not chosen.startswith(("http://", "https://")):
        raise UsageError(f"{chosen!r} is no URL of an application", hint="such as http://127.0.0.1:8000")
    options = ApiOptions(
        url=chosen,
        users=_users(users),
        think_ms=parse_duration_ms(think),
        seconds=seconds,
        rounds=rounds,
        target_ms=settings.api_target_ms,
    )
    is_demo = chosen == demo_url
    found, environment = _measured(
        settings,
        options,
        Role(workers=master or 0, bind=bind, port=port),
        is_demo=is_demo,
        writes=writes,
        assets=assets,
        processes=pid or (processes if is_demo else ()),
        metrics=metrics or settings.api.metrics,
    )
    _told(settings, found, environment, plot, out)


def _demo_api(settings: "Settings") -> tuple[Sequence[int], str]:
    """Return the processes of the demo's API and the URL of its first instance; its usual one when none runs."""
    from perfkit.demo.api.instances import find_instances

    instances = find_instances(settings.dir / "api")
    return [each.pid for each in instances], instances[0].url if instances else "http://127.0.0.1:8000"


def _measured(
    settings: "Settings",
    options: "ApiOptions",
    role: "Role",
    *,
    is_demo: bool,
    writes: bool,
    assets: bool,
    processes: Sequence[int],
    metrics: Sequence[str],
) -> "tuple[ApiResult, Environment]":
    from perfkit.bench.api.assets import findings_of, look_at
    from perfkit.bench.api.client import run_step, swarm
    from perfkit.bench.api.memory import memory_now
    from perfkit.bench.api.model import ApiResult
    from perfkit.bench.api.ramp import proven, run_levels
    from perfkit.bench.environment import client_environment, environment_of
    from perfkit.cli.progress import progress_bar

    targets, left_out = _targets(settings, writes=writes)
    good, failed = proven(options.url, targets)
    on_demo = is_demo and demo_of(settings) is not None
    environment = environment_of(server_from(settings)) if on_demo else client_environment(options.url)
    looked = look_at(options.url, settings.api.pages) if assets else ()
    with swarm(role) as client, progress_bar("api") as progress:
        levels = run_levels(
            lambda users: run_step(client, good, options, users, lambda: memory_now(processes, metrics)),
            options.users,
            rounds=options.rounds,
            chance=chance_of(settings),
            report=progress,
        )
    found = ApiResult(
        options=options,
        targets=good,
        levels=levels,
        workers=role.workers,
        not_called=left_out | failed,
        assets=len(looked),
        findings=findings_of(looked) if assets else None,
    )
    return found, environment


def _targets(settings: "Settings", *, writes: bool) -> "tuple[tuple[Target, ...], dict[str, str]]":
    """Return what is called; the database is asked only by endpoints that draw from it."""
    from perfkit.bench.api.targets import DEMO, targets_of

    return targets_of(
        settings.api.endpoints or DEMO, lambda query: server_from(settings).rows(query), writes=writes
    )


def _told(
    settings: "Settings",
    found: "ApiResult",
    environment: "Environment",
    plot: Path | None,
    out: OutputOptions,
) -> None:
    from datetime import UTC, datetime

    from perfkit.bench.result import BenchResult
    from perfkit.cli.bench import keep
    from perfkit.files import write_atomically
    from perfkit.report.documents.bench_api import api_document, api_plot

    result = BenchResult(
        bench="api",
        at=datetime.now(UTC),
        environment=environment,
        options=found.options.said(len(found.targets), found.workers),
        figures=found.figures,
    )
    keep(settings, result)
    if plot:
        write_atomically(plot, api_plot(found))
    emit(api_document(result, found), out)
