"""Where the runs take place: a cache that can be emptied, a database, and a listener; perfkit.cli puts the real ones there."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass

from perfkit.bench.cache.protocols import Cache, Database, Memory
from perfkit.bench.cache.truth import Truth


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """How to get at the servers.

    `empty` takes the bench's own entries away, `own` tells that the cache has no others; `listening` puts the listener in
    place, which makes entries invalid as it is notified; `limit` sets maxmemory and policy, and `clients_bytes` is what each
    connection takes, where the server is ours.
    """

    cache: Callable[[], Cache]
    database: Callable[[], Database]
    memory: Callable[[], Memory]
    clients_bytes: Callable[[], Sequence[int]]
    empty: Callable[[], None]
    limit: Callable[[int, str], None]
    listening: Callable[[Truth], AbstractContextManager[None]]
    own: bool
    writes: bool
    clients: int
