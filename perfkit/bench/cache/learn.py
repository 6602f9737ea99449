"""Learned: what each key's result takes, in bytes and in the database's time, from asking for it once."""

import statistics
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from perfkit.bench.cache.protocols import Database
from perfkit.bench.cache.stream import Key, Stream, reads_of_keys
from perfkit.errors import MeasureError
from perfkit.measure.model import Progress
from perfkit.measure.session import Stopwatch


@dataclass(frozen=True, slots=True, kw_only=True)
class Learned:
    """What each key of a stream takes: bytes of its result, ms of the database as a client waits for it.

    `measured` keys were asked for; another is as the median of its query's.
    """

    payload_bytes: tuple[float, ...]
    database_ms: tuple[float, ...]
    measured: int


def failing(keys: Iterable[Key], database: Database) -> dict[str, str]:
    """Return why queries cannot be run, by their names, from one key of each."""
    problems: dict[str, str] = {}
    for key in {each.query: each for each in keys}.values():
        try:
            database.read(key)
        except MeasureError as error:
            problems[key.query] = error.message
    return problems


def learn(stream: Stream, database: Database, *, limit_s: float, progress: Progress) -> Learned:
    """Return what the keys take: of each query the most read one, then by reads, as long as the limit allows.

    Each is asked for twice, so that it is not the first to read its blocks; a key that fails is as its query's others.
    """
    counts = reads_of_keys(stream)
    ranked = sorted(
        (number for number, count in enumerate(counts) if count), key=lambda number: -counts[number]
    )
    first = {stream.keys[number].query: number for number in reversed(ranked)}
    order = list(dict.fromkeys((*first.values(), *ranked)))
    sizes: dict[int, float] = {}
    times: dict[int, float] = {}
    clock = Stopwatch(limit_s * 1000)
    for done, number in enumerate(order):
        if clock.is_over():
            break
        progress(done, len(order), stream.keys[number].query)
        try:
            database.read(stream.keys[number])
            began = time.perf_counter()
            row = database.read(stream.keys[number])
        except MeasureError:
            continue
        times[number] = (time.perf_counter() - began) * 1000
        sizes[number] = float(len(row.payload))
    return Learned(
        payload_bytes=_filled(stream.keys, sizes),
        database_ms=_filled(stream.keys, times),
        measured=len(sizes),
    )


def _filled(keys: Sequence[Key], known: dict[int, float]) -> tuple[float, ...]:
    of_query: defaultdict[str, list[float]] = defaultdict(list)
    for number, value in known.items():
        of_query[keys[number].query].append(value)
    medians = {query: statistics.median(values) for query, values in of_query.items()}
    every = statistics.median(known.values()) if known else 0.0
    return tuple(known.get(number, medians.get(key.query, every)) for number, key in enumerate(keys))
