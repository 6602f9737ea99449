"""Calls a minute, as the server counts them: found by the query identifier that a case's plan has."""

import psycopg
import pytest
from psycopg.types.numeric import Int4

from perfkit.db.guard import Guard
from perfkit.db.harvest import read_counts
from perfkit.db.server import GuardedServer
from perfkit.errors import StatementError
from perfkit.measure.session import run_case
from perfkit.plan.runs import Statement

SQL = "SELECT count(*) FROM pg_class WHERE relpages > $1"


@pytest.mark.both_servers
def test_an_application_s_calls_are_those_of_the_case(database: str) -> None:
    server = GuardedServer(dsn=database, guard=Guard(allow_superuser=True))
    with pytest.raises(StatementError, match="not installed"):
        server.calls_per_minute()
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("CREATE SCHEMA extensions; CREATE EXTENSION pg_stat_statements SCHEMA extensions")
        connection.execute("SELECT extensions.pg_stat_statements_reset()")
        for _ in range(30):
            psycopg.RawCursor(connection).execute(SQL, [Int4(7)])
    statement = Statement(text=SQL, types=("integer",), values=("7",), writes=False, volatile=False)
    identifier = run_case(server, statement, samples=1).plan.query_identifier
    assert identifier is not None
    # Within a first minute, calls a minute are calls.
    assert server.calls_per_minute()[identifier] == pytest.approx(30, rel=0.5)


@pytest.mark.both_servers
def test_what_others_call_too_is_counted_without_this_role_s_own_calls(database: str) -> None:
    server = GuardedServer(dsn=database, guard=Guard(allow_superuser=True))
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("CREATE EXTENSION pg_stat_statements")
        connection.execute("SELECT pg_stat_statements_reset()")
        for _ in range(90):
            psycopg.RawCursor(connection).execute(SQL, [Int4(7)])
        # The role and its calls are undone, but not their counts.
        with connection.transaction(force_rollback=True):
            connection.execute("CREATE ROLE counted_office IN ROLE pg_read_all_data")
            connection.execute("SET LOCAL ROLE counted_office")
            for _ in range(20):
                psycopg.RawCursor(connection).execute(SQL, [Int4(7)])
        counted = {each.text: each.calls for each in read_counts(connection).statements}
    assert counted[SQL] == 20
    statement = Statement(text=SQL, types=("integer",), values=("7",), writes=False, volatile=False)
    identifier = run_case(server, statement, samples=1).plan.query_identifier
    assert server.calls_per_minute()[identifier or 0] == pytest.approx(20, rel=0.5)
