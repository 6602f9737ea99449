"""The stream of requests: reads of keys, a query with values each, and writes to the tables that they read."""

import itertools
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from perfkit.plan.runs import Statement


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """What is cached under one name: a query with one combination of values; `tables` are numbers in the stream's."""

    query: str
    name: str
    statement: Statement
    tables: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """Requests in their order.

    An event n >= 0 reads `keys[n]`; an event n < 0 writes to the tables `writes[-n - 1]`. `per_minute` is how many
    requests a minute the workload makes. `unseen` are tables that something writes that is not among the events.
    """

    tables: tuple[str, ...]
    keys: tuple[Key, ...]
    writes: tuple[tuple[int, ...], ...]
    events: tuple[int, ...]
    per_minute: float
    unseen: frozenset[int] = frozenset()

    @property
    def reads(self) -> int:
        """Return how many of the events are reads."""
        return sum(event >= 0 for event in self.events)


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A query that is read or a kind of write, and how often; keys by falling popularity, none for a write."""

    keys: tuple[Key, ...]
    tables: tuple[int, ...]
    per_minute: float


def draw_stream(sources: Sequence[Source], tables: Sequence[str], *, requests: int, shape: "Shape") -> Stream:
    """Return a stream drawn from the weights of queries and, within a query, from Zipf's law over its keys.

    The r-th key of a query is read in proportion to r ** -skew: Breslau, Cao, Fan, Phillips and Shenker, "Web Caching and
    Zipf-like Distributions: Evidence and Implications" (INFOCOM 1999). At least one source must have keys.
    """
    chance = random.Random(shape.seed)
    keys: list[Key] = []
    weights: list[float] = []
    for source in sources:
        if source.keys:
            own = chance.sample(source.keys, len(source.keys))
            ranked = [rank**-shape.skew for rank in range(1, len(own) + 1)]
            keys += own
            weights += (source.per_minute * each / sum(ranked) for each in ranked)
    writes = [source for source in sources if not source.keys]
    read_rate, write_rate = sum(weights), sum(source.per_minute for source in writes)
    share = shape.write_share if shape.write_share is not None else write_rate / (read_rate + write_rate)
    share = share if write_rate > 0 else 0.0
    return Stream(
        tables=tuple(tables),
        keys=tuple(keys),
        writes=tuple(source.tables for source in writes),
        events=tuple(_draw(chance, requests, weights, [source.per_minute for source in writes], share)),
        per_minute=read_rate / (1 - share) if share < 1 else write_rate,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """How a stream is drawn: Zipf's exponent, the share of writes (None: as the catalog's weights have it), the seed."""

    skew: float
    write_share: float | None
    seed: int


def _draw(
    chance: random.Random,
    requests: int,
    read_weights: Sequence[float],
    write_weights: Sequence[float],
    write_share: float,
) -> Iterator[int]:
    reads = list(itertools.accumulate(read_weights))
    writes = list(itertools.accumulate(write_weights))
    for _ in range(requests):
        if write_share and chance.random() < write_share:
            yield -1 - chance.choices(range(len(writes)), cum_weights=writes)[0]
        else:
            yield chance.choices(range(len(reads)), cum_weights=reads)[0]


def chosen(stream: Stream, keep: Sequence[bool]) -> Stream:
    """Return the stream with the reads of those keys alone that are to be kept, and all writes."""
    numbers = {old: new for new, old in enumerate(n for n, kept in enumerate(keep) if kept)}
    events = tuple(
        event if event < 0 else numbers[event] for event in stream.events if event < 0 or keep[event]
    )
    return replace(
        stream,
        keys=tuple(key for key, kept in zip(stream.keys, keep, strict=True) if kept),
        events=events,
        per_minute=stream.per_minute * len(events) / max(1, len(stream.events)),
    )


def beginning(stream: Stream, requests: int) -> Stream:
    """Return the stream's first requests."""
    return replace(stream, events=stream.events[:requests])


def reads_of_keys(stream: Stream) -> list[int]:
    """Return how often each key is read."""
    counts = [0] * len(stream.keys)
    for event in stream.events:
        if event >= 0:
            counts[event] += 1
    return counts
