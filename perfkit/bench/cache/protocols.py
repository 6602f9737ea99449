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
    """A connection to a cache; all methods raise ConnectError when it is gone, StatementError when it refuses."""

    def get_many(self, names: Sequence[str]) -> list[bytes | None]:
        """Return the values in one round trip."""

    def set(self, name: str, value: bytes, ttl_ms: int | None = None) -> bool:
        """Store a value; tell whether there was room."""

    def set_new(self, name: str, value: bytes, ttl_ms: int | None = None) -> bool:
        """Store a value where there is none; tell whether it was stored."""

    def delete_if(self, name: str, value: bytes) -> None:
        """Delete what is under the name if it is this value."""

    def close(self) -> None:
        """End the connection."""


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
