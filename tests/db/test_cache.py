"""The cache bench on real servers: versions and notifications, reads kept true under writes, and a cache that is lost."""

import math
import os
import secrets
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import psycopg
import pytest

from perfkit.bench.cache.aside import Invalidation, invalidate
from perfkit.bench.cache.blocks import look_at_own_cache
from perfkit.bench.cache.calibrate import calibrate
from perfkit.bench.cache.policies import Conditions, Policy, simulate
from perfkit.bench.cache.run import Connections, Seen, Way, run_stream
from perfkit.bench.cache.stage import Stage
from perfkit.bench.cache.stream import Key, Shape, Source, Stream, draw_stream
from perfkit.bench.cache.truth import Truth
from perfkit.catalog.load import load_catalog
from perfkit.catalog.workload import workload
from perfkit.db.cache_blocks import shared_buffers
from perfkit.db.cache_reader import CachedDatabase, tables_of
from perfkit.db.cache_scratch import Scratch, listening, scratch_schema
from perfkit.db.connect import connected
from perfkit.db.guard import Guard
from perfkit.db.server import GuardedServer
from perfkit.embedded import ValkeyServer, start_valkey, stop_valkey
from perfkit.errors import ConnectError, GuardError, StatementError
from perfkit.kv.valkey import ValkeyCache
from perfkit.plan.runs import Statement
from tests.db.office import Office

TABLES = 3
GUARD = Guard()


def statement(text: str, *values: str, types: tuple[str, ...] = ()) -> Statement:
    return Statement(text=text, types=types, values=values, writes=False, volatile=False)


def person(number: int, *tables: int) -> Key:
    text = 'SELECT id, "Family Name" FROM "Alumni Office"."Person" WHERE id = $1'
    return Key(
        query="person",
        name=f"person:{number}",
        statement=statement(text, str(number), types=("bigint",)),
        tables=tables,
    )


def requests(count: int, *, write_share: float) -> Stream:
    keys = tuple(person(n, n % TABLES) for n in range(1, 100))
    writes = [Source(keys=(), tables=(table,), per_minute=1) for table in range(TABLES)]
    sources = [Source(keys=keys, tables=(), per_minute=6_000), *writes]
    shape = Shape(skew=0.9, write_share=write_share, seed=1)
    return draw_stream(sources, [f"table {n}" for n in range(TABLES)], requests=count, shape=shape)


@dataclass(frozen=True, slots=True)
class Place:
    """A database with its scratch schema, and how to get at the cache."""

    dsn: str
    scratch: Scratch
    cache: Callable[[], ValkeyCache]

    def run(self, stream: Stream, way: Way, *, clients: int = 4) -> Seen:
        truth = Truth()
        connections = Connections(
            cache=self.cache,
            database=lambda: CachedDatabase(self.dsn, GUARD, self.scratch),
            clients=clients,
        )
        with self.listened(truth):
            return run_stream(stream, way, connections, truth, lambda _done, _total, _name: None)

    @contextmanager
    def listened(self, truth: Truth) -> Iterator[None]:
        with closing(self.cache()) as cache:

            def heard(table: int, version: int) -> None:
                invalidate(cache, {table: version})
                truth.apply(table, version)

            with listening(self.dsn, self.scratch, heard):
                yield


def way(invalidation: Invalidation, *, protected: bool = True, ttl_s: float = math.inf) -> Way:
    return Way(invalidation=invalidation, protected=protected, ttl_seconds=[ttl_s] * 100)


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


def test_a_failing_database_ends_the_run_with_its_error(place: Place) -> None:
    bad = Key(query="bad", name="bad", statement=statement("SELECT 1 / 0"), tables=(0,))
    stream = Stream(tables=("t",), keys=(bad,), writes=(), events=(0,) * 50, per_minute=60)
    with pytest.raises(StatementError, match="division by zero"):
        place.run(stream, way(Invalidation.NOTIFY))


def test_the_scratch_schema_is_gone_after_and_one_of_a_killed_run_goes_with_the_next(office: Office) -> None:
    with psycopg.connect(office.dsn, autocommit=True) as connection:
        connection.execute("CREATE SCHEMA perfkit_cache_42; CREATE TABLE perfkit_cache_42.generation (n int)")
        with scratch_schema(office.dsn, GUARD, tables=1) as scratch:
            assert schemas(connection) == {scratch.name}
            with scratch_schema(office.dsn, GUARD, tables=1) as other:
                assert schemas(connection) == {scratch.name, other.name}
        assert schemas(connection) == set()


def schemas(connection: psycopg.Connection) -> set[str]:
    rows = connection.execute("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'perfkit%'").fetchall()
    return {name for (name,) in rows}


def test_a_reader_cannot_write_nor_call_what_is_volatile(office: Office) -> None:
    database = CachedDatabase(office.dsn, GUARD, None)
    allowed = Key(
        query="allowed",
        name="allowed",
        statement=replace(statement('SELECT "Alumni Office".next_receipt()'), volatile=True),
        tables=(),
    )
    calls = Key(
        query="calls",
        name="calls",
        statement=statement('SELECT "Alumni Office".next_receipt()'),
        tables=(),
    )
    with closing(database):
        with pytest.raises(GuardError, match="volatile"):
            database.read(calls)
        with pytest.raises(StatementError, match="read-only"):
            database.read(allowed)
        assert database.read(person(1)).payload == b'[["1","Name 1"]]'


def test_a_superuser_is_refused_a_scratch_schema(office: Office) -> None:
    with (
        pytest.raises(GuardError, match="superuser"),
        scratch_schema(office.superuser_dsn, GUARD, tables=1),
    ):
        pass


def test_tables_are_those_that_a_view_reads_and_the_roots_of_partitions(office: Office) -> None:
    server = GuardedServer(dsn=office.dsn, guard=GUARD)
    with psycopg.connect(office.dsn, autocommit=True) as connection:
        connection.execute("CREATE TABLE parted (n int) PARTITION BY RANGE (n)")
        connection.execute("CREATE TABLE parted_1 PARTITION OF parted FOR VALUES FROM (0) TO (9)")
        connection.execute('CREATE VIEW names AS SELECT id FROM "Alumni Office"."Person"')
    plans = {
        "view": server.plan(statement("SELECT * FROM names")),
        "part": server.plan(statement("SELECT * FROM parted WHERE n = 1")),
    }
    with connected(office.dsn) as connection:
        found = tables_of(connection, plans)
    assert found == {"view": {"Alumni Office.Person"}, "part": {"public.parted"}}


def test_only_the_holder_of_a_lock_takes_it_away(valkey: ValkeyServer) -> None:
    with (
        closing(ValkeyCache(valkey.url, "test [*]:")) as cache,
        closing(ValkeyCache(valkey.url, "")) as other,
    ):
        other.set("test lock", b"not ours")
        assert cache.set_new("lock", b"mine", 10_000)
        assert not cache.set_new("lock", b"theirs", 10_000)
        cache.delete_if("lock", b"theirs")
        assert cache.get_many(["lock", "none"]) == [b"mine", None]
        cache.empty()
        assert cache.get_many(["lock"]) == [None]
        assert other.get_many(["test lock"]) == [b"not ours"]
        other.delete_if("test lock", b"not ours")


def test_a_cache_that_is_not_there_is_said_without_its_password() -> None:
    with (
        closing(ValkeyCache("redis://:sesame@127.0.0.1:1/0", "")) as cache,
        pytest.raises(ConnectError) as caught,
    ):
        cache.get_many(["a"])
    assert "sesame" not in caught.value.message


def test_hits_are_predicted_within_two_points_of_a_full_server(server_folder: Path) -> None:
    server = start_valkey(server_folder / "full", settings={"maxmemory": "0"}, die_with_parent=True)
    try:
        with closing(ValkeyCache(server.url, "")) as cache:
            stage = Stage(
                cache=partial(ValkeyCache, server.url, ""),
                database=NotImplemented,
                memory=cache.memory,
                empty=cache.empty_server,
                limit=lambda size, policy: cache.configure(maxmemory=str(size), maxmemory_policy=policy),
                listening=NotImplemented,
                own=True,
                writes=False,
                clients=1,
            )
            check_prediction(stage, cache)
    finally:
        stop_valkey(server_folder / "full")


def check_prediction(stage: Stage, cache: ValkeyCache) -> None:
    keys = tuple(person(n) for n in range(3_000))
    source = Source(keys=keys, tables=(), per_minute=100)
    stream = draw_stream([source], [], requests=6_000, shape=Shape(skew=0.9, write_share=None, seed=4))
    payloads = [100.0 + (n * 37) % 1_900 for n in range(len(keys))]
    stage.limit(0, "allkeys-lru")
    model, _ = calibrate(stage, keys, payloads)
    sizes = [model.entry_bytes(size + 2) for size in payloads]
    for policy in (Policy.LRU, Policy.LFU):
        capacity = 0.3 * sum(sizes)
        stage.empty()
        stage.limit(round(model.baseline_bytes + capacity), policy)
        hits, began = 0, time.perf_counter()
        for event in stream.events:
            if cache.get_many([keys[event].name])[0] is not None:
                hits += 1
            else:
                cache.set(keys[event].name, b"x" * round(payloads[event] + 2))
        conditions = Conditions(
            capacity_bytes=capacity,
            policy=policy,
            seconds_per_request=(time.perf_counter() - began) / len(stream.events),
            ttl_seconds=[math.inf] * len(keys),
        )
        predicted = simulate(stream, sizes, conditions).hit_share
        assert predicted == pytest.approx(hits / len(stream.events), abs=0.02), policy


@pytest.mark.both_servers
def test_own_cache_is_cold_only_on_a_server_of_ours(office: Office, tmp_path: Path) -> None:
    (tmp_path / "one.sql").write_text(
        "-- name: year\n-- param: year int\n-- case: one  year=1950\n"
        'SELECT * FROM "Alumni Office"."Person" WHERE year = :year;\n'
    )
    server = GuardedServer(dsn=office.dsn, guard=GUARD)
    cases = workload(load_catalog(tmp_path, rules=frozenset()), (), rows=server.rows, seed=1).cases
    with shared_buffers(office.superuser_dsn, GUARD, own=True) as buffers:
        ours = look_at_own_cache(cases, server, buffers, limit_s=10, progress=lambda *_: None)
    with shared_buffers(office.dsn, GUARD, own=False) as buffers:
        theirs = look_at_own_cache(cases, server, buffers, limit_s=10, progress=lambda *_: None)
    with psycopg.connect(office.dsn) as connection:
        newer = connection.info.server_version >= 170_000
    assert ours.cases[0].cold is newer
    assert ours.cases[0].warm_hit_share == 1
    if newer:
        assert ours.cases[0].first_hit_share < 0.5
        assert ours.working_set_exact
        person_table = next(table for table in ours.tables if table.name == "Alumni Office.Person")
        assert person_table.cached_bytes is not None
        assert 0 < person_table.cached_bytes <= person_table.size_bytes
    assert not theirs.cases[0].cold
    assert not theirs.working_set_exact
    assert len(theirs.notes) == 2
    with psycopg.connect(office.superuser_dsn) as connection:
        assert (
            connection.execute("SELECT FROM pg_extension WHERE extname = 'pg_buffercache'").fetchone() is None
        )
