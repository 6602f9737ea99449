"""perfkit bench cache: PostgreSQL's own cache, and what Valkey in front of the catalog would bring."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from perfkit.cli.options import CatalogOptions, OutputOptions, Patterns, ServerOptions, takes
from perfkit.cli.session import demo_of, emit, leave, server_from, settings_from, workload_from
from perfkit.errors import ConnectError, UsageError

if TYPE_CHECKING:
    from perfkit.bench.cache.aside import Invalidation
    from perfkit.bench.cache.blocks import OwnCache
    from perfkit.bench.cache.prove import Wanted
    from perfkit.bench.cache.result import CacheBench
    from perfkit.cli.cache_requests import Drawn
    from perfkit.db.server import GuardedServer
    from perfkit.settings import Settings

_LEAST_REQUESTS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamOptions:
    """Which requests are made."""

    requests: Annotated[
        int,
        typer.Option(
            "--requests",
            min=_LEAST_REQUESTS,
            help="Requests of a run; the curve is of up to 60 times as many.",
        ),
    ] = 500
    skew: Annotated[
        float,
        typer.Option("--skew", min=0.0, max=3.0, help="Zipf's exponent: how much of the reads few keys get."),
    ] = 0.9
    keys: Annotated[int, typer.Option("--keys", min=1, help="Cases drawn a query, at most.")] = 300
    writes: Annotated[
        float | None,
        typer.Option(
            "--writes",
            min=0.0,
            max=0.9,
            metavar="SHARE",
            help="Share of requests that write, to versions in a scratch schema that is dropped after. Default: as the"
            " catalog's weights have it on the demo, else 0.",
        ),
    ] = None
    trace: Annotated[
        Path | None,
        typer.Option(
            "--trace",
            metavar="FILE",
            help="Recorded requests instead: JSON lines, or a server's log as .csv.",
        ),
    ] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheOptions:
    """Which cache, and how it is used."""

    redis: Annotated[
        str | None,
        typer.Option(
            "--redis",
            metavar="URL",
            envvar="PERFKIT_REDIS",
            show_envvar=False,
            help="A server of yours, as it is set up; only keys of this run are touched. Default: a Valkey that ends with"
            " the run.",
        ),
    ] = None
    maxmemory: Annotated[
        str | None, typer.Option("--maxmemory", metavar="SIZE", help="Default: what is recommended.")
    ] = None
    policy: Annotated[
        str | None,
        typer.Option(
            "--policy",
            metavar="allkeys-lru|allkeys-lfu|volatile-ttl",
            help="Default: what is recommended.",
        ),
    ] = None
    ttl: Annotated[
        str | None,
        typer.Option("--ttl", metavar="TIME", help="How long entries live; default: by the query."),
    ] = None
    invalidate: Annotated[
        str,
        typer.Option(
            "--invalidate",
            metavar="ttl|version|notify|all",
            help="How entries end that a write made old; all compares them.",
        ),
    ] = "all"
    no_protect: Annotated[
        bool,
        typer.Option(
            "--no-protect", help="Let all that miss a key ask the database, not one of them at a time."
        ),
    ] = False
    clients: Annotated[int, typer.Option("--clients", min=1, max=64, help="Clients at once.")] = 2
    rounds: Annotated[
        int | None,
        typer.Option(
            "--rounds",
            min=1,
            help="Runs of each way, in turns. Default: 2 of the one whose figures are kept, 1 of the others.",
        ),
    ] = None


@takes(
    stream=StreamOptions, cache=CacheOptions, server=ServerOptions, catalog=CatalogOptions, out=OutputOptions
)
def cache(
    patterns: Patterns = None,
    *,
    plot: Annotated[
        Path | None, typer.Option("--plot", metavar="FILE.svg", help="Draw the hit rate over the size.")
    ] = None,
    stream: StreamOptions,
    cache: CacheOptions,
    server: ServerOptions,
    catalog: CatalogOptions,
    out: OutputOptions,
) -> None:
    """Measure PostgreSQL's own cache, and what Valkey in front of it would bring: how large, which policy, which queries.

    Predicts the hit rate of every size from one stream of requests, recommends, and proves it by runs. Reads are read-only.
    Exit 3 when nothing could be measured, or the cache was lost meanwhile.
    """
    from perfkit.bench.cache.result import result_of
    from perfkit.cli.bench import keep
    from perfkit.report.documents.bench_cache import cache_chart, cache_document

    settings = settings_from(server, catalog)
    found = _measured(settings, patterns, stream, cache)
    result = result_of(found)
    if found.proof.lost_after is None and not patterns:
        keep(settings, result)
    if plot:
        from perfkit.files import write_all_atomically
        from perfkit.report.chart import draw

        write_all_atomically({plot: draw(cache_chart(found))})
    emit(cache_document(found, result), out)
    leave(ConnectError.exit_code if found.proof.lost_after is not None else 0)


def _measured(
    settings: "Settings", patterns: Sequence[str] | None, given: StreamOptions, cache: CacheOptions
) -> "CacheBench":
    from datetime import UTC, datetime

    from perfkit.bench.cache.prove import prove
    from perfkit.bench.cache.result import CacheBench, Requests
    from perfkit.bench.environment import environment_of
    from perfkit.cli.cache_stage import cache_stage
    from perfkit.cli.progress import progress_bar

    at = datetime.now(UTC)
    server = server_from(settings)
    drawn = _drawn(settings, patterns, given, server)
    stream = drawn.stream
    wanted = _wanted(cache, given.requests, writes=stream.reads < len(stream.events), seed=settings.seed)
    environment = environment_of(server)
    own = _own_cache(settings, patterns, server)
    written = len(stream.tables) if stream.reads < len(stream.events) else 0
    with cache_stage(settings, server, url=cache.redis, tables=written, clients=cache.clients) as stage:
        proof = prove(stream, stage, wanted, progress_bar)
    return CacheBench(
        at=at,
        environment=environment,
        options=_options(given, cache, wanted.ways, patterns),
        own=own,
        requests=Requests(
            count=len(stream.events),
            writes=len(stream.events) - stream.reads,
            keys=len({event for event in stream.events if event >= 0}),
            learned=proof.learned.measured,
            per_minute=stream.per_minute,
            recorded=given.trace is not None,
        ),
        left_out=drawn.left_out,
        proof=proof,
        notes=drawn.notes,
    )


def _wanted(cache: CacheOptions, requests: int, *, writes: bool, seed: int) -> "Wanted":
    from perfkit.bench.cache.aside import Invalidation
    from perfkit.bench.cache.policies import Policy
    from perfkit.bench.cache.prove import Wanted
    from perfkit.units import parse_duration_ms, parse_size_bytes

    known = {*Invalidation, "all"}
    if cache.invalidate not in known:
        raise UsageError(f"--invalidate {cache.invalidate}", hint=f"one of {', '.join(sorted(known))}")
    if cache.policy is not None and cache.policy not in set(Policy):
        raise UsageError(f"--policy {cache.policy}", hint=f"one of {', '.join(Policy)}")
    if cache.redis and (cache.maxmemory or cache.policy):
        raise UsageError(
            "--maxmemory and --policy are for the bench's own server",
            hint="a server of yours is measured as it is set up",
        )
    ways = tuple(Invalidation) if cache.invalidate == "all" else (Invalidation(cache.invalidate),)
    return Wanted(
        maxmemory_bytes=parse_size_bytes(cache.maxmemory) if cache.maxmemory else None,
        policy=Policy(cache.policy) if cache.policy else None,
        ttl_seconds=parse_duration_ms(cache.ttl) / 1000 if cache.ttl else None,
        requests=requests,
        # Where nothing is written, the ways differ in nothing.
        ways=ways if writes or cache.invalidate != "all" else (Invalidation.TTL,),
        protected=not cache.no_protect,
        rounds=cache.rounds,
        seed=seed,
    )


def _options(
    given: StreamOptions, cache: CacheOptions, ways: "Sequence[Invalidation]", patterns: Sequence[str] | None
) -> dict[str, str]:
    """Return what must be the same in two results that are compared."""
    writes = "catalog" if given.writes is None else f"{given.writes:g}"
    return {
        "requests": "trace" if given.trace else str(given.requests),
        "skew": f"{given.skew:g}",
        "keys": str(given.keys),
        "writes": writes,
        "invalidate": ",".join(ways),
        "maxmemory": cache.maxmemory or "recommended",
        "policy": cache.policy or "recommended",
        "ttl": cache.ttl or "by query",
        "protect": "no" if cache.no_protect else "yes",
        "clients": str(cache.clients),
        "server": "named" if cache.redis else "own",
        "queries": ",".join(patterns) if patterns else "all",
    }


def _drawn(
    settings: "Settings", patterns: Sequence[str] | None, given: StreamOptions, server: "GuardedServer"
) -> "Drawn":
    from perfkit.bench.cache.stream import Shape
    from perfkit.bench.cache.thresholds import THRESHOLDS
    from perfkit.cli.cache_requests import drawn_requests, recorded_requests, write_share_of

    write_share = write_share_of(settings, given.writes)
    if given.trace is not None:
        if patterns:
            raise UsageError("--trace has its own queries: name none beside it")
        return recorded_requests(settings, server, given.trace, write_share=write_share)
    shape = Shape(skew=given.skew, write_share=write_share, seed=settings.seed)
    return drawn_requests(
        settings,
        server,
        patterns,
        shape,
        requests=THRESHOLDS.predicted_requests(given.requests),
        keys=given.keys,
    )


def _own_cache(settings: "Settings", patterns: Sequence[str] | None, server: "GuardedServer") -> "OwnCache":
    from perfkit.bench.cache.blocks import look_at_own_cache
    from perfkit.bench.cache.thresholds import THRESHOLDS
    from perfkit.cli.progress import progress_bar
    from perfkit.db.cache_blocks import shared_buffers
    from perfkit.demo.role import DATABASE

    demo = demo_of(settings)
    dsn = demo.postgres.dsn_for(DATABASE) if demo else server.dsn
    cases = [
        each for each in workload_from(settings, server, patterns).cases if "write" not in each.query.allowed
    ]
    with (
        shared_buffers(dsn, server.guard, own=demo is not None) as buffers,
        progress_bar("blocks") as progress,
    ):
        return look_at_own_cache(cases, server, buffers, limit_s=THRESHOLDS.blocks_s, progress=progress)
