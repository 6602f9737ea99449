"""Eviction as Valkey does it, simulated: which reads of a stream hit when memory ends, under each policy.

Valkey keeps no list of its keys in order of use. When memory is used up it draws `maxmemory-samples` keys, keeps the 16
best candidates in a pool, and evicts the best of it (performEvictions and evictionPoolPopulate in evict.c). LRU knows the
time of the last use in whole seconds; LFU has a counter of 8 bits that grows in the logarithm of uses and shrinks by the
minute (lrulfu.c). At a replay's speed ties are common, so both are part of the prediction.
"""

import bisect
import random
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from perfkit.bench.cache.stream import Stream

_SAMPLES = 5  # maxmemory-samples
_POOL = 16  # EVPOOL_SIZE
_INITIAL_COUNT = 5  # LFU_INIT_VAL
_LARGEST_COUNT = 255
_LOG_FACTOR = 10  # lfu-log-factor
_DECAY_SECONDS = 60.0  # lfu-decay-time


class Policy(StrEnum):
    """Valkey's maxmemory-policy."""

    LRU = "allkeys-lru"
    LFU = "allkeys-lfu"
    TTL = "volatile-ttl"


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditions:
    """What a stream meets: bytes that entries may take, policy, seconds between requests, and how long entries live.

    `ttl_seconds` is for each key, infinity for one that does not end. With `replaces` an entry that a write made invalid is
    replaced when it is read again; without, it stays until it is evicted or ends, as one does whose name has the version.
    """

    capacity_bytes: float
    policy: Policy
    seconds_per_request: float
    ttl_seconds: Sequence[float]
    replaces: bool = True
    invalidates: bool = True
    seed: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulated:
    """What became of a stream: for each key how often it was read and how often that hit, and evictions in all."""

    reads: tuple[int, ...]
    hits: tuple[int, ...]
    evictions: int

    @property
    def hit_share(self) -> float:
        """Return the share of reads that hit."""
        return sum(self.hits) / max(1, sum(self.reads))


def simulate(stream: Stream, entry_bytes: Sequence[float], conditions: Conditions) -> Simulated:
    """Return what becomes of the stream's reads; `entry_bytes` is what the entry of each key takes."""
    cache = _Cache(conditions)
    generation = [0] * len(stream.tables)
    reads, hits = [0] * len(stream.keys), [0] * len(stream.keys)
    for number, event in enumerate(stream.events):
        now = number * conditions.seconds_per_request
        if event < 0:
            for table in stream.writes[-event - 1] if conditions.invalidates else ():
                generation[table] += 1
            continue
        reads[event] += 1
        version = tuple(generation[table] for table in stream.keys[event].tables)
        if cache.holds(event, version, now):
            hits[event] += 1
        else:
            cache.store(event, version, entry_bytes[event], now)
    return Simulated(reads=tuple(reads), hits=tuple(hits), evictions=cache.evictions)


class _Entry:
    """One entry: its bytes, the versions it was made from, its end, and what the policy knows of its use."""

    __slots__ = ("count", "ends", "place", "size", "used", "version")

    def __init__(self, size: float, version: tuple[int, ...], ends: float, used: float, place: int) -> None:
        self.size = size
        self.version = version
        self.ends = ends
        self.used = used
        self.count = _INITIAL_COUNT
        self.place = place


_Name = int | tuple[int, tuple[int, ...]]


class _Cache:
    """Entries by name, as many as there is room for."""

    def __init__(self, conditions: Conditions) -> None:
        self._conditions = conditions
        self._chance = random.Random(conditions.seed)
        self._phase = self._chance.random()  # the server's seconds do not begin with the stream
        self._entries: dict[_Name, _Entry] = {}
        self._names: list[_Name] = []
        self._pool: list[tuple[float, int, _Name]] = []
        self._added = 0
        self._used_bytes = 0.0
        self.evictions = 0

    def holds(self, key: int, version: tuple[int, ...], now: float) -> bool:
        """Tell whether a read hits, which is a use of the entry; before each command Valkey makes room, if it must."""
        while self._used_bytes > self._conditions.capacity_bytes and self._names:
            self._evict(now)
        name = self._name(key, version)
        entry = self._entries.get(name)
        if entry is None:
            return False
        if entry.ends <= now:
            self._remove(name)
            return False
        self._touch(entry, now)
        return entry.version == version

    def store(self, key: int, version: tuple[int, ...], size: float, now: float) -> None:
        """Store an entry, without room being made for it: memory may go over by one."""
        name = self._name(key, version)
        old = self._entries.get(name)
        ends = now + self._conditions.ttl_seconds[key]
        if old:
            old.version, old.ends = version, ends
            self._touch(old, now)
            return
        self._entries[name] = _Entry(size, version, ends, self._seconds(now), len(self._names))
        self._names.append(name)
        self._used_bytes += size

    def _name(self, key: int, version: tuple[int, ...]) -> _Name:
        return key if self._conditions.replaces else (key, version)

    def _seconds(self, now: float) -> float:
        return float(int(now + self._phase))

    def _touch(self, entry: _Entry, now: float) -> None:
        if self._conditions.policy is Policy.LFU:
            entry.count = self._decayed(entry, now)
            chance = 1 / (max(0, entry.count - _INITIAL_COUNT) * _LOG_FACTOR + 1)
            if entry.count < _LARGEST_COUNT and self._chance.random() < chance:
                entry.count += 1
        entry.used = self._seconds(now)

    def _decayed(self, entry: _Entry, now: float) -> int:
        periods = self._seconds(now) // _DECAY_SECONDS - entry.used // _DECAY_SECONDS
        return max(0, entry.count - int(periods))

    def _idleness(self, entry: _Entry, now: float) -> float:
        match self._conditions.policy:
            case Policy.LRU:
                return self._seconds(now) - entry.used
            case Policy.LFU:
                return float(_LARGEST_COUNT - self._decayed(entry, now))
            case Policy.TTL:
                return -entry.ends

    def _evict(self, now: float) -> None:
        self._fill_pool(now)
        while self._pool:
            _, _, name = self._pool.pop()
            if name in self._entries:
                self._remove(name)
                self.evictions += 1
                return

    def _fill_pool(self, now: float) -> None:
        """Draw keys into the pool, in order of idleness; among equals the one that is longer there is evicted first."""
        pool = self._pool
        for _ in range(min(_SAMPLES, len(self._names))):
            name = self._names[int(self._chance.random() * len(self._names))]
            idleness = self._idleness(self._entries[name], now)
            if len(pool) == _POOL:
                if idleness <= pool[0][0]:
                    continue
                del pool[0]
            self._added += 1
            bisect.insort(pool, (idleness, -self._added, name))

    def _remove(self, name: _Name) -> None:
        entry, last = self._entries.pop(name), self._names.pop()
        if last != name:
            self._names[entry.place] = last
            self._entries[last].place = entry.place
        self._used_bytes -= entry.size
