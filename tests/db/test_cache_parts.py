"""What the cache bench stands on: a scratch schema that goes, readers that only read, tables of a query, locks, cold blocks."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
import redis

from perfkit.bench.cache.blocks import look_at_own_cache
from perfkit.bench.cache.stream import Key
from perfkit.catalog.load import load_catalog
from perfkit.catalog.workload import workload
from perfkit.db.cache_blocks import shared_buffers
from perfkit.db.cache_reader import CachedDatabase, tables_of
from perfkit.db.cache_scratch import scratch_schema
from perfkit.db.connect import connected
from perfkit.db.guard import Guard
from perfkit.db.server import GuardedServer
from perfkit.embedded import ValkeyServer
from perfkit.errors import ConnectError, GuardError, StatementError
from perfkit.kv.valkey import ValkeyCache
from tests.db.cached import GUARD, person, statement
from tests.db.office import Office

IMPATIENT = Guard(lock_timeout_ms=100)


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


def test_a_reader_waits_for_no_lock_longer_than_it_may(office: Office) -> None:
    with closing(CachedDatabase(office.dsn, IMPATIENT, None)) as database:
        read = database.read(person(1))
        with locked(office), pytest.raises(StatementError, match="lock timeout"):
            database.read(person(1))
        assert database.read(person(1)) == read


def test_who_looks_at_a_server_s_buffers_waits_for_no_lock_and_leaves_no_transaction_open(
    office: Office,
) -> None:
    with (
        shared_buffers(office.dsn, IMPATIENT, own=False) as buffers,
        psycopg.connect(office.superuser_dsn, autocommit=True) as connection,
    ):
        with locked(office), pytest.raises(StatementError, match="lock timeout"):
            buffers.accesses()
        assert "Alumni Office.Person" in buffers.accesses()
        rows = connection.execute(
            "SELECT state FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'perfkit'"
        )
        assert rows.fetchall() == [("idle",)]


@contextmanager
def locked(office: Office) -> Iterator[None]:
    """Hold a table so that nobody can read it, but not for ever, should somebody wait for it all the same."""
    limit = "-c idle_in_transaction_session_timeout=10s"
    with psycopg.connect(office.superuser_dsn, options=limit) as connection:
        connection.execute('LOCK TABLE "Alumni Office"."Person" IN ACCESS EXCLUSIVE MODE')
        yield
        connection.rollback()


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


def test_what_an_emptied_server_held_is_free(valkey: ValkeyServer) -> None:
    with closing(ValkeyCache(valkey.url, "")) as cache, closing(redis.Redis.from_url(valkey.url)) as client:
        cache.empty_server()
        before = cache.memory().used_bytes
        with client.pipeline(transaction=False) as pipeline:
            for number in range(20_000):
                pipeline.set(f"entry {number}", b"x" * 800)
            pipeline.execute()
        cache.empty_server()
        assert cache.memory().used_bytes < before + 1024**2


def test_a_cache_that_is_not_there_is_said_without_its_password() -> None:
    with (
        closing(ValkeyCache("redis://:sesame@127.0.0.1:1/0", "")) as cache,
        pytest.raises(ConnectError) as caught,
    ):
        cache.get_many(["a"])
    assert "sesame" not in caught.value.message


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
