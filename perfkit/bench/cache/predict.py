"""What is predicted: the hit rate for every size, by policy, and from it how large the cache should be."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

from perfkit.bench.cache.distances import Distances, stack_distances
from perfkit.bench.cache.memory import MemoryModel
from perfkit.bench.cache.policies import Conditions, Policy, simulate
from perfkit.bench.cache.thresholds import THRESHOLDS
from perfkit.bench.cache.worth import Known, Worth, worth_of
from perfkit.measure.model import Progress

_MB = 1024**2
_SMALLEST_PART = 64
POLICIES = (Policy.LRU, Policy.LFU)


@dataclass(frozen=True, slots=True, kw_only=True)
class SizePoint:
    """What a size of entries would bring; hit shares are of the reads of what is cached.

    `ideal` is that of a true LRU, by stack distances; `hit_shares` those of the policies as Valkey does them, and
    `saved_ms_per_minute` the time of clients that each saves.
    """

    capacity_bytes: float
    ideal: float
    hit_shares: dict[Policy, float]
    saved_ms_per_minute: dict[Policy, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Recommendation:
    """How to cache: maxmemory and policy, and each query's worth; `point` is the curve's at that size."""

    maxmemory_bytes: int
    policy: Policy
    worths: tuple[Worth, ...]
    curve: tuple[SizePoint, ...]
    sampled_share: float

    @property
    def cached(self) -> frozenset[str]:
        """Return the names of the queries that should be cached."""
        return frozenset(worth.query for worth in self.worths if worth.cached)


def recommend(known: Known, model: MemoryModel, progress: Progress, *, sizes: int = 9) -> Recommendation:
    """Return how to cache the stream; with nothing worth caching the curve is empty and maxmemory 0."""
    worths = worth_of(known)
    cached = known.only(frozenset(worth.query for worth in worths if worth.cached))
    rate = min(1.0, THRESHOLDS.sampled_keys / max(1, len(cached.stream.keys)))
    curve = tuple(_curve(cached, rate, sizes, progress)) if cached.stream.reads else ()
    if not curve:
        return Recommendation(
            maxmemory_bytes=0, policy=Policy.LRU, worths=worths, curve=(), sampled_share=rate
        )
    best = max(point.saved_ms_per_minute[Policy.LRU] for point in curve)
    chosen = next(
        point for point in curve if point.saved_ms_per_minute[Policy.LRU] >= THRESHOLDS.enough_saved * best
    )
    gain = chosen.hit_shares[Policy.LFU] - chosen.hit_shares[Policy.LRU]
    return Recommendation(
        maxmemory_bytes=_rounded(
            model.baseline_bytes + chosen.capacity_bytes * (1 + THRESHOLDS.headroom_share)
        ),
        policy=Policy.LFU if gain > THRESHOLDS.policy_gain_share else Policy.LRU,
        worths=worths,
        curve=curve,
        sampled_share=rate,
    )


def _rounded(size_bytes: float) -> int:
    """Return the size in whole MB, as it is written in a configuration."""
    return math.ceil(size_bytes / _MB) * _MB


def _curve(known: Known, rate: float, sizes: int, progress: Progress) -> Iterator[SizePoint]:
    """Yield the points of geometrically growing sizes, the last of which holds every entry."""
    stream = known.stream
    distances = stack_distances(stream, known.entry_bytes, rate=rate)
    read = {event for event in stream.events if event >= 0}
    whole = math.fsum(known.entry_bytes[number] for number in read)
    for number in range(sizes):
        progress(number, sizes, "sizes")
        capacity = whole * _SMALLEST_PART ** (number / (sizes - 1) - 1)
        yield _point(known, capacity, distances)


def _point(known: Known, capacity: float, distances: Distances) -> SizePoint:
    stream = known.stream
    conditions = Conditions(
        capacity_bytes=capacity,
        policy=Policy.LRU,
        seconds_per_request=60 / stream.per_minute,
        ttl_seconds=[math.inf] * len(stream.keys),
    )
    found = {
        policy: simulate(stream, known.entry_bytes, replace(conditions, policy=policy)) for policy in POLICIES
    }
    minutes = len(stream.events) / stream.per_minute
    return SizePoint(
        capacity_bytes=capacity,
        ideal=distances.hit_share(capacity),
        hit_shares={policy: each.hit_share for policy, each in found.items()},
        saved_ms_per_minute={policy: known.saved_ms(each) / minutes for policy, each in found.items()},
    )
