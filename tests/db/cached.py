"""Requests of an office as the cache bench makes them, and a place to make them: a database, its scratch schema, a cache."""

import math
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import partial

from perfkit.bench.cache.aside import Invalidation, invalidate
from perfkit.bench.cache.run import Connections, Seen, Way, run_stream
from perfkit.bench.cache.stage import Stage
from perfkit.bench.cache.stream import Key, Shape, Source, Stream, draw_stream
from perfkit.bench.cache.truth import Truth
from perfkit.db.cache_reader import CachedDatabase
from perfkit.db.cache_scratch import Scratch, listening
from perfkit.db.guard import Guard
from perfkit.kv.valkey import ValkeyCache
from perfkit.plan.runs import Statement

TABLES = 3
GUARD = Guard()


def statement(text: str, *values: str, types: tuple[str, ...] = ()) -> Statement:
    return Statement(text=text, types=types, values=values, writes=False, volatile=False)


def person(number: int, *tables: int) -> Key:
    text = 'SELECT id, "Family Name" FROM "Alumni Office"."Person" WHERE id = $1'
    return Key(
        query="person",
        name=f"person:{number}",
        statement=statement(text, str(number), types=("bigint",)),
        tables=tables,
    )


def stage_without_database(url: str, cache: ValkeyCache) -> Stage:
    """Return the stage of a cache whose whole server is at hand, where nothing is read from a database."""
    return Stage(
        cache=partial(ValkeyCache, url, ""),
        database=NotImplemented,
        memory=cache.memory,
        clients_bytes=cache.clients_bytes,
        empty=cache.empty_server,
        limit=lambda size, policy: cache.configure(maxmemory=str(size), maxmemory_policy=policy),
        listening=NotImplemented,
        own=True,
        writes=False,
        clients=1,
    )


def requests(count: int, *, write_share: float) -> Stream:
    keys = tuple(person(n, n % TABLES) for n in range(1, 100))
    writes = [Source(keys=(), tables=(table,), per_minute=1) for table in range(TABLES)]
    sources = [Source(keys=keys, tables=(), per_minute=6_000), *writes]
    shape = Shape(skew=0.9, write_share=write_share, seed=1)
    return draw_stream(sources, [f"table {n}" for n in range(TABLES)], requests=count, shape=shape)


@dataclass(frozen=True, slots=True)
class Place:
    """A database with its scratch schema, and how to get at the cache."""

    dsn: str
    scratch: Scratch
    cache: Callable[[], ValkeyCache]

    def run(self, stream: Stream, way: Way, *, clients: int = 4) -> Seen:
        truth = Truth()
        connections = Connections(
            cache=self.cache,
            database=lambda: CachedDatabase(self.dsn, GUARD, self.scratch),
            clients=clients,
        )
        with self.listened(truth):
            return run_stream(stream, way, connections, truth, lambda _done, _total, _name: None)

    @contextmanager
    def listened(self, truth: Truth) -> Iterator[None]:
        with closing(self.cache()) as cache:

            def heard(table: int, version: int) -> None:
                invalidate(cache, {table: version})
                truth.apply(table, version)

            with listening(self.dsn, self.scratch, heard):
                yield


def way(invalidation: Invalidation, *, protected: bool = True, ttl_s: float = math.inf) -> Way:
    return Way(invalidation=invalidation, protected=protected, ttl_seconds=[ttl_s] * 100)
