"""Stack distances: from one pass over a stream, the hit rate of a least-recently-used cache of every size.

R. L. Mattson, J. Gecsei, D. R. Slutz and I. L. Traiger, "Evaluation Techniques for Storage Hierarchies" (IBM Systems
Journal 1970): a read hits when the entries used since its last use, and its own, fit. A Fenwick tree over the places of
last use sums their bytes in logarithmic time (Bennett and Kruskal, "LRU Stack Processing", 1975).

A long stream is sampled by keys: C. Waldspurger, N. Park, A. Garthwaite and I. Ahmad, "Efficient MRC Construction with
SHARDS" (FAST 2015), with its correction SHARDS-adj.
"""

import bisect
import hashlib
import itertools
from collections.abc import Sequence
from dataclasses import dataclass

from perfkit.bench.cache.stream import Stream

_HASH_RANGE = 1 << 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Distances:
    """The bytes that a cache must hold for a read to hit, sorted, and for how many reads each stands.

    `reads` is how many reads there were in all; those that no size would let hit have no distance.
    """

    sizes_bytes: tuple[float, ...]
    counts: tuple[float, ...]
    reads: float

    def hit_share(self, capacity_bytes: float) -> float:
        """Return the share of reads that hit when entries may take so many bytes."""
        place = bisect.bisect_right(self.sizes_bytes, capacity_bytes)
        return min(1.0, max(0.0, self.counts[place - 1] / self.reads)) if place and self.reads else 0.0


def stack_distances(stream: Stream, entry_bytes: Sequence[float], *, rate: float = 1.0) -> Distances:
    """Return the distances of the stream's reads; `entry_bytes` is what the entry of each key takes.

    An entry that a write made invalid lets no read hit; it is taken to be replaced when it is next read. With a `rate`
    below 1, that share of the keys stands for all.
    """
    sampled = [_is_sampled(key.name, rate) for key in stream.keys]
    tree = _Fenwick(len(stream.events))
    last_use: dict[int, int] = {}
    last_write = [-1] * len(stream.tables)
    found: list[float] = []
    reads = sampled_reads = 0
    for place, event in enumerate(stream.events):
        if event < 0:
            for table in stream.writes[-event - 1]:
                last_write[table] = place
            continue
        reads += 1
        if not sampled[event]:
            continue
        sampled_reads += 1
        before = last_use.get(event, -1)
        if before >= 0:
            if all(last_write[table] < before for table in stream.keys[event].tables):
                found.append((tree.total - tree.sum_to(before) + entry_bytes[event]) / rate)
            tree.add(before, -entry_bytes[event])
        tree.add(place, entry_bytes[event])
        last_use[event] = place
    return _distances(found, reads=reads, sampled_reads=sampled_reads, rate=rate)


def _distances(found: list[float], *, reads: int, sampled_reads: int, rate: float) -> Distances:
    """Return the distances with SHARDS-adj: reads that the sample has too many or too few of count as the nearest."""
    found.sort()
    expected = reads * rate
    surplus = expected - sampled_reads
    counts = [each + surplus for each in itertools.accumulate(1.0 for _ in found)] if rate < 1 else None
    return Distances(
        sizes_bytes=tuple(found),
        counts=tuple(counts or itertools.accumulate(1.0 for _ in found)),
        reads=expected,
    )


def _is_sampled(name: str, rate: float) -> bool:
    digest = hashlib.blake2b(name.encode("utf-8", "surrogateescape"), digest_size=3).digest()
    return rate >= 1 or int.from_bytes(digest) < rate * _HASH_RANGE


class _Fenwick:
    """Sums of what was added at places 0 to `length` - 1: P. M. Fenwick, "A New Data Structure for Cumulative Frequency
    Tables" (1994)."""  # noqa: D205, D209 - the source is part of the sentence

    def __init__(self, length: int) -> None:
        self._sums = [0.0] * (length + 1)
        self.total = 0.0

    def add(self, place: int, amount: float) -> None:
        """Add an amount at a place."""
        self.total += amount
        sums, place = self._sums, place + 1
        while place < len(sums):
            sums[place] += amount
            place += place & -place

    def sum_to(self, place: int) -> float:
        """Return the sum of the places up to and with `place`."""
        total, place = 0.0, place + 1
        while place:
            total += self._sums[place]
            place &= place - 1
        return total
