"""perfkit bench load: how many users the database holds, what stands in the way first, and which pool serves best."""

import itertools
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from perfkit.bench.load.thresholds import RAMP_USERS
from perfkit.cli.options import CatalogOptions, OutputOptions, Patterns, ServerOptions, takes
from perfkit.cli.run import say
from perfkit.cli.session import chance_of, demo_of, emit, server_at, server_from, settings_from, workload_from
from perfkit.errors import UsageError

if TYPE_CHECKING:
    from perfkit.bench.load.bench import RunStep
    from perfkit.bench.load.engine import Engine
    from perfkit.bench.load.model import LoadOptions
    from perfkit.bench.load.pgbench import Place
    from perfkit.bench.locust.program import Master
    from perfkit.catalog.workload import WeightedCase
    from perfkit.db.load import LoadServer
    from perfkit.db.server import GuardedServer
    from perfkit.settings import Settings

ENGINES = ("pgbench", "locust")
PROTOCOLS = ("simple", "extended", "prepared")


@takes(server=ServerOptions, catalog=CatalogOptions, out=OutputOptions)
def load(
    patterns: Patterns = None,
    *,
    users: Annotated[
        str, typer.Option("--users", metavar="N,…", help="Users at once, a step of the ramp each.")
    ] = ",".join(map(str, RAMP_USERS)),
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
        typer.Option(
            "--rate", min=0.001, metavar="N", help="Open model: N calls/s, whatever the answers take."
        ),
    ] = None,
    protocol: Annotated[
        str, typer.Option("--protocol", metavar="|".join(PROTOCOLS), help="How statements are sent.")
    ] = "extended",
    threads: Annotated[
        int | None, typer.Option("--threads", min=1, help="Threads of pgbench; default: a processor each.")
    ] = None,
    pooler: Annotated[
        str | None,
        typer.Option(
            "--pooler",
            metavar="DSN",
            help="Send the load through this pooler of the same database, without --timeout and read-only sessions.",
        ),
    ] = None,
    no_pool: Annotated[
        bool, typer.Option("--no-pool", help="Do not look for the pool that serves best.")
    ] = False,
    writes: Annotated[
        bool,
        typer.Option("--writes", help="Call what writes too, on the demo only; it is rolled back."),
    ] = False,
    engine: Annotated[
        str, typer.Option("--engine", metavar="|".join(ENGINES), help="What makes the load.")
    ] = "pgbench",
    master: Annotated[
        str | None,
        typer.Option(
            "--master",
            metavar="HOST:PORT",
            help="Of --engine locust: workers on other machines make the load, and come to this address here.",
        ),
    ] = None,
    workers: Annotated[
        int | None, typer.Option("--workers", min=1, metavar="N", help="Workers that a master waits for; 1.")
    ] = None,
    worker: Annotated[
        str | None,
        typer.Option("--worker", metavar="HOST:PORT", help="Be a worker of the master there, until it ends."),
    ] = None,
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
    from perfkit.cli.bench_options import master_of, users_of
    from perfkit.units import parse_duration_ms

    if protocol not in PROTOCOLS:
        raise UsageError(f"--protocol {protocol!r} is none of {', '.join(PROTOCOLS)}")
    if engine not in ENGINES:
        raise UsageError(f"--engine {engine!r} is none of {', '.join(ENGINES)}")
    settings = settings_from(server, catalog)
    if writes and demo_of(settings) is None:
        raise UsageError(
            "--writes calls what writes on the demo only", hint="perfkit demo up; and name no other database"
        )
    if worker:
        beside = {"queries": patterns, "--master": master, "--rate": rate, "--plot": plot}
        _work(settings, pooler, worker, [name for name, value in beside.items() if value], writes=writes)
        return
    if engine == "locust" and protocol == "simple":
        raise UsageError("--engine locust sends parameters", hint="--protocol extended or prepared")
    if engine == "locust" and threads:
        raise UsageError("--threads are pgbench's", hint="--master and --workers give Locust more processes")
    if master and engine != "locust":
        raise UsageError("--master is of --engine locust", hint="add --engine locust")
    if workers and not master:
        raise UsageError("--workers are waited for by a master", hint="add --master HOST:PORT")
    options = LoadOptions(
        users=users_of(users),
        think_ms=0.0 if rate else parse_duration_ms(think),
        within_ms=parse_duration_ms(within),
        seconds=seconds,
        rounds=rounds,
        rate=rate,
        protocol=protocol,
        threads=threads or len(os.sched_getaffinity(0)),
        pooler=pooler is not None,
        pool=rate is None and not no_pool,
        engine=engine,
    )
    crew = master_of(master, workers)
    _run(settings, patterns, options, pooler, crew, writes=writes, plot=plot, out=out)


def _work(
    settings: "Settings", pooler: str | None, worker: str, beside: Sequence[str], *, writes: bool
) -> None:
    """Be a worker: the master says what is called, and this machine's settings where and as whom."""
    from perfkit.bench.load.locust import users_program
    from perfkit.bench.locust.program import address_of, work

    if beside:
        raise UsageError(
            f"--worker calls what its master says, without {', '.join(beside)}", hint="give it to the master"
        )
    host, port = address_of(worker)
    place = _place(settings, server_from(settings), pooler, writes=writes)
    say(f"perfkit: a worker of {host}:{port} until that ends, or Ctrl-C")
    work(users_program(place), host, port)


def _run(
    settings: "Settings",
    patterns: Sequence[str] | None,
    options: "LoadOptions",
    pooler: str | None,
    master: "Master | None",
    *,
    writes: bool,
    plot: Path | None,
    out: OutputOptions,
) -> None:
    from datetime import UTC, datetime

    from perfkit.bench.environment import environment_of
    from perfkit.bench.load.engine import running_engine
    from perfkit.bench.load.proof import prove
    from perfkit.bench.load.ramp import ramp_of, run_ramp
    from perfkit.bench.result import BenchResult
    from perfkit.cli.bench import keep
    from perfkit.cli.progress import progress_bar
    from perfkit.db.connect import connected
    from perfkit.db.load import LoadServer
    from perfkit.files import write_atomically
    from perfkit.report.documents.bench_load import load_document, load_plot

    server = server_from(settings)
    at = datetime.now(UTC)
    place = _place(settings, server, pooler, writes=writes)
    environment = environment_of(server)
    workload = workload_from(settings, server, patterns)
    if master:
        say(f"perfkit: waiting for workers: perfkit bench load --worker {master.host}:{master.port}")
    with running_engine(place, options, master) as engine, connected(server.dsn) as connection:
        load_server = LoadServer(connection)
        ramp = ramp_of(load_server.limits(), options)
        say(f"perfkit: {ramp.told(options)}")
        with progress_bar("each case once") as progress:
            proven = prove(workload, server, progress, writes=writes)
        with progress_bar("load") as progress:
            run = _run_step(settings, engine, proven.cases, options, load_server)
            found = run_ramp(run, ramp, options, proven, chance_of(settings), progress)
    result = BenchResult(
        bench="load",
        at=at,
        environment=environment,
        options=options.said(found.cases),
        figures=found.figures,
        advice=found.advice,
    )
    if not patterns:
        keep(settings, result)
    if plot:
        write_atomically(plot, load_plot(found))
    emit(load_document(result, found), out)


def _run_step(
    settings: "Settings",
    engine: "Engine",
    cases: "Sequence[WeightedCase]",
    options: "LoadOptions",
    server: "LoadServer",
) -> "RunStep":
    """Return what runs a step: the engine on the server or through the pooler, and a look at the server meanwhile."""
    from perfkit.bench.load.pgbench import Manner
    from perfkit.bench.load.saturation import Step
    from perfkit.bench.load.watch import Watch, postmaster_of

    postmaster = postmaster_of(server.limits().process)
    cores = len(os.sched_getaffinity(0))
    seeds = itertools.count(settings.seed)
    run_cases = engine.run_of(cases)

    def run(users: int, think_ms: float) -> Step:
        watch = Watch(server=server, application_name=_name(), postmaster=postmaster)
        manner = Manner(
            users=users,
            seconds=options.seconds,
            protocol=options.protocol,
            threads=engine.threads,
            rate=options.rate,
            seed=next(seeds),
        )
        return Step(run=run_cases(manner, think_ms, watch), seen=watch.seen(), cores=cores)

    return run


def _name() -> str:
    return f"perfkit load {os.getpid()}"


def _place(settings: "Settings", server: "GuardedServer", pooler: str | None, *, writes: bool) -> "Place":
    """Return where the load goes, once the guard has let it: to the server, or to the same database by its pooler.

    Through a pooler no limit is kept: it refuses settings of a session, and a transaction around each call would be
    measured too. But what is called has been run read-only, in this database. Raises GuardError, and UsageError for a
    pooler of another one.
    """
    from perfkit.db.load import place_of

    origin = server.origin()
    if pooler is None:
        return place_of(server.dsn, _session_settings(settings, writes=writes), _name(), writes=writes)
    if server_at(pooler, settings).origin() != origin:
        raise UsageError(
            "--pooler leads to another server or database than the one that is measured",
            hint="name with --dsn the server and the database behind the pooler",
        )
    return place_of(pooler, {}, _name(), writes=writes)


def _session_settings(settings: "Settings", *, writes: bool) -> dict[str, str]:
    return {
        "default_transaction_read_only": "off" if writes else "on",
        "statement_timeout": f"{settings.timeout_ms:.0f}",
        "lock_timeout": f"{settings.lock_timeout_ms:.0f}",
        # A statement ends soon after the user who waited for it is gone.
        "client_connection_check_interval": "1000",
    }
