"""The API's way to PostgreSQL: a pool of connections, and the catalog's statements by their names."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import psycopg
from psycopg.rows import dict_row
from psycopg_pool import AsyncConnectionPool

from perfkit.demo.api.settings import ApiSettings

# A user has gone by then, and a connection that nobody waits for is one that others wait for.
STATEMENT_S = 5.0
WAIT_S = 2.0
_OPEN_S = 10.0


class Database:
    """The pool; statements run one at a time, each a transaction of its own."""

    def __init__(self, settings: ApiSettings) -> None:
        """Make the pool, which connects when it is opened."""
        self._statements: Mapping[str, str] = settings.statements
        self._pool = AsyncConnectionPool(
            settings.database,
            min_size=1,
            max_size=settings.pool,
            timeout=WAIT_S,
            open=False,
            kwargs={
                "autocommit": True,
                "application_name": "alumni api",
                "cursor_factory": psycopg.AsyncRawCursor,
                "prepare_threshold": None if settings.pooled else 5,
            },
        )

    async def open(self) -> None:
        """Connect; PoolTimeout when the database does not answer."""
        await self._pool.open(wait=True, timeout=_OPEN_S)

    async def close(self) -> None:
        """End all connections."""
        await self._pool.close()

    async def rows(self, name: str, values: Sequence[str] = ()) -> list[dict[str, Any]]:
        """Return the rows of a statement, its values read by the server as the types that it finds in their places.

        A statement that takes too long is cancelled: TimeoutError. PoolTimeout when no connection came free.
        """
        async with self._pool.connection() as connection, asyncio.timeout(STATEMENT_S):
            cursor = connection.cursor(row_factory=dict_row)
            await cursor.execute(self._statements[name], values)
            return await cursor.fetchall()

    async def answers(self) -> bool:
        """Tell whether the database answers now."""
        try:
            async with self._pool.connection(timeout=WAIT_S) as connection:
                await connection.execute("SELECT 1")
        except psycopg.Error:
            return False
        return True

    def numbers(self) -> Mapping[str, int]:
        """Return the pool's numbers: connections, those that are free, and requests that wait for one."""
        told = self._pool.get_stats()
        return {
            "connections": told.get("pool_size", 0),
            "free": told.get("pool_available", 0),
            "waiting": told.get("requests_waiting", 0),
        }
