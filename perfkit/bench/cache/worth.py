"""What is worth caching: what each query's entries save, what they take, and how often writes end them."""

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import compress

from perfkit import stats, units
from perfkit.bench.cache.learn import Learned
from perfkit.bench.cache.policies import Conditions, Policy, Simulated, simulate
from perfkit.bench.cache.stream import Stream, chosen
from perfkit.bench.cache.thresholds import THRESHOLDS

DAY_S = 86_400.0
_NICE_S = (
    1.0,
    2.0,
    5.0,
    10.0,
    15.0,
    30.0,
    60.0,
    120.0,
    300.0,
    600.0,
    900.0,
    1_800.0,
    3_600.0,
    7_200.0,
    21_600.0,
    43_200.0,
    DAY_S,
)
_REUSED_SHARE = 0.99


@dataclass(frozen=True, slots=True, kw_only=True)
class Costs:
    """What the cache itself takes, in ms as a client waits for it: to be asked, and to store."""

    get_ms: float
    set_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A stream, what its keys take, and what the cache takes; `entry_bytes` is for each key."""

    stream: Stream
    learned: Learned
    entry_bytes: tuple[float, ...]
    costs: Costs

    def only(self, queries: frozenset[str]) -> "Known":
        """Return what is known of these queries' keys alone."""
        keep = [key.query in queries for key in self.stream.keys]
        return Known(
            stream=chosen(self.stream, keep),
            learned=Learned(
                payload_bytes=tuple(compress(self.learned.payload_bytes, keep)),
                database_ms=tuple(compress(self.learned.database_ms, keep)),
                measured=self.learned.measured,
            ),
            entry_bytes=tuple(compress(self.entry_bytes, keep)),
            costs=self.costs,
        )

    def saved_ms(self, simulated: Simulated) -> float:
        """Return the time of clients that hits save, less what asking the cache and filling it takes, over the stream."""
        reads, hits = sum(simulated.reads), sum(simulated.hits)
        spared = math.fsum(ms * own for ms, own in zip(self.learned.database_ms, simulated.hits, strict=True))
        return spared - reads * self.costs.get_ms - (reads - hits) * self.costs.set_ms


@dataclass(frozen=True, slots=True, kw_only=True)
class Worth:
    """One query: reads a minute, distinct keys, its share of hits were memory endless, and means of a read.

    `saved_ms_per_minute` is the time of clients that caching saves, less what asking and filling the cache takes, below 0
    when it costs; `memory_bytes` what all its entries take. `reads_per_write` is None when the stream has no write to its
    tables: that is all there is only where `writes_seen`, and else its entries live shortly. `ttl_seconds` is long enough for
    nearly every read that comes again; `ttl_alone_seconds` is short enough that, were there no other invalidation, 1 % of hits
    at most would be stale.
    """

    query: str
    reads_per_minute: float
    keys: int
    hit_share: float
    database_ms: float
    entry_bytes: float
    memory_bytes: float
    saved_ms_per_minute: float
    reads_per_write: float | None
    writes_seen: bool
    ttl_seconds: float
    ttl_alone_seconds: float
    reason: str

    @property
    def cached(self) -> bool:
        """Tell whether it should be cached."""
        return not self.reason

    @property
    def saved_ms_per_mb(self) -> float:
        """Return what a MB of its entries saves in a minute."""
        return self.saved_ms_per_minute / max(self.memory_bytes, 1.0) * 1024**2


def worth_of(known: Known) -> tuple[Worth, ...]:
    """Return what each query is worth caching, those that save most first."""
    stream = known.stream
    endless = Conditions(
        capacity_bytes=math.inf,
        policy=Policy.LRU,
        seconds_per_request=60 / stream.per_minute,
        ttl_seconds=[math.inf] * len(stream.keys),
    )
    simulated = simulate(stream, known.entry_bytes, endless)
    writes, gaps = _writes_per_table(stream), _gaps(stream)
    queries = dict.fromkeys(
        key.query for key, reads in zip(stream.keys, simulated.reads, strict=True) if reads
    )
    found = (_worth(query, known, simulated, writes, gaps[query]) for query in queries)
    return tuple(sorted(found, key=lambda each: -each.saved_ms_per_minute))


def _worth(
    query: str, known: Known, simulated: Simulated, writes: Sequence[int], gaps: Sequence[int]
) -> Worth:
    stream = known.stream
    own = [n for n, key in enumerate(stream.keys) if key.query == query and simulated.reads[n]]
    part = Simulated(
        reads=tuple(
            reads if key.query == query else 0
            for reads, key in zip(simulated.reads, stream.keys, strict=True)
        ),
        hits=tuple(
            hits if key.query == query else 0 for hits, key in zip(simulated.hits, stream.keys, strict=True)
        ),
        evictions=0,
    )
    reads = sum(part.reads)
    minutes = len(stream.events) / stream.per_minute
    tables = {table for n in own for table in stream.keys[n].tables}
    written, seen = sum(writes[table] for table in tables), stream.unseen.isdisjoint(tables)
    longest_s = DAY_S if seen else THRESHOLDS.unseen_ttl_s
    memory = math.fsum(known.entry_bytes[n] for n in own)
    database_ms = math.fsum(known.learned.database_ms[n] * simulated.reads[n] for n in own) / reads
    saved = known.saved_ms(part) / minutes
    return Worth(
        query=query,
        reads_per_minute=reads / minutes,
        keys=len(own),
        hit_share=part.hit_share,
        database_ms=database_ms,
        entry_bytes=memory / len(own),
        memory_bytes=memory,
        saved_ms_per_minute=saved,
        reads_per_write=reads / written if written else None,
        writes_seen=seen,
        ttl_seconds=min(longest_s, _long_enough(gaps, 60 / stream.per_minute) if written else DAY_S),
        ttl_alone_seconds=min(longest_s, _short_enough(written / (minutes * 60))),
        reason=_reason(part, database_ms, known.costs) if saved <= 0 else "",
    )


def _reason(part: Simulated, database_ms: float, costs: Costs) -> str:
    """Return why a query is not worth caching."""
    reads, hit_share = sum(part.reads), part.hit_share
    if reads < THRESHOLDS.fewest_reads:
        return f"unknown: it is read only {'once' if reads == 1 else f'{reads} times'} in this stream"
    if database_ms <= costs.get_ms + costs.set_ms:
        return f"the database answers in {units.format_ms(database_ms)}, the cache in {units.format_ms(costs.get_ms)}"
    return f"only {units.format_share(hit_share)} of its reads would hit"


def _writes_per_table(stream: Stream) -> list[int]:
    counts = [0] * len(stream.tables)
    for event in stream.events:
        if event < 0:
            for table in stream.writes[-event - 1]:
                counts[table] += 1
    return counts


def _gaps(stream: Stream) -> defaultdict[str, list[int]]:
    """Return, for each query, how many requests lie between a read of a key and the next one of it."""
    last: dict[int, int] = {}
    gaps: defaultdict[str, list[int]] = defaultdict(list)
    for place, event in enumerate(stream.events):
        if event >= 0:
            if event in last:
                gaps[stream.keys[event].query].append(place - last[event])
            last[event] = place
    return gaps


def _long_enough(gaps: Sequence[int], seconds_per_request: float) -> float:
    """Return a time to live in which nearly all reads that come again have come."""
    reuse_s = stats.quantile(gaps, _REUSED_SHARE) * seconds_per_request if gaps else 0.0
    wanted = max(reuse_s, THRESHOLDS.least_ttl_s)
    return next((nice for nice in _NICE_S if nice >= wanted), DAY_S)


def _short_enough(writes_per_second: float) -> float:
    """Return a time to live in which few hits are stale.

    Of an entry that lives T seconds while writes come at random, r a second, the share of hits after the first write is
    1 - (1 - exp(-rT)) / rT, about rT / 2 where that is small.
    """
    if not writes_per_second:
        return DAY_S
    wanted = 2 * THRESHOLDS.stale_share / writes_per_second
    return next((nice for nice in reversed(_NICE_S) if nice <= wanted), wanted)
