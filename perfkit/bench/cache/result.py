"""The result of a cache bench: PostgreSQL's own cache, the curve and its recommendation, and the runs that prove it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from perfkit.bench.cache.aside import Invalidation
from perfkit.bench.cache.blocks import OwnCache
from perfkit.bench.cache.measure import Latency
from perfkit.bench.cache.prove import Proof
from perfkit.bench.result import BenchResult, Environment, Figure, Kind, by_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Requests:
    """The stream: requests, those that write, distinct keys and those of them that were asked for to learn their size."""

    count: int
    writes: int
    keys: int
    learned: int
    per_minute: float
    recorded: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheBench:
    """What the bench found; `left_out` maps queries to why they are not in it."""

    at: datetime
    environment: Environment
    options: Mapping[str, str]
    own: OwnCache
    requests: Requests
    left_out: Mapping[str, str]
    proof: Proof
    notes: tuple[str, ...]


def result_of(found: CacheBench) -> BenchResult:
    """Return the figures of the chosen way, a sample a round; no latency where no read of a round had one."""
    runs = found.proof.rounds.get(found.proof.way, ())
    figures = [
        Figure(id="hit_share", unit="share", kind=Kind.SHARE, samples=tuple(run.hit_share for run in runs)),
        Figure(
            id="stale_reads",
            unit="",
            kind=Kind.COUNT,
            samples=tuple(float(run.stale) for run in runs),
        ),
        *_latency_figures("hit", [run.hit for run in runs]),
        *_latency_figures("miss", [run.miss for run in runs]),
        Figure(
            id="memory_per_entry_bytes",
            unit="bytes",
            kind=Kind.SIZE,
            samples=tuple(
                run.memory_per_entry_bytes for run in runs if run.memory_per_entry_bytes is not None
            ),
        ),
        Figure(
            id="saved_database_ms_per_minute",
            unit="ms/min",
            kind=Kind.RATE,
            samples=tuple(run.saved_ms_per_minute for run in runs),
        ),
    ]
    return BenchResult(
        bench="cache",
        at=found.at,
        environment=found.environment,
        options=found.options,
        figures=by_id(*(figure for figure in figures if figure.samples)),
        advice=_advice(found.proof),
    )


def _advice(proof: Proof) -> dict[str, str]:
    """Return the server's settings as they were proved, or as they are recommended to a server that was not set up here.

    `ttl_s.QUERY` is how long a query's entries live, in seconds. Empty when nothing is worth caching.
    """
    recommended = proof.recommendation
    if not recommended.cached:
        return {}
    memory = proof.maxmemory_bytes if proof.own_server else recommended.maxmemory_bytes
    policy = proof.policy if proof.own_server else recommended.policy
    alone = proof.way is Invalidation.TTL
    return {
        "maxmemory_bytes": str(memory),
        "policy": str(policy),
        "invalidation": str(proof.way),
        **{
            f"ttl_s.{each.query}": f"{each.ttl_alone_seconds if alone else each.ttl_seconds:g}"
            for each in recommended.worths
            if each.cached
        },
    }


def _latency_figures(name: str, latencies: list[Latency | None]) -> list[Figure]:
    known = [latency for latency in latencies if latency]
    return [
        Figure(id=f"{name}_p50_ms", unit="ms", kind=Kind.TIME, samples=tuple(each.p50_ms for each in known)),
        Figure(id=f"{name}_p95_ms", unit="ms", kind=Kind.TIME, samples=tuple(each.p95_ms for each in known)),
    ]
