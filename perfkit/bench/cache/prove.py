"""The bench from learning to proof: what keys take, what the cache takes, the recommendation, and the runs that hold it."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace

from perfkit.bench.cache.aside import Invalidation
from perfkit.bench.cache.calibrate import calibrate, value_bytes
from perfkit.bench.cache.learn import Learned, learn
from perfkit.bench.cache.measure import Plan, Round, measure_ways
from perfkit.bench.cache.memory import MemoryModel
from perfkit.bench.cache.overhead import client_ms
from perfkit.bench.cache.policies import Policy
from perfkit.bench.cache.predict import Recommendation, recommend
from perfkit.bench.cache.stage import Stage
from perfkit.bench.cache.stampede import Stampede, stampede
from perfkit.bench.cache.stream import Stream, beginning, reads_of_keys
from perfkit.bench.cache.thresholds import THRESHOLDS
from perfkit.bench.cache.worth import Costs, Known
from perfkit.measure.model import Progress

ProgressOf = Callable[[str], AbstractContextManager[Progress]]
# The first that ran gives the bench's figures: it keeps entries true whoever writes.
_PREFERENCE = (Invalidation.NOTIFY, Invalidation.VERSION, Invalidation.TTL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What the user wants proved; None for what is recommended.

    `requests` is how many of the stream's a run makes; `ttl_seconds` is for every query; `rounds` is for every way.
    """

    maxmemory_bytes: int | None
    policy: Policy | None
    ttl_seconds: float | None
    requests: int
    ways: tuple[Invalidation, ...]
    protected: bool
    rounds: int | None
    seed: int

    @property
    def way(self) -> Invalidation:
        """Return the way whose figures are the bench's."""
        return next(way for way in _PREFERENCE if way in self.ways)

    @property
    def rounds_of_ways(self) -> dict[Invalidation, int]:
        """Return how often each way runs."""
        return {way: self.rounds or (THRESHOLDS.rounds if way is self.way else 1) for way in self.ways}


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What was learned, predicted, recommended and measured; `way` is that of the figures.

    `client_ms` is the bench's own time of a request. There are no rounds when nothing is worth caching.
    """

    server: str
    own_server: bool
    learned: Learned
    model: MemoryModel
    costs: Costs
    client_ms: float
    recommendation: Recommendation
    maxmemory_bytes: int
    policy: Policy
    way: Invalidation
    rounds: Mapping[Invalidation, tuple[Round, ...]]
    stampedes: tuple[Stampede, ...]

    @property
    def lost_after(self) -> int | None:
        """Return how many requests the run had begun in which the cache was lost, None when it never was."""
        losses = (run.lost_after for runs in self.rounds.values() for run in runs)
        return next((loss for loss in losses if loss is not None), None)


def prove(stream: Stream, stage: Stage, wanted: Wanted, progress_of: ProgressOf) -> Proof:
    """Return the proof; raises ConnectError where the cache is not there at all, MeasureError for the database."""
    learned = _learned(stream, stage, progress_of)
    model, costs = calibrate(stage, stream.keys, learned.payload_bytes)
    known = Known(
        stream=stream, learned=learned, entry_bytes=_entry_bytes(stream, learned, model), costs=costs
    )
    with progress_of("predict") as progress:
        recommendation = recommend(known, model, progress)
    now = stage.memory()
    cached = known.only(recommendation.cached)
    cached = replace(cached, stream=beginning(cached.stream, wanted.requests))
    plan = Plan(
        known=cached,
        model=model,
        maxmemory_bytes=(wanted.maxmemory_bytes or recommendation.maxmemory_bytes)
        if stage.own
        else now.maxmemory_bytes,
        policy=(wanted.policy or recommendation.policy) if stage.own else _policy(now.policy),
        ttl_seconds=_ttls(cached, {each.query: each.ttl_seconds for each in recommendation.worths}, wanted),
        ttl_alone_seconds=_ttls(
            cached, {each.query: each.ttl_alone_seconds for each in recommendation.worths}, wanted
        ),
        protected=wanted.protected,
        rounds=wanted.rounds_of_ways,
        seed=wanted.seed,
    )
    rounds: Mapping[Invalidation, tuple[Round, ...]] = {}
    stampedes: tuple[Stampede, ...] = ()
    if plan.known.stream.reads:
        stampedes = _stampedes(plan.known, stage)
        with progress_of("cache") as progress:
            rounds = measure_ways(plan, stage, progress)
    return Proof(
        server=now.version,
        own_server=stage.own,
        learned=learned,
        model=model,
        costs=costs,
        client_ms=client_ms(stream),
        recommendation=recommendation,
        maxmemory_bytes=plan.maxmemory_bytes,
        policy=plan.policy,
        way=wanted.way,
        rounds=rounds,
        stampedes=stampedes,
    )


def _learned(stream: Stream, stage: Stage, progress_of: ProgressOf) -> Learned:
    database = stage.database()
    try:
        with progress_of("learn") as progress:
            return learn(stream, database, limit_s=THRESHOLDS.learn_s, progress=progress)
    finally:
        database.close()


def _entry_bytes(stream: Stream, learned: Learned, model: MemoryModel) -> tuple[float, ...]:
    pairs = zip(stream.keys, learned.payload_bytes, strict=True)
    return tuple(model.entry_bytes(value_bytes(key, size)) for key, size in pairs)


def _policy(name: str) -> Policy:
    """Return the policy of a server of the user's, the nearest that can be simulated."""
    if "lfu" in name:
        return Policy.LFU
    return Policy.TTL if name == Policy.TTL else Policy.LRU


def _ttls(known: Known, recommended: Mapping[str, float], wanted: Wanted) -> tuple[float, ...]:
    if wanted.ttl_seconds is not None:
        return (wanted.ttl_seconds,) * len(known.stream.keys)
    return tuple(recommended[key.query] for key in known.stream.keys)


def _stampedes(known: Known, stage: Stage) -> tuple[Stampede, ...]:
    """Return what a stampede for the key on which the database spends most does, without protection and with it."""
    reads = reads_of_keys(known.stream)
    spent = [ms * count for ms, count in zip(known.learned.database_ms, reads, strict=True)]
    key = known.stream.keys[max(range(len(spent)), key=spent.__getitem__)]
    found = tuple(stampede(stage, key, protected=protected) for protected in (False, True))
    stage.empty()
    return found
