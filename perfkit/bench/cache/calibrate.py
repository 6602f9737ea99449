"""What the cache itself takes: memory of an entry, and the time to ask and to store, from entries like the stream's."""

import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace

from perfkit import stats
from perfkit.bench.cache.memory import MemoryModel, fit_model
from perfkit.bench.cache.policies import Policy
from perfkit.bench.cache.protocols import Cache
from perfkit.bench.cache.stage import Stage
from perfkit.bench.cache.stream import Key
from perfkit.bench.cache.worth import Costs
from perfkit.errors import NoRoomError

_ENTRIES = 1_000
# Beside the clients, the connection that asks for the server's memory and the listener's.
_OTHERS = 2
# Beside a result, an entry has the versions and tokens of its tables, and line breaks.
_HEADER_BYTES, _TABLE_BYTES = 2, 20


def value_bytes(key: Key, payload_bytes: float) -> float:
    """Return the size of the value that the bench stores for a result."""
    return payload_bytes + _HEADER_BYTES + _TABLE_BYTES * len(key.tables)


def _at_work(stage: Stage, cache: Cache, model: MemoryModel, sizes: Mapping[str, int]) -> MemoryModel:
    """Return the model with the buffers of clients that are all at work, while the server evicts.

    A connection's buffers grow with what it sends and gets, and shrink again within seconds (clientsCron in server.c): those of
    the one that worked stand for all.
    """
    whole = sum(map(model.entry_bytes, sizes.values()))
    stage.limit(round(model.baseline_bytes + whole / 2), str(Policy.LRU))
    for name, size in sizes.items():
        cache.get_many([name])
        with suppress(NoRoomError):  # of few and small entries, half take less than the buffers
            cache.set(name, b"x" * size)
    at_work = max(stage.clients_bytes()) * (stage.clients + _OTHERS)
    stage.limit(0, str(Policy.LRU))
    stage.empty()
    return replace(model, baseline_bytes=model.baseline_bytes + at_work, clients_bytes=at_work)


def _without_clients(stage: Stage) -> int:
    """Return what the server uses beside the buffers of connections, where they can be told apart."""
    clients = stage.clients_bytes() if stage.own else ()
    return stage.memory().used_bytes - sum(clients)


def _warm(cache: Cache) -> None:
    """Do once what a client does: connections, scripts and a server's statistics of commands take memory that stays."""
    cache.get_many(["warm", "up"])
    cache.get_many(["warm"])
    cache.set_new("warm", b"up", 1_000)
    cache.delete_if("warm", b"up")


def calibrate(stage: Stage, keys: Sequence[Key], payload_bytes: Sequence[float]) -> tuple[MemoryModel, Costs]:
    """Return how memory is used and what a round trip takes; at least one key. The entries are taken away again.

    Raises NoRoomError when the cache has none for them.
    """
    step = max(1, len(keys) // _ENTRIES)
    sizes = {keys[n].name: round(value_bytes(keys[n], payload_bytes[n])) for n in range(0, len(keys), step)}
    caches = [stage.cache() for _ in range(stage.clients + 1)]
    cache = caches[0]
    get_ms, set_ms = [], []
    try:
        stage.empty()
        if stage.own:
            stage.limit(0, str(Policy.LRU))
            stage.clients_bytes()
        stage.memory()
        for each in caches:
            _warm(each)
        for name, size in sizes.items():
            value = b"x" * size
            began = time.perf_counter()
            cache.get_many([name])
            middle = time.perf_counter()
            cache.set(name, value)
            set_ms.append((time.perf_counter() - middle) * 1000)
            get_ms.append((middle - began) * 1000)
        filled = _without_clients(stage)
        stage.empty()
        model = fit_model(
            allocator=stage.memory().allocator,
            baseline_bytes=_without_clients(stage),
            filled_bytes=filled,
            values=list(sizes.values()),
        )
        if stage.own:
            model = _at_work(stage, cache, model, sizes)
    finally:
        for each in caches:
            each.close()
    return model, Costs(get_ms=stats.median(get_ms), set_ms=stats.median(set_ms))
