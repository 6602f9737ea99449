"""The proof: the ways of caching run beside one another, in rounds, under the maxmemory and policy that were recommended."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from perfkit import stats
from perfkit.bench.cache.aside import Invalidation
from perfkit.bench.cache.memory import MemoryModel
from perfkit.bench.cache.policies import Conditions, Policy, simulate
from perfkit.bench.cache.run import Connections, Seen, Way, run_stream
from perfkit.bench.cache.stage import Stage
from perfkit.bench.cache.truth import Truth
from perfkit.bench.cache.worth import Known
from perfkit.measure.model import Progress

_PERCENTS = (0.5, 0.95, 0.99)


@dataclass(frozen=True, slots=True, kw_only=True)
class Latency:
    """Percentiles of times in ms."""

    p50_ms: float
    p95_ms: float
    p99_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """One run of one way.

    `predicted_hit_share` is what the simulation says of a stream of this speed; `saved_ms_per_minute` the database's time
    that hits saved, at the workload's rate. Latencies are None where there was no such read; `memory_per_entry_bytes` where
    the cache is not ours or was lost. The other counts are those of Seen.
    """

    hit_share: float
    predicted_hit_share: float
    hit: Latency | None
    miss: Latency | None
    every: Latency | None
    saved_ms_per_minute: float
    reads: int
    writes: int
    stale: int
    early: int
    late_writes: int
    duplicates: int
    refused: int
    by_database: int
    lost_after: int | None
    evictions: int | None
    entries: int | None
    memory_per_entry_bytes: float | None
    delay: Latency | None
    requests_per_second: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is run: the known stream, the memory model, the cache's limits, TTLs of each key by the way, and the ways' rounds."""

    known: Known
    model: MemoryModel
    maxmemory_bytes: int
    policy: Policy
    ttl_seconds: Sequence[float]
    ttl_alone_seconds: Sequence[float]
    protected: bool
    rounds: Mapping[Invalidation, int]
    seed: int


def measure_ways(plan: Plan, stage: Stage, progress: Progress) -> dict[Invalidation, tuple[Round, ...]]:
    """Return the rounds of each way, which take turns in an order of chance; a lost cache ends it after that round."""
    chance = random.Random(plan.seed)
    found: dict[Invalidation, list[Round]] = {way: [] for way in plan.rounds}
    rounds = max(plan.rounds.values())
    if stage.own:
        stage.limit(plan.maxmemory_bytes, str(plan.policy))
    for number in range(rounds):
        ways = [way for way, wanted in plan.rounds.items() if wanted > number]
        for way in chance.sample(ways, len(ways)):
            title = f"round {number + 1} of {rounds}: {way}"
            run = _run(plan, way, stage, _titled(progress, title))
            found[way].append(run)
            if run.lost_after is not None:
                return {way: tuple(runs) for way, runs in found.items() if runs}
    return {way: tuple(runs) for way, runs in found.items()}


def _titled(progress: Progress, title: str) -> Progress:
    return lambda done, total, _name: progress(done, total, title)


def _run(plan: Plan, invalidation: Invalidation, stage: Stage, progress: Progress) -> Round:
    stage.empty()
    before = stage.memory()
    alone = invalidation is Invalidation.TTL
    way = Way(
        invalidation=invalidation,
        protected=plan.protected,
        ttl_seconds=plan.ttl_alone_seconds if alone else plan.ttl_seconds,
    )
    truth = Truth()
    connections = Connections(cache=stage.cache, database=stage.database, clients=stage.clients)
    with stage.listening(truth):
        seen = run_stream(plan.known.stream, way, connections, truth, progress)
    after = stage.memory() if seen.lost_after is None else None
    entries = after.entries if after and stage.own else None
    server_bytes = plan.model.baseline_bytes - plan.model.clients_bytes
    used = after.used_bytes - sum(stage.clients_bytes()) - server_bytes if after and entries else 0.0
    return _round(
        seen,
        predicted=_predicted(plan, way, seen),
        plan=plan,
        evictions=after.evicted - before.evicted if after else None,
        entries=entries,
        # The fewest entries are lost in what the server itself takes.
        memory_per_entry_bytes=used / entries if entries and used > 0 else None,
    )


def _predicted(plan: Plan, way: Way, seen: Seen) -> float:
    """Return the hit share that the simulation has for this way, at the speed that the run had."""
    stream = plan.known.stream
    per_request = seen.seconds / max(1, len(stream.events))
    faster = 60 / stream.per_minute / max(per_request, 1e-9)
    conditions = Conditions(
        capacity_bytes=plan.model.capacity_bytes(plan.maxmemory_bytes or float("inf")),
        policy=plan.policy,
        seconds_per_request=per_request,
        ttl_seconds=[seconds / faster for seconds in way.ttl_seconds],
        replaces=way.invalidation is not Invalidation.VERSION,
        invalidates=way.invalidation is not Invalidation.TTL,
    )
    return simulate(stream, plan.known.entry_bytes, conditions).hit_share


def _round(  # what was measured beside what was seen
    seen: Seen,
    *,
    predicted: float,
    plan: Plan,
    evictions: int | None,
    entries: int | None,
    memory_per_entry_bytes: float | None,
) -> Round:
    known = plan.known
    saved = sum(known.learned.database_ms[key] * hits for key, hits in seen.hits_of.items())
    return Round(
        hit_share=seen.hit_share,
        predicted_hit_share=predicted,
        hit=_latency(seen.hit_ms),
        miss=_latency(seen.miss_ms),
        every=_latency([*seen.hit_ms, *seen.miss_ms]),
        saved_ms_per_minute=saved * known.stream.per_minute / max(1, len(known.stream.events)),
        reads=seen.reads,
        writes=len(seen.write_ms),
        stale=seen.stale,
        early=seen.early,
        late_writes=seen.late_writes,
        duplicates=seen.duplicates,
        refused=seen.refused,
        by_database=seen.by_database,
        lost_after=seen.lost_after,
        evictions=evictions,
        entries=entries,
        memory_per_entry_bytes=memory_per_entry_bytes,
        delay=_latency(seen.delays_ms),
        requests_per_second=len(known.stream.events) / max(seen.seconds, 1e-9),
    )


def _latency(times: Sequence[float]) -> Latency | None:
    if not times:
        return None
    ordered = sorted(times)
    p50, p95, p99 = (stats.quantile(ordered, percent) for percent in _PERCENTS)
    return Latency(p50_ms=p50, p95_ms=p95, p99_ms=p99)
