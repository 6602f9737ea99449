"""Cache-aside: rows from Valkey while they are true, else from the database, and always when there is no cache.

Each area of the data has a token. An entry holds the token that was in force before the database was asked, and counts
only while that is still the area's: who changes the data changes the token, and all entries of the area are old at once.
"""

import json
import secrets
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import redis.asyncio
from redis.exceptions import RedisError

from perfkit.demo.api.metrics import CACHE

_PREFIX = "alumni-api:"
# A cache that does not answer at once is of no use; it is asked again after a pause.
_TIMEOUT_S = 0.2
_PAUSE_S = 1.0
_TOKEN_BYTES = 8

Rows = list[dict[str, Any]]


class Cache:
    """The cache at a URL, None for none."""

    def __init__(self, url: str | None) -> None:
        """Connect when it is first asked."""
        self._client: Any = (
            redis.asyncio.Redis.from_url(
                url, socket_timeout=_TIMEOUT_S, socket_connect_timeout=_TIMEOUT_S, retry=None
            )
            if url
            else None
        )
        self._off_until = 0.0

    async def close(self) -> None:
        """End the connections."""
        if self._client:
            await self._client.aclose()

    async def rows(
        self,
        query: str,
        values: Sequence[str],
        ttl_s: int,
        read: Callable[[str, Sequence[str]], Awaitable[Rows]],
    ) -> Rows:
        """Return the query's rows, from the cache or by `read`; what was read is stored for `ttl_s` seconds."""
        if not self._client or time.monotonic() < self._off_until:
            return await read(query, values)
        area = query.partition("_")[0]
        name = f"{_PREFIX}{query}:{json.dumps(values)}"
        try:
            token, entry = await self._look_up(area, name)
        except RedisError:
            return await self._without(query, values, read)
        if entry is not None:
            CACHE.labels("hit").inc()
            rows: Rows = json.loads(entry)
            return rows
        CACHE.labels("miss").inc()
        read_rows = await read(query, values)
        await self._store(name, token, read_rows, ttl_s)
        return read_rows

    async def forget(self, area: str) -> None:
        """Make all entries of an area old; a cache that is gone has none."""
        if self._client:
            try:
                await self._client.set(f"{_PREFIX}{area}", secrets.token_hex(_TOKEN_BYTES))
            except RedisError:
                self._off_until = time.monotonic() + _PAUSE_S

    async def _look_up(self, area: str, name: str) -> tuple[bytes, bytes | None]:
        """Return the area's token and the entry that holds under it, None for none, in one round trip."""
        token, entry = await self._client.mget(f"{_PREFIX}{area}", name)
        if token is None:
            new = secrets.token_hex(_TOKEN_BYTES).encode()
            # Another may have made one meanwhile: that counts, and it has no entries yet that we know.
            token = await self._client.set(f"{_PREFIX}{area}", new, nx=True, get=True) or new
        elif entry is not None and entry.startswith(token):
            return token, entry[len(token) :]
        return token, None

    async def _store(self, name: str, token: bytes, rows: Rows, ttl_s: int) -> None:
        try:
            await self._client.set(name, token + encoded(rows), ex=ttl_s)
        except RedisError:
            CACHE.labels("error").inc()

    async def _without(
        self, query: str, values: Sequence[str], read: Callable[[str, Sequence[str]], Awaitable[Rows]]
    ) -> Rows:
        CACHE.labels("error").inc()
        self._off_until = time.monotonic() + _PAUSE_S
        return await read(query, values)


def encoded(value: object) -> bytes:
    """Return a value as JSON, also what json knows nothing of: dates, ids, money."""
    return json.dumps(value, default=_plain, separators=(",", ":"), ensure_ascii=False).encode()


def _plain(value: object) -> object:
    """Return money as a number, as JSON has no decimals, times as ISO 8601, all else as text."""
    if isinstance(value, Decimal):
        return float(value)
    return value.isoformat() if isinstance(value, date) else str(value)
