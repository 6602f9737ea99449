"""What the cache itself takes: memory of an entry, and the time to ask and to store, from entries like the stream's."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace

from perfkit import stats
from perfkit.bench.cache.memory import MemoryModel, fit_model
from perfkit.bench.cache.policies import Policy
from perfkit.bench.cache.protocols import Cache
from perfkit.bench.cache.stage import Stage
from perfkit.bench.cache.stream import Key
from perfkit.bench.cache.worth import Costs

_ENTRIES = 1_000
# Beside a result, an entry has the versions and tokens of its tables, and line breaks.
_HEADER_BYTES, _TABLE_BYTES = 2, 20


def value_bytes(key: Key, payload_bytes: float) -> float:
    """Return the size of the value that the bench stores for a result."""
    return payload_bytes + _HEADER_BYTES + _TABLE_BYTES * len(key.tables)


def _under_pressure(stage: Stage, cache: Cache, model: MemoryModel, sizes: Mapping[str, int]) -> MemoryModel:
    """Return the model with the baseline of a server that evicts: buffers take more there than when it is empty."""
    whole = sum(map(model.entry_bytes, sizes.values()))
    stage.limit(round(model.baseline_bytes + whole / 2), str(Policy.LRU))
    for name, size in sizes.items():
        cache.get_many([name])
        cache.set(name, b"x" * size)
    used = stage.memory().used_bytes
    kept = [size for name, size in sizes.items() if cache.get_many([name])[0] is not None]
    stage.limit(0, str(Policy.LRU))
    stage.empty()
    pressed = used - sum(map(model.entry_bytes, kept))
    return replace(model, baseline_bytes=max(model.baseline_bytes, pressed))


def _warm(cache: Cache) -> None:
    """Do once what a client does: connections, scripts and a server's statistics of commands take memory that stays."""
    cache.get_many(["warm", "up"])
    cache.get_many(["warm"])
    cache.set_new("warm", b"up", 1_000)
    cache.delete_if("warm", b"up")


def calibrate(stage: Stage, keys: Sequence[Key], payload_bytes: Sequence[float]) -> tuple[MemoryModel, Costs]:
    """Return how memory is used and what a round trip takes; at least one key. The entries are taken away again."""
    step = max(1, len(keys) // _ENTRIES)
    sizes = {keys[n].name: round(value_bytes(keys[n], payload_bytes[n])) for n in range(0, len(keys), step)}
    caches = [stage.cache() for _ in range(stage.clients + 1)]
    cache = caches[0]
    get_ms, set_ms = [], []
    try:
        stage.empty()
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
        filled = stage.memory().used_bytes
        stage.empty()
        empty = stage.memory()
        model = fit_model(
            allocator=empty.allocator,
            baseline_bytes=empty.used_bytes,
            filled_bytes=filled,
            values=list(sizes.values()),
        )
        if stage.own:
            model = _under_pressure(stage, cache, model, sizes)
    finally:
        for each in caches:
            each.close()
    return model, Costs(get_ms=stats.median(get_ms), set_ms=stats.median(set_ms))
