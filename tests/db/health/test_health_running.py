"""All checks together: an empty database, a role without rights, a check that takes too long, a lost connection."""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Any

import psycopg

from perfkit.db.guard import Guard
from perfkit.db.health import GuardedHealthReader, health_reader
from perfkit.health.checks import CHECKS, choose
from perfkit.health.model import HealthState
from perfkit.health.run import run_checks
from tests.db.health.looking import WATCHER, carry_out, look_at_all, run

# Of a server that has just begun to count, or that counts no reads of damaged blocks.
_UNKNOWN_TO_ALL = {"cache-hit-ratio"}


def test_an_empty_database_has_nothing_to_complain_of(database: str) -> None:
    states = {result.check.id: result.state for result in look_at_all(database, "indexes", "storage").results}
    assert {check for check, state in states.items() if state is not HealthState.OK} == _UNKNOWN_TO_ALL


def test_every_check_can_look_at_a_server_as_superuser_and_as_a_role_without_rights(
    database: str, watcher: str
) -> None:
    with closing(psycopg.connect(database)) as hidden:
        hidden.execute("CREATE TABLE gift (id serial)")
        hidden.commit()
        for dsn in (database, watcher):
            with health_reader(dsn, Guard()) as reader:
                health = run_checks(reader, CHECKS)
            assert {
                result.check.id for result in health.results if "sqlstate" in result.outcome.evidence
            } == set()
        unknown = {result.check.id for result in health.results if result.state is HealthState.UNKNOWN}
        assert unknown - _UNKNOWN_TO_ALL == {
            "idle-in-transaction",
            "long-query",
            "xmin-horizon",
            "pending-restart",
            "sequences",
        }
        for result in health.results:
            if result.check.id in unknown - _UNKNOWN_TO_ALL:
                assert result.outcome.fix.startswith("GRANT pg_")
                carry_out(database, result.outcome.fix)
        health = look_at_all(watcher, "*")
        still = {result.check.id for result in health.results if result.state is HealthState.UNKNOWN}
        assert still <= _UNKNOWN_TO_ALL


def test_a_check_that_takes_too_long_is_unknown_and_the_rest_goes_on(database: str) -> None:
    run(database, "CREATE SEQUENCE receipt")
    checks = [replace(check, timeout_ms=300) for check in choose(("storage", "fsync"))]
    with closing(psycopg.connect(database)) as altering:
        altering.execute("ALTER SEQUENCE receipt INCREMENT 2")
        with health_reader(database, Guard(lock_timeout_ms=0)) as reader:
            timed_out = run_checks(reader, checks)
        with health_reader(database, Guard(lock_timeout_ms=100)) as reader:
            locked_out = run_checks(reader, checks)
    for health, reason in (
        (timed_out, "the server took longer than 300 ms"),
        (locked_out, "a lock is in the way"),
    ):
        results = {result.check.id: result for result in health.results}
        assert results["sequences"].state is HealthState.UNKNOWN
        assert results["sequences"].outcome.summary.startswith(reason)
        others = [result for check, result in results.items() if check != "sequences"]
        assert len(others) == 3
        assert not any("sqlstate" in result.outcome.evidence for result in others)


@dataclass(frozen=True, slots=True)
class _EndedReader:
    """A reader whose session a superuser ends before it comes to one of the queries."""

    reader: GuardedHealthReader
    superuser_dsn: str
    fatal_query: str

    def rows(self, query: str, timeout_ms: float) -> Sequence[dict[str, Any]]:
        if query == self.fatal_query:
            run(
                self.superuser_dsn,
                f"SELECT pg_terminate_backend({self.reader.connection.info.backend_pid}, 5000)",
            )
        return self.reader.rows(query, timeout_ms)


def test_when_the_connection_is_lost_the_checks_before_it_are_kept(database: str) -> None:
    with health_reader(database, Guard()) as reader:
        health = run_checks(
            _EndedReader(reader, database, "indexes"), choose(("fsync", "indexes", "sequences"))
        )
    states = [(result.check.id, result.state) for result in health.results]
    assert states[0] == ("fsync", HealthState.CRIT)
    assert {state for _, state in states[1:]} == {HealthState.UNKNOWN}


def test_health_looks_at_a_primary_as_superuser_which_measuring_refuses(database: str) -> None:
    with health_reader(database, Guard(allow_superuser=False, analyze_on_primary=False)) as reader:
        health = run_checks(reader, choose(("fsync",)))
    assert health.server.role == "postgres"
    assert health.server.granting(WATCHER) == f"GRANT {WATCHER} TO postgres"
