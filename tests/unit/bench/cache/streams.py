"""Streams for tests: keys of one query, or of several, and events written as numbers."""

from collections.abc import Sequence

from perfkit.bench.cache.stream import Key, Stream
from perfkit.plan.runs import Statement

STATEMENT = Statement(text="SELECT 1", types=(), values=(), writes=False, volatile=False)


def key(name: str, *tables: int, query: str = "q") -> Key:
    return Key(query=query, name=name, statement=STATEMENT, tables=tables)


def stream(
    events: Sequence[int], *, keys: Sequence[Key] = (), tables: int = 1, per_minute: float = 6_000
) -> Stream:
    """Return a stream of the events; by default all keys read table 0, which is what event -1 writes to."""
    most = max((event for event in events if event >= 0), default=-1) + 1
    return Stream(
        tables=tuple(f"table {n}" for n in range(tables)),
        keys=tuple(keys) or tuple(key(f"k{n}", 0) for n in range(most)),
        writes=tuple((n,) for n in range(tables)),
        events=tuple(events),
        per_minute=per_minute,
    )
