"""Replication: slots that keep WAL for nobody, standbys that are behind, and what is not known beside one."""

import dataclasses
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import psycopg
import pytest

from perfkit.embedded import PostgresServer, start_postgres, stop_postgres
from perfkit.embedded.record import read_record, write_record
from perfkit.embedded.spawn import ordinary_mode
from perfkit.embedded.spawn import run as run_program
from perfkit.health.model import HealthState
from perfkit.health.thresholds import Limit
from tests.db.health.looking import (
    CRITICAL_AT_ONCE,
    PASSWORD,
    WATCHER,
    carry_out,
    look,
    look_at_all,
    run,
    value,
    wait_for,
)

_RECORD = "postgres.json"
# From this version on PostgreSQL says since when a slot is inactive.
_TELLS_SINCE_WHEN = 17
_WRITING = "CREATE TABLE written AS SELECT repeat('WAL', 100) FROM generate_series(1, 2000)"
_BEHIND = {"replication_lag_bytes": Limit(100_000, 100_000_000)}


@pytest.fixture
def standby(server: PostgresServer, server_folder: Path) -> Iterator[PostgresServer]:
    folder = server_folder / f"standby of {server.version}"
    folder.mkdir(mode=0o700)
    backup = [str(server.binaries / "pg_basebackup"), "-D", str(folder / "data"), "-d", server.dsn]
    result = run_program(
        [*backup, "--write-recovery-conf", "--checkpoint=fast", "--no-sync"], mode=ordinary_mode()
    )
    assert result.returncode == 0, result.stdout
    record = read_record(server.directory / _RECORD)
    assert record is not None
    write_record(folder / _RECORD, dataclasses.replace(record, port=0, pid=0, birth="", socket_directory=""))
    (folder / "data" / "postmaster.pid").unlink(missing_ok=True)
    settings = {
        "max_connections": "20",
        "max_prepared_transactions": "4",
        "max_wal_senders": "4",
        "shared_buffers": "32MB",
        "fsync": "off",
    }
    yield start_postgres(folder, settings=settings, binaries=server.binaries, die_with_parent=True)
    stop_postgres(folder)
    wait_for(lambda: value(server.dsn, "SELECT count(*) FROM pg_stat_replication") == 0)


def _drop_slots(server: PostgresServer) -> None:
    run(server.dsn, "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots")


def test_a_slot_without_a_reader_warns_until_it_is_dropped(server: PostgresServer) -> None:
    assert look(server.dsn, "inactive-slots").outcome.summary == "there are no slots"
    try:
        run(server.dsn, "SELECT pg_create_physical_replication_slot('new')")
        assert look(server.dsn, "inactive-slots").outcome.summary == "1 slot, not left behind"
        run(
            server.dsn,
            "SELECT pg_create_physical_replication_slot('left', true)",
            _WRITING,
            "DROP TABLE written",
        )
        found = look(server.dsn, "inactive-slots")
        assert found.state is HealthState.WARN
        (slot,) = found.outcome.objects
        assert slot.name == "physical slot left"
        assert int(slot.evidence["kept_bytes"] or 0) > 600_000
        assert ("inactive for" in slot.told) == (int(server.version.partition(".")[0]) >= _TELLS_SINCE_WHEN)
        critical = look(server.dsn, "inactive-slots", inactive_slot_bytes=CRITICAL_AT_ONCE)
        assert critical.state is HealthState.CRIT
        carry_out(server.dsn, slot.fix)
        assert look(server.dsn, "inactive-slots").state is HealthState.OK
    finally:
        _drop_slots(server)


def test_a_slot_whose_wal_is_gone_is_critical(server: PostgresServer) -> None:
    try:
        run(
            server.dsn,
            "SELECT pg_create_physical_replication_slot('lost', true)",
            "ALTER SYSTEM SET max_slot_wal_keep_size = '1MB'",
            "SELECT pg_reload_conf()",
        )
        for _ in range(4):
            run(server.dsn, _WRITING, "DROP TABLE written", "SELECT pg_switch_wal()")
        run(server.dsn, "CHECKPOINT")
        (slot,) = look(server.dsn, "inactive-slots").outcome.objects
        assert slot.state is HealthState.CRIT
        assert slot.told.startswith("the WAL that it needs is lost")
    finally:
        _drop_slots(server)
        run(server.dsn, "ALTER SYSTEM RESET max_slot_wal_keep_size", "SELECT pg_reload_conf()")


def test_a_logical_slot_holds_back_vacuum(server: PostgresServer, database: str) -> None:
    try:
        run(database, "SELECT pg_create_logical_replication_slot('changes', 'pgoutput')")
        (slot,) = look(database, "inactive-slots").outcome.objects
        assert slot.told.endswith("and rows that died since")
        (holder,) = look(database, "xmin-horizon", xmin_age=Limit(0)).outcome.objects
        assert holder.name == "slot changes (inactive)"
    finally:
        _drop_slots(server)


def test_a_standby_that_falls_behind_is_seen_from_both_sides(
    server: PostgresServer, standby: PostgresServer
) -> None:
    wait_for(lambda: value(server.dsn, "SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming'"))
    for dsn in (server.dsn, standby.dsn):
        wait_for(partial(_is_in_step, dsn))
    run(standby.dsn, "SELECT pg_wal_replay_pause()")
    run(server.dsn, _WRITING)
    wait_for(lambda: look(server.dsn, "replication-lag", **_BEHIND).state is HealthState.WARN)
    (behind,) = look(server.dsn, "replication-lag", **_BEHIND).outcome.objects
    assert behind.name.startswith("walreceiver (pid ")
    critical = look(server.dsn, "replication-lag", replication_lag_bytes=Limit(0, 100_000))
    assert critical.state is HealthState.CRIT
    (itself,) = look(standby.dsn, "replication-lag").outcome.objects
    assert itself.told.startswith("replay is paused, ")
    carry_out(standby.dsn, itself.fix)
    for dsn in (server.dsn, standby.dsn):
        wait_for(partial(_is_in_step, dsn))
    _hidden_without_rights(server)
    _indexes_may_be_used_elsewhere(server, standby)
    _cut_off(standby)
    run(server.dsn, "DROP TABLE written")


def _is_in_step(dsn: str) -> bool:
    return look(dsn, "replication-lag", **_BEHIND).state is HealthState.OK


def _hidden_without_rights(server: PostgresServer) -> None:
    watcher = server.dsn_for("postgres", WATCHER, PASSWORD)
    result = look(watcher, "replication-lag")
    assert (result.state, result.outcome.fix) == (HealthState.UNKNOWN, f"GRANT pg_monitor TO {WATCHER}")
    carry_out(server.dsn, result.outcome.fix)
    assert look(watcher, "replication-lag").state is HealthState.OK
    run(server.dsn, f"REVOKE pg_monitor FROM {WATCHER}")


def _indexes_may_be_used_elsewhere(server: PostgresServer, standby: PostgresServer) -> None:
    """Hold that what neither side's scans show is unknown on both, and no side advises to drop it."""
    run(
        server.dsn,
        "CREATE TABLE gift AS SELECT n FROM generate_series(1, 100) AS n",
        "CREATE INDEX ON gift (n)",
    )
    wait_for(lambda: value(standby.dsn, "SELECT to_regclass('gift_n_idx') IS NOT NULL"))
    for dsn, where in ((server.dsn, "standbys"), (standby.dsn, "the primary")):
        result = look(dsn, "unused-index", unused_least_bytes=0, unused_least_days=0)
        assert result.state is HealthState.UNKNOWN
        assert f"scans on {where} are not counted here" in result.outcome.summary
        assert result.outcome.objects[0].fix == ""
    run(server.dsn, "DROP TABLE gift")
    assert look(standby.dsn, "dead-rows").state is HealthState.UNKNOWN


def _cut_off(standby: PostgresServer) -> None:
    """Hold that every check can look at a standby, also when its primary is gone."""
    run(standby.dsn, "ALTER SYSTEM SET primary_conninfo = ''", "SELECT pg_reload_conf()")
    wait_for(
        lambda: look(standby.dsn, "replication-lag").outcome.summary.startswith(
            "this standby: no connection to its primary"
        )
    )
    (itself,) = look(standby.dsn, "replication-lag").outcome.objects
    assert itself.state is HealthState.WARN
    with psycopg.connect(standby.dsn) as connection:
        assert connection.execute("SELECT pg_is_in_recovery()").fetchone() == (True,)
    health = look_at_all(standby.dsn, "*")
    failed = [result.check.id for result in health.results if "sqlstate" in result.outcome.evidence]
    assert failed == []
