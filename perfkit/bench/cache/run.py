"""A run: clients that work through a stream as fast as they can, each with its own connections, and what they saw."""

import itertools
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from perfkit.bench.cache.aside import Answer, Client, Invalidation, Manner
from perfkit.bench.cache.protocols import Cache, Database
from perfkit.bench.cache.stream import Key, Stream
from perfkit.bench.cache.truth import Moment, Truth, is_older
from perfkit.errors import ConnectError
from perfkit.measure.model import Progress

_LOOK_S = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One way of caching: invalidation, stampede protection, and the seconds that each key's entry lives at the workload's rate."""

    invalidation: Invalidation
    protected: bool
    ttl_seconds: Sequence[float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Connections:
    """How a run's clients connect."""

    cache: Callable[[], Cache]
    database: Callable[[], Database]
    clients: int


@dataclass(slots=True)
class Seen:
    """What the clients of a run saw: times in ms, and counts of reads unless said otherwise.

    `duplicates` asked the database for a key while another did; `refused` are entries that the cache had no room for;
    `late_writes` returned before their invalidation was done. `lost_after` is how many requests had begun when the cache was
    lost, None when it was not: `by_database` are the reads that were answered without it.
    """

    hit_ms: list[float] = field(default_factory=list)
    miss_ms: list[float] = field(default_factory=list)
    database_ms: list[float] = field(default_factory=list)
    write_ms: list[float] = field(default_factory=list)
    hits_of: Counter[int] = field(default_factory=Counter)
    stale: int = 0
    early: int = 0
    late_writes: int = 0
    refused: int = 0
    duplicates: int = 0
    by_database: int = 0
    lost_after: int | None = None
    delays_ms: list[float] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def reads(self) -> int:
        """Return how many reads the cache was asked for."""
        return len(self.hit_ms) + len(self.miss_ms)

    @property
    def hit_share(self) -> float:
        """Return the share of those that hit."""
        return len(self.hit_ms) / max(1, self.reads)


def run_stream(stream: Stream, way: Way, connections: Connections, truth: Truth, progress: Progress) -> Seen:
    """Return what the clients saw; what the database raises in one of them ends the run and is raised here."""
    return _Run(stream, way, connections, truth).run(progress)


class _Run:
    """What the clients of one run share."""

    def __init__(self, stream: Stream, way: Way, connections: Connections, truth: Truth) -> None:
        self._stream = stream
        self._way = way
        self._connections = connections
        self._truth = truth
        self._next = itertools.count()
        self._begun = 0
        self._began = 0.0
        self._stop = threading.Event()
        self._lost: int | None = None
        self._errors: list[BaseException] = []
        self._reading: Counter[str] = Counter()
        self._duplicates = 0
        self._lock = threading.Lock()
        self._places = {id(key): place for place, key in enumerate(stream.keys)}

    def run(self, progress: Progress) -> Seen:
        seen = [Seen() for _ in range(self._connections.clients)]
        databases = [self._connections.database() for _ in seen]
        caches = [self._connections.cache() for _ in seen]
        manner = Manner(
            invalidation=self._way.invalidation, protected=self._way.protected, ttl_ms=self._ttl_ms
        )
        threads = [
            threading.Thread(
                target=self._work,
                args=(
                    Client(
                        cache=cache,
                        database=database,
                        manner=manner,
                        truth=self._truth,
                        reading=self._note_reading,
                    ),
                    own,
                ),
                daemon=True,
            )
            for cache, database, own in zip(caches, databases, seen, strict=True)
        ]
        self._began = time.perf_counter()
        try:
            for thread in threads:
                thread.start()
            while any(thread.is_alive() for thread in threads):
                threads[0].join(_LOOK_S) if threads[0].is_alive() else time.sleep(_LOOK_S)
                progress(min(self._begun, len(self._stream.events)), len(self._stream.events), "")
        finally:
            self._end(threads, databases, caches)
        if self._errors:
            raise self._errors[0]
        return self._total(seen, time.perf_counter() - self._began)

    def _end(
        self, threads: Sequence[threading.Thread], databases: Sequence[Database], caches: Sequence[Cache]
    ) -> None:
        self._stop.set()
        if any(thread.is_alive() for thread in threads):
            for database in databases:
                database.cancel()
        for thread in threads:
            if thread.ident is not None:
                thread.join()
        for database in databases:
            database.close()
        for cache in caches:
            cache.close()

    def _work(self, client: Client, seen: Seen) -> None:
        events = self._stream.events
        try:
            while not self._stop.is_set():
                number = next(self._next)
                if number >= len(events):
                    return
                self._begun = number + 1
                self._request(client, events[number], seen)
        except BaseException as error:  # noqa: BLE001  # a thread's error is raised where the run was started
            self._errors.append(error)
            self._stop.set()

    def _request(self, client: Client, event: int, seen: Seen) -> None:
        began = time.perf_counter()
        if event < 0:
            self._write(client, self._stream.writes[-event - 1], seen)
            seen.write_ms.append(_ms_since(began))
            return
        key = self._stream.keys[event]
        moment = self._truth.moment(key.tables)
        if self._lost is None:
            try:
                answer = client.read(key)
            except ConnectError:
                self._lose()
            else:
                self._note(answer, moment, event, _ms_since(began), seen)
                return
        client.database.read(key)
        seen.by_database += 1

    def _write(self, client: Client, tables: Sequence[int], seen: Seen) -> None:
        if self._lost is None:
            try:
                seen.late_writes += not client.write(tables)
            except ConnectError:
                self._lose()
        else:
            client.database.write(tables)

    def _lose(self) -> None:
        """Trust the cache no more: a write may not have reached it, so that what it holds may be old when it is back."""
        with self._lock:
            self._lost = self._begun if self._lost is None else self._lost

    def _note(self, answer: Answer, moment: Moment, event: int, took_ms: float, seen: Seen) -> None:
        if answer.hit:
            seen.hit_ms.append(took_ms)
            seen.hits_of[event] += 1
        else:
            seen.miss_ms.append(took_ms)
            seen.database_ms.append(answer.database_ms)
            seen.refused += answer.refused
        if not answer.versions:
            return
        if is_older(answer.versions, moment.returned):
            seen.stale += 1
        elif is_older(answer.versions, moment.committed):
            seen.early += 1

    def _note_reading(self, key: Key, change: int) -> None:
        with self._lock:
            if change > 0 and self._reading[key.name]:
                self._duplicates += 1
            self._reading[key.name] += change

    def _ttl_ms(self, key: Key) -> int | None:
        """Return the entry's life, shortened as the run is faster than the workload, so that as many requests fall into it."""
        seconds = self._way.ttl_seconds[self._places[id(key)]]
        if seconds == float("inf"):
            return None
        rate = self._begun / max(1e-6, time.perf_counter() - self._began)
        return max(1, round(1000 * seconds * self._stream.per_minute / 60 / max(rate, 1e-6)))

    def _total(self, seen: Sequence[Seen], seconds: float) -> Seen:
        total = Seen(
            seconds=seconds,
            lost_after=self._lost,
            duplicates=self._duplicates,
            delays_ms=list(self._truth.delays_ms),
        )
        for each in seen:
            for times, own in (
                (total.hit_ms, each.hit_ms),
                (total.miss_ms, each.miss_ms),
                (total.database_ms, each.database_ms),
                (total.write_ms, each.write_ms),
            ):
                times.extend(own)
            total.hits_of.update(each.hits_of)
            total.stale += each.stale
            total.early += each.early
            total.late_writes += each.late_writes
            total.refused += each.refused
            total.by_database += each.by_database
        return total


def _ms_since(began: float) -> float:
    return (time.perf_counter() - began) * 1000
