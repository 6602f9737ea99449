"""A Valkey or Redis server as a cache: entries under a prefix of their own, and what the server says of its memory."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, cast

import redis

from perfkit.errors import ConnectError, NoRoomError, StatementError, UsageError

_TIMEOUT_S = 5.0
_SCAN_COUNT = 1_000
# Only the holder of a lock may take it away: an other's, made after the first ended, stays.
_RELEASE = "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) end return 0"


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryNow:
    """What a server says of itself; `maxmemory_bytes` is 0 where memory is not limited."""

    version: str
    allocator: str
    used_bytes: int
    entries: int
    evicted: int
    maxmemory_bytes: int
    policy: str


class ValkeyCache:
    """One connection to a server; every name that is given stands under `prefix`.

    All methods raise ConnectError when the server is gone and StatementError when it refuses; those that store NoRoomError.
    """

    def __init__(self, url: str, prefix: str, longest_ms: int | None = None) -> None:
        """Connect when it is first asked; UsageError when the URL cannot be read.

        With `longest_ms` nothing that is stored lives longer, so that a killed run leaves nothing for long.
        """
        try:
            self._client: Any = redis.Redis.from_url(
                url, socket_timeout=_TIMEOUT_S, socket_connect_timeout=_TIMEOUT_S, retry=None
            )
        except ValueError:
            # Its text may hold the password.
            raise UsageError(
                "the URL of the cache cannot be read", hint="write redis://:password@host:port/0"
            ) from None
        self._prefix = prefix
        self._longest_ms = longest_ms
        self._release = self._client.register_script(_RELEASE)

    def close(self) -> None:
        """End the connection."""
        self._client.close()

    def get_many(self, names: Sequence[str]) -> list[bytes | None]:
        """Return the values of the names in one round trip, None for each that there is none of."""
        with _server_errors():
            if len(names) == 1:
                return [self._client.get(self._prefix + names[0])]
            return cast("list[bytes | None]", self._client.mget([self._prefix + name for name in names]))

    def set(self, name: str, value: bytes, ttl_ms: int | None = None) -> None:
        """Store a value, which ends after `ttl_ms`."""
        with _server_errors():
            self._client.set(self._prefix + name, value, px=self._limited(ttl_ms))

    def set_new(self, name: str, value: bytes, ttl_ms: int | None = None) -> bool:
        """Store a value where there is none; tell whether it was stored."""
        with _server_errors():
            return bool(self._client.set(self._prefix + name, value, px=self._limited(ttl_ms), nx=True))

    def _limited(self, ttl_ms: int | None) -> int | None:
        limits = [limit for limit in (ttl_ms, self._longest_ms) if limit is not None]
        return min(limits, default=None)

    def delete_if(self, name: str, value: bytes) -> None:
        """Delete what is under the name if it is this value, in one step."""
        with _server_errors():
            self._release(keys=[self._prefix + name], args=[value])

    def memory(self) -> MemoryNow:
        """Return what the server says of its memory, and how many entries all of it holds."""
        with _server_errors():
            told: dict[str, Any] = self._client.info("everything")
            return MemoryNow(
                version=str(told.get("valkey_version") or told.get("redis_version")),
                allocator=str(told["mem_allocator"]),
                used_bytes=int(told["used_memory"]),
                entries=int(self._client.dbsize()),
                evicted=int(told["evicted_keys"]),
                maxmemory_bytes=int(told["maxmemory"]),
                policy=str(told["maxmemory_policy"]),
            )

    def clients_bytes(self) -> list[int]:
        """Return what each connection takes now, its buffers included, which maxmemory counts; only for a server that is ours."""
        with _server_errors():
            return [int(each["tot-mem"]) for each in self._client.client_list()]

    def lookups(self) -> tuple[int, int]:
        """Return how many look-ups found an entry, and how many found none, since the server was started."""
        with _server_errors():
            told: dict[str, Any] = self._client.info("stats")
            return int(told["keyspace_hits"]), int(told["keyspace_misses"])

    def configure(self, **settings: str) -> None:
        """Set the server's settings, `_` for `-` in their names; only for a server that is ours."""
        with _server_errors():
            for name, value in settings.items():
                self._client.config_set(name.replace("_", "-"), value)

    def empty(self) -> None:
        """Delete the entries under the prefix, and nothing else."""
        with _server_errors():
            pattern = _literal(self._prefix) + "*"
            names: list[bytes] = []
            for name in self._client.scan_iter(match=pattern, count=_SCAN_COUNT):
                names.append(name)
                if len(names) == _SCAN_COUNT:
                    self._client.unlink(*names)
                    names.clear()
            if names:
                self._client.unlink(*names)

    def empty_server(self) -> None:
        """Delete everything; only for a server that is ours.

        Its statistics stay: resetting them would free what they take (a histogram for each kind of command), which
        maxmemory counts. What entries took is free when this returns: by default Valkey frees it later, and until then
        it would pass for what an empty server takes.
        """
        with _server_errors():
            self._client.execute_command("FLUSHALL", "SYNC")


def _literal(text: str) -> str:
    """Return a glob that the text alone matches."""
    return "".join(f"\\{c}" if c in "*?[]\\" else c for c in text)


@contextmanager
def _server_errors() -> Iterator[None]:
    try:
        yield
    except (redis.ConnectionError, redis.TimeoutError) as error:
        raise ConnectError(f"the cache does not answer: {type(error).__name__}") from None
    except redis.exceptions.OutOfMemoryError:
        raise NoRoomError(
            "the cache has no room: its maxmemory is reached, and there is nothing that it may evict",
            hint="give it more memory (maxmemory), or a policy that evicts, such as allkeys-lru",
        ) from None
    except redis.RedisError as error:
        text = " ".join(str(error).split())
        raise StatementError(f"the cache refused: {text}") from None
