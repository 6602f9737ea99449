"""What a bench of the cache needs of servers: a cache, and a database whose rows have versions."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from perfkit.bench.cache.stream import Key


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What the database answered: the result as an application would cache it, and the versions of the key's tables.

    Versions are read in the same snapshot as the result, in the order of the key's tables.
    """

    payload: bytes
    versions: tuple[int, ...]


class Cache(Protocol):
    """A connection to a cache; all methods raise ConnectError when it is gone, StatementError when it refuses.

    Those that store raise NoRoomError when it is full and evicts nothing.
    """

    def get_many(self, names: Sequence[str]) -> list[bytes | None]:
        """Return the values in one round trip."""

    def set(self, name: str, value: bytes, ttl_ms: int | None = None) -> None:
        """Store a value."""

    def set_new(self, name: str, value: bytes, ttl_ms: int | None = None) -> bool:
        """Store a value where there is none; tell whether it was stored."""

    def delete_if(self, name: str, value: bytes) -> None:
        """Delete what is under the name if it is this value."""

    def close(self) -> None:
        """End the connection."""


class Memory(Protocol):
    """What a cache's server says of itself: bytes, entries, evictions so far; `maxmemory_bytes` 0 is no limit."""

    @property
    def version(self) -> str:
        """Return the server's version."""

    @property
    def allocator(self) -> str:
        """Return its allocator."""

    @property
    def used_bytes(self) -> int:
        """Return the memory that maxmemory limits."""

    @property
    def entries(self) -> int:
        """Return how many entries it holds."""

    @property
    def evicted(self) -> int:
        """Return how many entries it evicted."""

    @property
    def maxmemory_bytes(self) -> int:
        """Return the limit."""

    @property
    def policy(self) -> str:
        """Return the policy."""


class Database(Protocol):
    """A connection to the database; its methods raise MeasureError."""

    def read(self, key: Key) -> Row:
        """Return the result of a key's query."""

    def write(self, tables: Sequence[int]) -> dict[int, int]:
        """Change the tables in a transaction; return their new versions after it is committed."""

    def cancel(self) -> None:
        """End what runs, from another thread."""

    def close(self) -> None:
        """End the connection."""
