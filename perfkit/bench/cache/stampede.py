"""A stampede: many clients miss the same entry at once; how often the database is asked, protected and not."""

import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial

from perfkit import stats
from perfkit.bench.cache.aside import Client, Invalidation, Manner
from perfkit.bench.cache.stage import Stage
from perfkit.bench.cache.stream import Key
from perfkit.bench.cache.thresholds import THRESHOLDS
from perfkit.bench.cache.truth import Truth


@dataclass(frozen=True, slots=True, kw_only=True)
class Stampede:
    """Clients that asked for one key at once: how often the database was asked in each round, and the slowest answer."""

    query: str
    clients: int
    protected: bool
    database_reads: tuple[int, ...]
    slowest_ms: float


def stampede(stage: Stage, key: Key, *, protected: bool) -> Stampede:
    """Return what some rounds of a stampede did; in each the key is asked for under another name, so that all miss."""
    asked, slowest = [], []
    clients = [_client(stage, protected=protected) for _ in range(THRESHOLDS.stampede_clients)]
    try:
        for number in range(THRESHOLDS.stampede_rounds):
            once = replace(key, name=f"{key.name}:stampede:{protected}:{number}")
            done = _at_once(clients, once)
            asked.append(sum(database for database, _ in done))
            slowest.append(max(took for _, took in done))
    finally:
        for client in clients:
            client.cache.close()
            client.database.close()
    return Stampede(
        query=key.query,
        clients=len(clients),
        protected=protected,
        database_reads=tuple(asked),
        slowest_ms=stats.median(slowest),
    )


def _client(stage: Stage, *, protected: bool) -> Client:
    manner = Manner(
        invalidation=Invalidation.TTL, protected=protected, ttl_ms=lambda _: THRESHOLDS.lock_ttl_ms
    )
    return Client(
        cache=stage.cache(),
        database=stage.database(),
        manner=manner,
        truth=Truth(),
        reading=lambda _key, _change: None,
    )


def _at_once(clients: Sequence[Client], key: Key) -> list[tuple[bool, float]]:
    """Return of each client whether it asked the database, and the ms that its answer took."""
    barrier = threading.Barrier(len(clients))
    with ThreadPoolExecutor(len(clients)) as pool:
        try:
            # Prepared before it counts.
            list(pool.map(lambda client: client.database.read(key), clients))
            return list(pool.map(partial(_read, key=key, barrier=barrier), clients))
        except BaseException:
            # The pool ends when its threads do: one that an interrupt left waiting for others would never.
            barrier.abort()
            for client in clients:
                client.database.cancel()
            raise


def _read(client: Client, *, key: Key, barrier: threading.Barrier) -> tuple[bool, float]:
    barrier.wait()
    began = time.perf_counter()
    answer = client.read(key)
    return not answer.hit, (time.perf_counter() - began) * 1000
