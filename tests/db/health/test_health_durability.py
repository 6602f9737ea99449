"""Durability: settings that risk the data, damaged blocks, and settings that wait for a restart."""

from pathlib import Path

import psycopg
import pytest

from perfkit.embedded import PostgresServer
from perfkit.health.model import HealthState
from tests.db.health.looking import WATCHER, carry_out, look, run, value, wait_for


def _set(server: PostgresServer, setting: str, wanted: str) -> None:
    run(server.dsn, f"ALTER SYSTEM SET {setting} = {wanted}", "SELECT pg_reload_conf()")
    wait_for(lambda: value(server.dsn, f"SHOW {setting}") == wanted)


def test_a_server_that_a_crash_destroys_is_critical_until_the_fix(server: PostgresServer) -> None:
    _set(server, "fsync", "on")
    assert look(server.dsn, "fsync").state is HealthState.OK
    for setting, state in (("full_page_writes", HealthState.WARN), ("fsync", HealthState.CRIT)):
        _set(server, setting, "off")
        found = look(server.dsn, "fsync")
        assert found.state is state
        # What stands in brackets says when not to.
        carry_out(server.dsn, found.outcome.fix.partition(" (off")[0])
        wait_for(lambda: look(server.dsn, "fsync").state is HealthState.OK)
    run(server.dsn, "ALTER SYSTEM RESET fsync", "ALTER SYSTEM RESET full_page_writes")


def test_a_setting_that_waits_for_a_restart_is_named(server: PostgresServer) -> None:
    assert look(server.dsn, "pending-restart").state is HealthState.OK
    run(server.dsn, "ALTER SYSTEM SET max_connections = 21", "SELECT pg_reload_conf()")
    try:
        wait_for(lambda: look(server.dsn, "pending-restart").state is HealthState.WARN)
        found = look(server.dsn, "pending-restart")
        assert found.outcome.summary == "a setting waits for a restart: max_connections"
        assert found.outcome.objects[0].told == "20 until the restart"
    finally:
        run(server.dsn, "ALTER SYSTEM RESET max_connections", "SELECT pg_reload_conf()")
    wait_for(lambda: look(server.dsn, "pending-restart").state is HealthState.OK)


def test_settings_that_are_hidden_may_wait_for_a_restart(server: PostgresServer, watcher: str) -> None:
    result = look(watcher, "pending-restart")
    assert (result.state, result.outcome.fix) == (
        HealthState.UNKNOWN,
        f"GRANT pg_read_all_settings TO {WATCHER}",
    )
    carry_out(server.dsn, result.outcome.fix)
    assert look(watcher, "pending-restart").state is HealthState.OK


def test_damaged_blocks_are_critical(server: PostgresServer, database: str) -> None:
    assert look(database, "checksum-failures").state is HealthState.OK
    run(database, "CREATE TABLE gift AS SELECT n FROM generate_series(1, 1000) AS n")
    name = value(database, "SELECT current_database()")
    # A copy of files is in no cache yet; 14 makes no other.
    strategy = "STRATEGY file_copy" if value(database, "SHOW server_version_num") >= "150000" else ""
    run(server.dsn, f'CREATE DATABASE "Damaged One" TEMPLATE {name} {strategy}')
    damaged = server.dsn_for("Damaged One")
    try:
        path = server.directory / "data" / str(value(damaged, "SELECT pg_relation_filepath('gift')"))
        _damage(path)
        with pytest.raises(psycopg.errors.DataCorrupted):
            run(damaged, "SELECT count(*) FROM gift")
        wait_for(lambda: look(database, "checksum-failures").state is HealthState.CRIT)
        (concern,) = look(database, "checksum-failures").outcome.objects
        assert concern.name == "database Damaged One"
        run(damaged, "SELECT pg_stat_reset()")
        wait_for(lambda: look(database, "checksum-failures").state is HealthState.OK)
    finally:
        run(server.dsn, 'DROP DATABASE "Damaged One" WITH (FORCE)')


def _damage(path: Path) -> None:
    """Turn the bits of a row's bytes round."""
    with path.open("r+b") as file:
        file.seek(8_000)
        byte = file.read(1)
        file.seek(8_000)
        file.write(bytes([byte[0] ^ 0xFF]))


def test_without_checksums_damage_is_unknown(postgres15: PostgresServer) -> None:
    result = look(postgres15.dsn, "checksum-failures")
    assert result.state is HealthState.UNKNOWN
    assert "pg_checksums --enable" in result.outcome.fix
