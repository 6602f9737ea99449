"""Reads through a cache are kept true under writes, and go on when it is lost."""

import itertools
import os
import secrets
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import pytest

from perfkit.bench.cache.aside import Invalidation, invalidate
from perfkit.bench.cache.calibrate import calibrate
from perfkit.bench.cache.run import Connections, run_stream
from perfkit.bench.cache.stage import Stage
from perfkit.bench.cache.stampede import stampede
from perfkit.bench.cache.stream import Key, Stream
from perfkit.bench.cache.truth import Truth
from perfkit.cli.cache_stage import cache_stage
from perfkit.db.cache_reader import CachedDatabase
from perfkit.db.cache_scratch import scratch_schema
from perfkit.db.guard import Guard
from perfkit.db.server import GuardedServer
from perfkit.embedded import ValkeyServer, start_valkey, stop_valkey
from perfkit.errors import NoRoomError, StatementError
from perfkit.kv.valkey import ValkeyCache
from perfkit.settings import resolve
from tests.db.cached import GUARD, TABLES, Place, requests, stage_without_database, statement, way
from tests.db.office import Office


@pytest.fixture
def place(office: Office, valkey: ValkeyServer) -> Iterator[Place]:
    cache = partial(ValkeyCache, valkey.url, f"test:{secrets.token_hex(4)}:")
    with scratch_schema(office.dsn, GUARD, tables=TABLES) as scratch:
        yield Place(office.dsn, scratch, cache)
    with closing(cache()) as used:
        used.empty()


@pytest.mark.parametrize("invalidation", [Invalidation.VERSION, Invalidation.NOTIFY])
@pytest.mark.parametrize("protected", [True, False])
def test_no_read_is_stale_under_concurrent_writes(
    place: Place, invalidation: Invalidation, *, protected: bool
) -> None:
    stream = requests(2_000, write_share=0.05)
    seen = place.run(stream, way(invalidation, protected=protected))
    assert (seen.stale, seen.late_writes, seen.lost_after) == (0, 0, None)
    assert seen.reads == stream.reads
    assert 0.2 < seen.hit_share < 0.9


def test_with_ttl_alone_stale_reads_are_counted(place: Place) -> None:
    seen = place.run(requests(1_000, write_share=0.05), way(Invalidation.TTL))
    assert seen.stale > 100
    assert seen.early == 0


def test_without_a_listener_writes_are_late(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("perfkit.bench.cache.aside.THRESHOLDS", FAST_THRESHOLDS)
    connections = Connections(
        cache=place.cache, database=lambda: CachedDatabase(place.dsn, GUARD, place.scratch), clients=1
    )
    stream = requests(200, write_share=0.05)
    seen = run_stream(stream, way(Invalidation.NOTIFY), connections, Truth(), lambda *_: None)
    assert seen.late_writes == len(stream.events) - stream.reads


@dataclass(frozen=True, slots=True)
class _Fast:
    notify_limit_s: float = 0.01
    lock_first_wait_s: float = 0.001
    lock_longest_wait_s: float = 0.05
    lock_ttl_ms: int = 10_000
    lock_wait_s: float = 5.0


FAST_THRESHOLDS = _Fast()


def test_entries_end_as_many_requests_after_as_the_workload_makes_in_their_time(place: Place) -> None:
    # 6,000 requests a minute: in 0.2 s there are 20 requests, however fast they are made here.
    short = place.run(requests(1_000, write_share=0), way(Invalidation.TTL, ttl_s=0.2), clients=1)
    long = place.run(requests(1_000, write_share=0), way(Invalidation.TTL), clients=1)
    assert short.hit_share < long.hit_share - 0.2


def test_a_killed_cache_is_said_and_the_database_answers(office: Office, server_folder: Path) -> None:
    server = start_valkey(server_folder / "killed", die_with_parent=True)
    stream = requests(4_000, write_share=0.02)
    try:
        with scratch_schema(office.dsn, GUARD, tables=TABLES) as scratch:
            place = Place(office.dsn, scratch, partial(ValkeyCache, server.url, "test:"))
            killer = threading.Timer(0.3, os.kill, (server.pid, signal.SIGKILL))
            killer.start()
            connections = Connections(
                cache=place.cache, database=lambda: CachedDatabase(office.dsn, GUARD, scratch), clients=2
            )
            seen = run_stream(stream, way(Invalidation.VERSION), connections, Truth(), lambda *_: None)
            killer.join()
    finally:
        stop_valkey(server_folder / "killed")
    assert seen.lost_after is not None
    assert seen.by_database > 0
    assert seen.reads + seen.by_database == stream.reads
    assert seen.stale == 0


@pytest.fixture
def full(valkey: ValkeyServer) -> Iterator[ValkeyServer]:
    """Yield a server that has no room and evicts nothing."""
    with closing(ValkeyCache(valkey.url, "")) as admin:
        was = admin.memory()
        admin.configure(maxmemory="1", maxmemory_policy="noeviction")
        yield valkey
        admin.configure(maxmemory=str(was.maxmemory_bytes), maxmemory_policy=was.policy)


@pytest.mark.usefixtures("full")
@pytest.mark.parametrize(
    ("invalidation", "protected"),
    [(Invalidation.TTL, True), (Invalidation.VERSION, False), (Invalidation.NOTIFY, False)],
)
def test_a_cache_without_room_for_locks_and_tokens_ends_the_run(
    place: Place, invalidation: Invalidation, *, protected: bool
) -> None:
    began = time.monotonic()
    with pytest.raises(NoRoomError, match="the cache has no room"):
        place.run(requests(200, write_share=0), way(invalidation, protected=protected))
    assert time.monotonic() - began < FAST_THRESHOLDS.lock_wait_s


@pytest.mark.usefixtures("full")
def test_entries_that_there_is_no_room_for_are_counted(place: Place) -> None:
    seen = place.run(requests(200, write_share=0), way(Invalidation.TTL, protected=False))
    assert (seen.refused, seen.reads, seen.hit_share) == (200, 200, 0)


def test_a_cache_without_room_is_neither_kept_true_nor_measured(
    office: Office, full: ValkeyServer, tmp_path: Path
) -> None:
    server = GuardedServer(dsn=office.dsn, guard=GUARD)
    settings = resolve({}, environ={}, cwd=tmp_path)
    with cache_stage(settings, server, url=full.url, tables=1, clients=1) as stage:
        with closing(stage.cache()) as cache, pytest.raises(NoRoomError):
            invalidate(cache, {0: 1})
        truth = Truth()
        with (
            stage.listening(truth),
            closing(stage.database()) as database,
            pytest.raises(NoRoomError),
        ):
            truth.wait_applied(database.write([0]), limit_s=30)
        with pytest.raises(NoRoomError):
            calibrate(stage, [sleep(0)], [100.0])


def test_a_failing_database_ends_the_run_with_its_error(place: Place) -> None:
    bad = Key(query="bad", name="bad", statement=statement("SELECT 1 / 0"), tables=(0,))
    stream = Stream(tables=("t",), keys=(bad,), writes=(), events=(0,) * 50, per_minute=60)
    with pytest.raises(StatementError, match="division by zero"):
        place.run(stream, way(Invalidation.NOTIFY))


def test_a_stampede_ends_with_the_error_of_one_of_its_clients(office: Office, valkey: ValkeyServer) -> None:
    limits = itertools.chain([50.0], itertools.repeat(30_000.0))
    with (
        slow_stage(office, valkey, limits) as stage,
        pytest.raises(StatementError, match="statement timeout"),
    ):
        stampede(stage, sleep(0.2), protected=False)


def test_an_interrupted_stampede_ends_its_statements(office: Office, valkey: ValkeyServer) -> None:
    timer = threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT))
    began = time.monotonic()
    with slow_stage(office, valkey, itertools.repeat(60_000.0)) as stage:
        timer.start()
        with pytest.raises(KeyboardInterrupt):
            stampede(stage, sleep(60), protected=False)
    assert time.monotonic() - began < 30


@contextmanager
def slow_stage(office: Office, valkey: ValkeyServer, limits_ms: Iterator[float]) -> Iterator[Stage]:
    """Yield a stage each of whose sessions has the next limit of its statements."""
    with closing(ValkeyCache(valkey.url, "")) as cache:
        stage = stage_without_database(valkey.url, cache)
        yield replace(
            stage,
            database=lambda: CachedDatabase(office.dsn, Guard(statement_timeout_ms=next(limits_ms)), None),
        )
        cache.empty_server()


def sleep(seconds: float) -> Key:
    slow = replace(statement(f"SELECT pg_sleep({seconds})"), volatile=True)
    return Key(query="slow", name="slow", statement=slow, tables=())
