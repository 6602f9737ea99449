"""The role that the documentation advises has what perfkit needs, and no more."""

import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from perfkit.db.guard import Guard
from perfkit.db.server import GuardedServer
from perfkit.doctor.examine import PointState, examine, questions
from perfkit.embedded import PostgresServer

SCRIPT = Path(__file__).parents[2] / "docs" / "role.sql"


@pytest.fixture
def role_dsn(server: PostgresServer, database: str) -> Iterator[str]:
    """Yield the DSN of a role made by the script, its name made the test's own."""
    role, name = f"perfkit_{uuid.uuid4().hex[:8]}", psycopg.conninfo.conninfo_to_dict(database)["dbname"]
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("CREATE TABLE person AS SELECT n AS id FROM generate_series(1, 10) AS n; ANALYZE")
    script = SCRIPT.read_text().replace("ROLE perfkit", f"ROLE {role}").replace("TO perfkit", f"TO {role}")
    command = [
        str(server.binaries / "psql"),
        database,
        "-qv",
        "ON_ERROR_STOP=1",
        "-v",
        "password=it's secret",
    ]
    subprocess.run(command, input=script, text=True, check=True)
    yield server.dsn_for(str(name), role, "it's secret")
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(role)))


@pytest.mark.both_servers
def test_the_doctor_misses_nothing_with_the_advised_role(role_dsn: str) -> None:
    (answers,) = GuardedServer(dsn=role_dsn, guard=Guard()).rows(questions())
    # The servers of the tests never vacuum by themselves.
    states = {point.id: point.state for point in examine({**answers, "autovacuum": "on"})}
    assert set(states.values()) == {PointState.OK}


@pytest.mark.both_servers
def test_the_advised_role_reads_and_cannot_write(role_dsn: str) -> None:
    with psycopg.connect(role_dsn, autocommit=True) as connection:
        assert connection.execute("SELECT count(*) FROM person").fetchone() == (10,)
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            connection.execute("DELETE FROM person")
        connection.execute("SET default_transaction_read_only = off")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("DELETE FROM person")
