"""perfkit bench load: how many users the database holds, what stands in the way first, and which pool serves best."""

import itertools
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from perfkit.cli.options import CatalogOptions, OutputOptions, Patterns, ServerOptions, takes
from perfkit.cli.session import chance_of, demo_of, emit, server_from, settings_from, workload_from
from perfkit.errors import UsageError

if TYPE_CHECKING:
    from perfkit.bench.load.bench import RunStep
    from perfkit.bench.load.model import LoadOptions
    from perfkit.catalog.workload import WeightedCase
    from perfkit.db.load import LoadServer
    from perfkit.settings import Settings

PROTOCOLS = ("simple", "extended", "prepared")


def _users(text: str) -> tuple[int, ...]:
    words = [word.strip() for word in text.split(",")]
    if not all(word.isdecimal() and int(word) for word in words):
        raise UsageError(f"--users {text!r} is no list of numbers", hint="such as --users 1,10,100")
    return tuple(sorted({int(word) for word in words}))


@takes(server=ServerOptions, catalog=CatalogOptions, out=OutputOptions)
def load(
    patterns: Patterns = None,
    *,
    users: Annotated[
        str, typer.Option("--users", metavar="N,…", help="Users at once, a step of the ramp each.")
    ] = "1,10,25,50,100",
    think: Annotated[
        str, typer.Option("--think", metavar="TIME", help="What a user pauses between calls on average.")
    ] = "1s",
    within: Annotated[
        str,
        typer.Option("--within", metavar="TIME", help="Users are held while 95 % of calls take no longer."),
    ] = "1s",
    seconds: Annotated[
        float, typer.Option("--seconds", min=1, help="How long each run takes; every step has --rounds runs.")
    ] = 3.0,
    rounds: Annotated[int, typer.Option("--rounds", min=1, help="Runs of each step.")] = 3,
    rate: Annotated[
        float | None,
        typer.Option("--rate", metavar="N", help="Open model: N calls/s, whatever the answers take."),
    ] = None,
    protocol: Annotated[
        str, typer.Option("--protocol", metavar="|".join(PROTOCOLS), help="How statements are sent.")
    ] = "extended",
    threads: Annotated[
        int | None, typer.Option("--threads", min=1, help="Threads of pgbench; default: a processor each.")
    ] = None,
    pooler: Annotated[
        str | None, typer.Option("--pooler", metavar="DSN", help="Send the load through this pooler.")
    ] = None,
    pool: Annotated[
        bool, typer.Option("--pool/--no-pool", help="Look for the pool that serves best.")
    ] = True,
    writes: Annotated[
        bool,
        typer.Option("--writes", help="Call what writes too, on the demo only; it is rolled back."),
    ] = False,
    plot: Annotated[
        Path | None, typer.Option("--plot", metavar="FILE.svg", help="Draw latency and calls/s over users.")
    ] = None,
    server: ServerOptions,
    catalog: CatalogOptions,
    out: OutputOptions,
) -> None:
    """Call the catalog as many users at once do: latencies, calls a second, the knee, what saturates first, the pool.

    Queries are drawn by weight and cases with them. Sessions are read-only. Exit 3 when nothing can be called.
    """
    from perfkit.bench.load.model import LoadOptions
    from perfkit.units import parse_duration_ms

    if protocol not in PROTOCOLS:
        raise UsageError(f"--protocol {protocol!r} is none of {', '.join(PROTOCOLS)}")
    settings = settings_from(server, catalog)
    options = LoadOptions(
        users=_users(users),
        think_ms=0.0 if rate else parse_duration_ms(think),
        within_ms=parse_duration_ms(within),
        seconds=seconds,
        rounds=rounds,
        rate=rate,
        protocol=protocol,
        threads=threads or len(os.sched_getaffinity(0)),
        pooler=pooler is not None,
        pool=pool and rate is None,
    )
    _run(settings, patterns, options, pooler, writes=writes, plot=plot, out=out)


def _run(
    settings: "Settings",
    patterns: Sequence[str] | None,
    options: "LoadOptions",
    pooler: str | None,
    *,
    writes: bool,
    plot: Path | None,
    out: OutputOptions,
) -> None:
    from datetime import UTC, datetime

    from perfkit.bench.environment import environment_of
    from perfkit.bench.load.proof import prove
    from perfkit.bench.load.ramp import run_ramp
    from perfkit.bench.result import BenchResult
    from perfkit.cli.bench import keep
    from perfkit.cli.progress import progress_bar
    from perfkit.db.connect import connected
    from perfkit.db.load import LoadServer
    from perfkit.files import write_atomically
    from perfkit.report.documents.bench_load import load_document, load_plot

    server = server_from(settings)
    if writes and demo_of(settings) is None:
        raise UsageError(
            "--writes calls what writes on the demo only", hint="perfkit demo up; and name no other database"
        )
    at = datetime.now(UTC)
    environment = environment_of(server)
    workload = workload_from(settings, server, patterns)
    with progress_bar("each case once") as progress:
        proven = prove(workload, server, progress, writes=writes)
    with connected(server.dsn) as connection, progress_bar("load") as progress:
        load_server = LoadServer(connection)
        steps = _steps(settings, server.dsn, pooler, proven.cases, options, load_server, writes=writes)
        found = run_ramp(steps, load_server.limits(), options, proven, chance_of(settings), progress)
    result = BenchResult(
        bench="load",
        at=at,
        environment=environment,
        options=options.said(found.cases),
        figures=found.figures,
    )
    if not patterns:
        keep(settings, result)
    if plot:
        write_atomically(plot, load_plot(found))
    emit(load_document(result, found), out)


def _steps(
    settings: "Settings",
    dsn: str,
    pooler: str | None,
    cases: "Sequence[WeightedCase]",
    options: "LoadOptions",
    server: "LoadServer",
    *,
    writes: bool,
) -> "RunStep":
    """Return what runs a step: pgbench on the server or through the pooler, and a look at the server meanwhile."""
    from perfkit.bench.load.pgbench import Manner, run_load
    from perfkit.bench.load.saturation import Step
    from perfkit.bench.load.script import pause_between, scripts_of
    from perfkit.bench.load.watch import Watch, postmaster_of
    from perfkit.db.load import place_of

    name = f"perfkit load {os.getpid()}"
    # A pooler refuses settings of a session; what is called there has been run read-only before.
    session = {} if pooler else _session_settings(settings, writes=writes)
    place = place_of(pooler or dsn, session, name)
    scripts = scripts_of(cases, simple=options.protocol == "simple")
    postmaster = postmaster_of(server.limits().process)
    cores = len(os.sched_getaffinity(0))
    seeds = itertools.count(settings.seed)

    def run(users: int, think_ms: float) -> Step:
        watch = Watch(server=server, application_name=name, postmaster=postmaster)
        manner = Manner(
            users=users,
            seconds=options.seconds,
            protocol=options.protocol,
            threads=options.threads,
            rate=options.rate,
            seed=next(seeds),
        )
        called = (*scripts, pause_between(scripts, think_ms)) if think_ms else scripts
        done = run_load(called, place, manner, watch)
        return Step(run=done, seen=watch.seen(), cores=cores)

    return run


def _session_settings(settings: "Settings", *, writes: bool) -> dict[str, str]:
    return {
        "default_transaction_read_only": "off" if writes else "on",
        "statement_timeout": f"{settings.timeout_ms:.0f}",
        "lock_timeout": f"{settings.lock_timeout_ms:.0f}",
        # A statement ends soon after the user who waited for it is gone.
        "client_connection_check_interval": "1000",
    }
