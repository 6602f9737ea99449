"""Sessions: connections, open transactions, long statements, and queues for locks."""

from contextlib import ExitStack, closing

import psycopg

from perfkit.health.model import HealthState
from tests.db.health.looking import (
    AT_ONCE,
    CRITICAL_AT_ONCE,
    WATCHER,
    carry_out,
    look,
    run,
    running,
    waiting,
)

_PERSON = (
    'CREATE SCHEMA "Alumni Office"; CREATE TABLE "Alumni Office"."Person" (id int PRIMARY KEY, name text)'
)


def test_connections_are_held_against_what_ordinary_roles_may_open(database: str) -> None:
    before = look(database, "connections")
    assert before.state is HealthState.OK
    assert before.outcome.evidence["most_connections"] == 17
    with ExitStack() as stack:
        for _ in range(13):
            stack.enter_context(closing(psycopg.connect(database)))
        full = look(database, "connections")
        assert full.state is HealthState.WARN
        assert full.outcome.summary == "14 of 17 connections in use (82 %)"
        assert full.outcome.objects[0].evidence["connections"] == 14
        for _ in range(2):
            stack.enter_context(closing(psycopg.connect(database)))
        assert look(database, "connections").state is HealthState.CRIT


def test_a_session_idle_in_transaction_is_found_and_its_fix_ends_it(database: str) -> None:
    assert look(database, "idle-in-transaction", idle_in_transaction_s=AT_ONCE).state is HealthState.OK
    with closing(psycopg.connect(database, application_name="forgets")) as forgotten:
        forgotten.execute("SELECT 1")
        assert look(database, "idle-in-transaction").state is HealthState.OK
        assert (
            look(database, "idle-in-transaction", idle_in_transaction_s=CRITICAL_AT_ONCE).state
            is HealthState.CRIT
        )
        found = look(database, "idle-in-transaction", idle_in_transaction_s=AT_ONCE)
        assert found.state is HealthState.WARN
        (concern,) = found.outcome.objects
        assert concern.evidence["pid"] == forgotten.info.backend_pid
        assert "forgets" in concern.name
        carry_out(database, concern.fix)
        assert look(database, "idle-in-transaction", idle_in_transaction_s=AT_ONCE).state is HealthState.OK


def test_a_transaction_that_failed_and_was_left_is_idle_too(database: str) -> None:
    with closing(psycopg.connect(database)) as forgotten:
        try:
            forgotten.execute("SELECT 1 / 0")
        except psycopg.errors.DivisionByZero:
            found = look(database, "idle-in-transaction", idle_in_transaction_s=AT_ONCE)
    assert found.outcome.objects[0].told.startswith("idle in transaction (aborted) for ")


def test_a_long_statement_is_found_and_its_fix_cancels_it(database: str) -> None:
    assert look(database, "long-query", long_query_s=AT_ONCE).state is HealthState.OK
    with running(database, "SELECT pg_sleep(60)") as pid:
        assert look(database, "long-query").state is HealthState.OK
        assert look(database, "long-query", long_query_s=CRITICAL_AT_ONCE).state is HealthState.CRIT
        found = look(database, "long-query", long_query_s=AT_ONCE)
        assert found.state is HealthState.WARN
        (concern,) = found.outcome.objects
        assert concern.evidence["pid"] == pid
        assert "waits for Timeout PgSleep" in concern.told
        carry_out(database, concern.fix)
    assert look(database, "long-query", long_query_s=AT_ONCE).state is HealthState.OK


def test_sessions_that_hide_what_they_do_are_unknown_until_the_right_is_granted(
    database: str, watcher: str
) -> None:
    with closing(psycopg.connect(database)) as hidden:
        hidden.execute("SELECT 1")
        for check in ("idle-in-transaction", "long-query"):
            result = look(watcher, check)
            assert result.state is HealthState.UNKNOWN
            assert result.outcome.fix == f"GRANT pg_read_all_stats TO {WATCHER}"
        carry_out(database, result.outcome.fix)
        assert look(watcher, "long-query").state is HealthState.OK
        found = look(watcher, "idle-in-transaction", idle_in_transaction_s=AT_ONCE)
        assert found.state is HealthState.WARN


def test_sessions_that_do_not_say_what_they_do_are_unknown(database: str) -> None:
    with closing(psycopg.connect(database, options="-c track_activities=off")) as quiet:
        quiet.execute("SELECT 1")
        result = look(database, "idle-in-transaction", idle_in_transaction_s=AT_ONCE)
    assert result.state is HealthState.UNKNOWN
    assert "track_activities = on" in result.outcome.fix


def test_a_queue_for_a_lock_is_told_by_its_root_whose_end_dissolves_it(database: str) -> None:
    run(database, *_PERSON.split("; "))
    assert look(database, "lock-waits", lock_wait_s=AT_ONCE).state is HealthState.OK
    with closing(psycopg.connect(database)) as root:
        root.execute('SELECT FROM "Alumni Office"."Person"')
        with (
            waiting(database, 'ALTER TABLE "Alumni Office"."Person" ADD COLUMN year int') as altering,
            waiting(database, 'SELECT * FROM "Alumni Office"."Person"') as reading,
        ):
            assert look(database, "lock-waits").state is HealthState.OK
            assert look(database, "lock-waits", lock_wait_s=CRITICAL_AT_ONCE).state is HealthState.CRIT
            found = look(database, "lock-waits", lock_wait_s=AT_ONCE)
            assert found.state is HealthState.WARN
            (queue,) = found.outcome.objects
            assert queue.evidence["root_pid"] == root.info.backend_pid
            assert queue.evidence["root_state"] == "idle in transaction"
            assert queue.evidence["targets"] == '"Alumni Office"."Person"'
            assert queue.evidence["waiting_pids"] == f"{altering}, {reading}"
            carry_out(database, queue.fix)
            assert look(database, "lock-waits", lock_wait_s=AT_ONCE).state is HealthState.OK


def test_a_wait_for_a_row_names_its_table_to_a_role_without_rights_too(database: str, watcher: str) -> None:
    run(database, *_PERSON.split("; "), """INSERT INTO "Alumni Office"."Person" VALUES (1, 'Ada')""")
    update = """UPDATE "Alumni Office"."Person" SET name = 'Lovelace' WHERE id = 1"""
    with closing(psycopg.connect(database)) as root:
        root.execute(update.encode())
        with waiting(database, update), waiting(database, update):
            for dsn in (database, watcher):
                (queue,) = look(dsn, "lock-waits", lock_wait_s=AT_ONCE).outcome.objects
                assert queue.evidence["root_pid"] == root.info.backend_pid
                assert queue.evidence["waiting_sessions"] == 2
                assert queue.evidence["targets"] == 'a row of "Alumni Office"."Person"'


def test_a_prepared_transaction_can_be_the_root(database: str) -> None:
    run(database, *_PERSON.split("; "))
    with closing(psycopg.connect(database)) as preparing:
        preparing.execute('LOCK TABLE "Alumni Office"."Person"')
        preparing.execute("PREPARE TRANSACTION 'left'")
    with waiting(database, 'SELECT * FROM "Alumni Office"."Person"'):
        (queue,) = look(database, "lock-waits", lock_wait_s=AT_ONCE).outcome.objects
        assert queue.name == "a prepared transaction"
        run(database, "ROLLBACK PREPARED 'left'")
