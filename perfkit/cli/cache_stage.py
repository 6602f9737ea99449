"""The servers of a cache bench: a throw-away Valkey or the one that the user named, and the database with its scratch schema."""

import secrets
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from functools import partial
from typing import TYPE_CHECKING

from perfkit.errors import ConnectError, MeasureError

_LONGEST_MS = 3_600_000

if TYPE_CHECKING:
    from perfkit.bench.cache.stage import Stage
    from perfkit.bench.cache.truth import Truth
    from perfkit.db.cache_scratch import Scratch
    from perfkit.db.server import GuardedServer
    from perfkit.kv.valkey import ValkeyCache
    from perfkit.settings import Settings


@contextmanager
def cache_stage(
    settings: "Settings", server: "GuardedServer", *, url: str | None, tables: int, clients: int
) -> Iterator["Stage"]:
    """Yield the servers; with `tables` above 0 a scratch schema with their versions, which is dropped after.

    On the server of a URL only entries under a prefix of this run's own are touched. They are taken away after, and should
    the run be killed, they end by themselves within an hour.
    """
    from perfkit.bench.cache.stage import Stage
    from perfkit.db.cache_reader import CachedDatabase
    from perfkit.db.cache_scratch import scratch_schema
    from perfkit.kv.valkey import ValkeyCache

    prefix = f"perfkit:{secrets.token_hex(4)}:"
    writing = scratch_schema(server.dsn, server.guard, tables=tables) if tables else nullcontext()
    with (
        _valkey(settings, url) as address,
        writing as scratch,
        _closed(ValkeyCache(address, prefix)) as admin,
    ):
        own = url is None
        cache = partial(ValkeyCache, address, prefix, None if own else _LONGEST_MS)
        try:
            yield Stage(
                cache=cache,
                database=partial(CachedDatabase, server.dsn, server.guard, scratch),
                memory=admin.memory,
                clients_bytes=admin.clients_bytes,
                empty=admin.empty_server if own else admin.empty,
                limit=partial(_limit, admin),
                listening=partial(_listening, server.dsn, scratch, cache),
                own=own,
                writes=scratch is not None,
                clients=clients,
            )
        finally:
            if not own:
                with suppress(ConnectError):  # where it is gone, so are the entries
                    admin.empty()


@contextmanager
def _valkey(settings: "Settings", url: str | None) -> Iterator[str]:
    """Yield the URL of the user's server, or of a new one that ends with the run; the next run removes what a kill leaves."""
    if url is not None:
        yield url
        return
    from perfkit.embedded import start_valkey, stop_valkey
    from perfkit.embedded.run_folder import run_folder

    with run_folder(settings.dir.resolve() / "caches") as folder:
        place = folder / "valkey"
        try:
            yield start_valkey(place, settings={"maxmemory": "0"}, die_with_parent=True).url
        finally:
            stop_valkey(place)


@contextmanager
def _closed(cache: "ValkeyCache") -> Iterator["ValkeyCache"]:
    try:
        yield cache
    finally:
        cache.close()


def _limit(admin: "ValkeyCache", maxmemory_bytes: int, policy: str) -> None:
    admin.configure(maxmemory=str(maxmemory_bytes), maxmemory_policy=policy)


def _listening(
    dsn: str, scratch: "Scratch | None", connect: "partial[ValkeyCache]", truth: "Truth"
) -> AbstractContextManager[None]:
    if scratch is None:
        return nullcontext()
    return _heard(dsn, scratch, connect, truth)


@contextmanager
def _heard(dsn: str, scratch: "Scratch", connect: "partial[ValkeyCache]", truth: "Truth") -> Iterator[None]:
    from perfkit.bench.cache.aside import invalidate
    from perfkit.db.cache_scratch import listening

    with _closed(connect()) as cache:

        def heard(table: int, version: int) -> None:
            try:
                with suppress(ConnectError):  # a lost cache is told by the clients, who trust it no more
                    invalidate(cache, {table: version})
            except MeasureError as error:
                truth.fail(error)
            else:
                truth.apply(table, version)

        with listening(dsn, scratch, heard):
            yield
