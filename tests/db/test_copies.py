"""Copies by template: alike in all that counts, gone in the end, and the source as it was whatever kills the run."""

import signal
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from perfkit.db.connect import connected
from perfkit.db.copies import COPY_LOCK, remove_orphans, template_copies
from perfkit.embedded import PostgresServer
from perfkit.errors import MeasureError
from tests.db.copying import copies_on, dumped, start, wait_for
from tests.db.office import Office

pytestmark = pytest.mark.both_servers

_HOLD = """
import sys, time
from pathlib import Path
from perfkit.db.copies import template_copies
from perfkit.db.migration import apply_migration
with template_copies(sys.argv[1]) as copies:
    apply_migration(copies.head, [Path(sys.argv[2])])
"""
_LOCK_IS_FREE = (
    f"SELECT NOT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND classid = {COPY_LOCK})"
)
_STATISTICS = (
    "SELECT md5(string_agg(statistic::text, '' ORDER BY starelid, staattnum)) FROM pg_statistic AS statistic"
)
_STARTS_COPY = "EXISTS (SELECT FROM pg_stat_activity WHERE query LIKE 'CREATE DATABASE \"perfkit_copy_%')"
_SLEEPS = (
    "EXISTS (SELECT FROM pg_stat_activity WHERE datname LIKE 'perfkit_copy_%' AND wait_event = 'PgSleep')"
)


@pytest.fixture
def filled(database: str) -> str:
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(
            "CREATE TABLE person AS SELECT n AS id, md5(n::text) AS name FROM generate_series(1, 20000) AS n"
        )
        connection.execute("CREATE INDEX ON person (name)")
        connection.execute("VACUUM (ANALYZE) person")
    return database


@pytest.fixture
def slow_migration(tmp_path: Path) -> Path:
    path = tmp_path / "slow.sql"
    path.write_text("DROP TABLE person; SELECT pg_sleep(600);")
    return path


def _value(dsn: str, query: str) -> object:
    with psycopg.connect(dsn) as connection:
        row = connection.execute(query.encode()).fetchone()
    assert row is not None
    return row[0]


def test_both_copies_have_the_rows_files_and_statistics_of_the_source(
    server: PostgresServer, filled: str
) -> None:
    queries = (
        "SELECT md5(string_agg(person::text, '')) FROM person",
        "SELECT relfilenode FROM pg_class WHERE relname = 'person'",
        _STATISTICS,
    )
    expected = [_value(filled, query) for query in queries]
    with template_copies(filled) as copies:
        assert [_value(copies.base, query) for query in queries] == expected
        assert [_value(copies.head, query) for query in queries] == expected
        assert copies.note == ""
        assert len(copies_on(server)) == 2
    assert copies_on(server) == []


def test_a_change_to_a_copy_leaves_the_source_as_it_was(server: PostgresServer, filled: str) -> None:
    before = dumped(server, filled)
    with template_copies(filled) as copies, psycopg.connect(copies.head) as connection:
        connection.execute("DROP TABLE person")
    assert dumped(server, filled) == before


def test_copies_get_the_settings_of_the_database_and_its_roles(filled: str) -> None:
    with psycopg.connect(filled, autocommit=True) as connection:
        name = sql.Identifier(connection.info.dbname)
        connection.execute('CREATE SCHEMA "Alumni Office"')
        for setting in (
            "search_path = 'Alumni Office', public",
            "work_mem = '7MB'",
            "alumni.office = 'It''s ours'",
        ):
            connection.execute(sql.SQL("ALTER DATABASE {} SET ").format(name) + sql.SQL(setting))
        connection.execute(
            sql.SQL("ALTER ROLE postgres IN DATABASE {} SET random_page_cost = 1.1").format(name)
        )
    with template_copies(filled) as copies:
        for dsn in (copies.base, copies.head):
            assert _value(dsn, "SHOW search_path") == '"Alumni Office", public'
            assert _value(dsn, "SHOW work_mem") == "7MB"
            assert _value(dsn, "SHOW alumni.office") == "It's ours"
            assert _value(dsn, "SHOW random_page_cost") == "1.1"
    stored = "SELECT count(*) FROM pg_db_role_setting WHERE setdatabase NOT IN (SELECT oid FROM pg_database)"
    assert _value(filled, f"{stored} AND setdatabase <> 0") == 0


def test_an_ordinary_owner_who_may_create_databases_gets_copies_of_its_own(office: Office) -> None:
    with psycopg.connect(office.superuser_dsn, autocommit=True) as connection:
        connection.execute("ALTER ROLE office CREATEDB")
        connection.execute("ALTER ROLE office SET default_transaction_read_only = on")
    owner = "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = current_database()"
    closed = "SELECT NOT has_database_privilege('pg_monitor', current_database(), 'CONNECT')"
    with template_copies(office.dsn) as copies:
        assert _value(copies.head, owner) == "office"
        assert _value(copies.head, closed) is True


def test_a_setting_that_the_role_may_not_give_is_named(office: Office) -> None:
    with psycopg.connect(office.superuser_dsn, autocommit=True) as connection:
        connection.execute("ALTER ROLE office CREATEDB")
        name = sql.Identifier(connection.info.dbname)
        connection.execute(sql.SQL("ALTER DATABASE {} SET log_min_messages = error").format(name))
    with template_copies(office.dsn) as copies:
        assert copies.note.startswith("the setting log_min_messages is not copied: permission denied")


def test_a_role_that_may_not_create_databases_is_told_the_other_way(
    server: PostgresServer, office: Office
) -> None:
    with (
        pytest.raises(MeasureError, match="cannot be copied: permission denied") as caught,
        template_copies(office.dsn),
    ):
        pass
    assert "--copies embedded" in caught.value.hint
    assert copies_on(server) == []


def test_a_source_in_use_is_told_the_other_way(server: PostgresServer, filled: str) -> None:
    with (
        psycopg.connect(filled),
        pytest.raises(MeasureError, match="is being accessed by other users") as caught,
        template_copies(filled),
    ):
        pass
    assert "--copies embedded" in caught.value.hint
    assert copies_on(server) == []


def test_a_source_named_postgres_is_copied_from_elsewhere(server: PostgresServer) -> None:
    with template_copies(server.dsn) as copies:
        assert _value(copies.head, "SELECT current_database() ~ '_head$'") is True
    assert copies_on(server) == []


def test_copies_are_reached_on_the_server_that_answered(server: PostgresServer, filled: str) -> None:
    several = make_conninfo(filled, host="127.0.0.1,127.0.0.1", port=f"1,{server.port}")
    with template_copies(several) as copies:
        for dsn in (copies.base, copies.head):
            parts = conninfo_to_dict(dsn)
            assert (parts["host"], parts["port"]) == ("127.0.0.1", str(server.port))
            assert _value(dsn, "SELECT count(*) FROM person") == 20000


def test_a_run_killed_while_it_creates_a_copy_leaves_the_source_and_the_next_run_cleans_up(
    server: PostgresServer, filled: str, slow_migration: Path
) -> None:
    before = dumped(server, filled)
    name = conninfo_to_dict(filled)["dbname"]
    with psycopg.connect(server.dsn) as blocker:
        # Holds up a CREATE DATABASE from this template, which goes on after its client is dead.
        blocker.execute(sql.SQL("COMMENT ON DATABASE {} IS 'wait'").format(sql.Identifier(str(name))))
        with start(_HOLD, filled, slow_migration) as process:
            wait_for(server.dsn, f"SELECT {_STARTS_COPY}")
            process.kill()
        with connected(server.dsn) as session:
            assert remove_orphans(session) == ()
        blocker.rollback()
    wait_for(server.dsn, _LOCK_IS_FREE)
    (left,) = copies_on(server)
    with template_copies(filled):
        assert left not in copies_on(server)
    assert copies_on(server) == []
    assert dumped(server, filled) == before


def test_a_run_killed_while_the_migration_runs_leaves_the_source_and_the_next_run_cleans_up(
    server: PostgresServer, filled: str, slow_migration: Path
) -> None:
    before = dumped(server, filled)
    with start(_HOLD, filled, slow_migration) as process:
        wait_for(server.dsn, f"SELECT {_SLEEPS}")
        process.kill()
    wait_for(server.dsn, _LOCK_IS_FREE)
    left = copies_on(server)
    assert len(left) == 2
    with connected(server.dsn) as session:
        assert list(remove_orphans(session)) == left
    assert copies_on(server) == []
    assert dumped(server, filled) == before


def test_ctrl_c_drops_the_copies_at_once(server: PostgresServer, filled: str, slow_migration: Path) -> None:
    with start(_HOLD, filled, slow_migration) as process:
        wait_for(server.dsn, f"SELECT {_SLEEPS}")
        process.send_signal(signal.SIGINT)
        _, stderr = process.communicate(timeout=60)
    assert stderr.rstrip().endswith("KeyboardInterrupt")
    assert copies_on(server) == []


def test_ctrl_c_in_the_middle_of_creating_a_copy_leaves_none(
    server: PostgresServer, filled: str, slow_migration: Path
) -> None:
    with psycopg.connect(server.dsn) as blocker:
        name = str(conninfo_to_dict(filled)["dbname"])
        blocker.execute(sql.SQL("COMMENT ON DATABASE {} IS 'wait'").format(sql.Identifier(name)))
        with start(_HOLD, filled, slow_migration) as process:
            wait_for(server.dsn, f"SELECT {_STARTS_COPY}")
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=60)
    wait_for(server.dsn, _LOCK_IS_FREE)
    assert copies_on(server) == []


def test_two_runs_side_by_side_leave_each_others_copies_alone(server: PostgresServer, filled: str) -> None:
    with template_copies(filled) as one:
        with template_copies(filled) as other:
            assert len(copies_on(server)) == 4
            assert _value(one.base, "SELECT count(*) FROM person") == 20000
            assert _value(other.head, "SELECT count(*) FROM person") == 20000
        assert len(copies_on(server)) == 2
    assert copies_on(server) == []


def test_databases_of_that_name_that_are_no_copies_of_this_role_are_left_alone(
    server: PostgresServer, office: Office
) -> None:
    with psycopg.connect(server.dsn, autocommit=True) as connection:
        connection.execute("CREATE DATABASE perfkit_copy_0123abcd_base")
        try:
            with connected(make_conninfo(office.dsn, dbname="postgres")) as session:
                assert remove_orphans(session) == ()
            with connected(server.dsn) as session:
                assert remove_orphans(session) == ("perfkit_copy_0123abcd_base",)
        finally:
            connection.execute("DROP DATABASE IF EXISTS perfkit_copy_0123abcd_base")
