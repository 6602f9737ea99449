"""What the bench's own client takes of a request: the same code with a cache and a database that answer at once."""

import time
from collections.abc import Sequence

from perfkit import stats
from perfkit.bench.cache.aside import Client, Invalidation, Manner
from perfkit.bench.cache.protocols import Row
from perfkit.bench.cache.stream import Key, Stream
from perfkit.bench.cache.truth import Truth

_REQUESTS = 2_000


def client_ms(stream: Stream) -> float:
    """Return the median time, in ms, of a read that waits for no server; it has none of the drivers' time."""
    client = Client(
        cache=AtOnce(),
        database=_Nothing(),
        manner=Manner(invalidation=Invalidation.NOTIFY, protected=True, ttl_ms=lambda _: None),
        truth=Truth(),
        reading=lambda _key, _change: None,
    )
    times = []
    for event in [event for event in stream.events if event >= 0][:_REQUESTS]:
        began = time.perf_counter()
        client.read(stream.keys[event])
        times.append((time.perf_counter() - began) * 1000)
    return stats.median(times) if times else 0.0


class AtOnce:
    """A cache in this process, `values` by name."""

    def __init__(self) -> None:
        self.values: dict[str, bytes] = {}

    def get_many(self, names: Sequence[str]) -> list[bytes | None]:
        """Return the values."""
        return [self.values.get(name) for name in names]

    def set(self, name: str, value: bytes, ttl_ms: int | None = None) -> None:
        """Store a value, which does not end."""
        del ttl_ms
        self.values[name] = value

    def set_new(self, name: str, value: bytes, ttl_ms: int | None = None) -> bool:
        """Store a value where there is none."""
        if name in self.values:
            return False
        self.set(name, value, ttl_ms)
        return True

    def delete_if(self, name: str, value: bytes) -> None:
        """Delete what is under the name if it is this value."""
        if self.values.get(name) == value:
            del self.values[name]

    def close(self) -> None:
        """Forget everything."""
        self.values.clear()


class _Nothing:
    """A database whose every result is empty."""

    def read(self, key: Key) -> Row:
        return Row(payload=b"[]", versions=tuple(0 for _ in key.tables))

    def write(self, tables: Sequence[int]) -> dict[int, int]:
        return dict.fromkeys(tables, 0)

    def cancel(self) -> None:
        """Do nothing: nothing runs."""

    def close(self) -> None:
        """Do nothing: nothing is open."""
