"""perfkit catalog import: the demo's own catalog comes back out of pg_stat_statements, and runs without an edit."""

import json
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql
from psycopg.pq import ExecStatus

from perfkit.catalog.load import load_catalog
from perfkit.catalog.model import Query
from perfkit.catalog.workload import workload
from perfkit.db.guard import Guard
from perfkit.db.server import GuardedServer
from perfkit.demo.role import ROLE
from perfkit.embedded import PostgresServer
from perfkit.syntax.counted import fingerprint
from tests.cli.command import PASSWORD, Perfkit
from tests.cli.schemas import holds

DEMO_QUERIES = Path(__file__).parents[2] / "queries"
CALLS = 3


@pytest.fixture
def counted(alumni_server: PostgresServer, own_database: str) -> str:
    """Return the name of a database whose statements were counted from nothing."""
    with psycopg.connect(alumni_server.dsn_for(own_database), autocommit=True) as connection:
        connection.execute("CREATE EXTENSION IF NOT EXISTS pg_stat_statements")
        connection.execute("SELECT pg_stat_statements_reset()")
    return own_database


def _run(dsn: str, query: Query, cases: list[dict[str, str | None]]) -> None:
    """Run a query as a driver does that names the types of parameters, and take it back."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        types = [
            connection.execute("SELECT to_regtype(%s)::oid::int", [param.type]).fetchall()[0][0]
            for param in query.params
        ]
        for call in range(CALLS):
            values = [cases[call % len(cases)][param.name] for param in query.params]
            connection.execute("BEGIN")
            texts = [value.encode() if value is not None else None for value in values]
            result = connection.pgconn.exec_params(query.statement.encode(), texts, param_types=types)
            assert result.status in (ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK), result.error_message
            connection.execute("ROLLBACK")


def _imported(perfkit: Perfkit, *arguments: object) -> dict[str, Any]:
    result = perfkit("catalog", "import", "--format", "json", *arguments)
    assert result.returncode == 0, result.stderr
    document: dict[str, Any] = json.loads(result.stdout)
    holds("catalog.import", document)
    return document


def _settings(perfkit: Perfkit, dsn: str) -> None:
    (perfkit.directory / "perfkit.toml").write_text(f'dsn = "{dsn}"\nsamples = 1\n')


def test_a_whole_catalog_comes_back_with_its_calls_and_every_case_runs(
    perfkit: Perfkit, alumni_server: PostgresServer, counted: str
) -> None:
    dsn = alumni_server.dsn_for(counted, ROLE, PASSWORD)
    _settings(perfkit, dsn)
    server = GuardedServer(dsn=dsn, guard=Guard(allow_writes=True))
    catalog = load_catalog(DEMO_QUERIES)
    cases: dict[str, list[dict[str, str | None]]] = {}
    for each in workload(catalog, (), rows=server.rows, seed=1).cases:
        cases.setdefault(each.query.name, []).append(dict(each.case.values))
    for query in catalog.queries:
        _run(dsn, query, cases[query.name])

    document = _imported(perfkit, "--top", 500)
    assert document["unresolved"] == []
    by_mark = {
        fingerprint(query.statement): query for query in load_catalog(perfkit.directory / "queries").queries
    }
    wanted: dict[str, int] = {}
    for query in catalog.queries:
        wanted[fingerprint(query.statement)] = wanted.get(fingerprint(query.statement), 0) + CALLS
    calls = {each["name"]: each for each in document["imported"]}
    assert {mark: calls[by_mark[mark].name]["calls"] for mark in wanted if mark in by_mark} == wanted
    for mark in wanted:
        rate = calls[by_mark[mark].name]["calls_per_minute"]
        assert by_mark[mark].weight == pytest.approx(rate, rel=0.01)

    assert perfkit("catalog", "check").returncode == 0
    analysis = json.loads(perfkit("analyze", "--allow-writes", "-n", 1, "--format", "json").stdout)
    assert [each["problem"] for each in analysis["cases"] if each["problem"]] == []


def test_a_second_import_writes_nothing_and_tells_the_weights(
    perfkit: Perfkit, alumni_server: PostgresServer, counted: str
) -> None:
    dsn = alumni_server.dsn_for(counted, ROLE, PASSWORD)
    _settings(perfkit, dsn)
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("SELECT person_id FROM alumni.people WHERE grad_year = 1999")
    first = _imported(perfkit)
    path = perfkit.directory / "queries" / "imported" / "select_people_by_grad_year.sql"
    text = path.read_text()
    assert "grad_year = :grad_year" in text
    assert "1999" not in text
    assert [each["name"] for each in first["imported"]] == ["select_people_by_grad_year"]

    path.write_text(text.replace("-- weight: 1\n", "-- weight: 5\n"))
    second = _imported(perfkit)
    assert second["imported"] == []
    assert [(each["name"], each["weight"]) for each in second["known"]] == [("select_people_by_grad_year", 5)]
    assert "weight: 5" in path.read_text()
    table = perfkit("catalog", "import").stdout
    assert "Already in the catalog" in table

    again = _imported(perfkit, "--force")
    assert [each["name"] for each in again["imported"]] == ["select_people_by_grad_year"]
    assert "weight: 5" not in path.read_text()


def test_values_come_from_the_statistics_or_a_log_only_where_asked(
    perfkit: Perfkit, alumni_server: PostgresServer, counted: str
) -> None:
    dsn = alumni_server.dsn_for(counted, ROLE, PASSWORD)
    _settings(perfkit, dsn)
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("SELECT person_id FROM alumni.people WHERE grad_year = 1999")
    log = perfkit.directory / "server.log"
    log.write_text(
        "2026-01-01 10:00:00 UTC [7] LOG:  execute <unnamed>: SELECT person_id FROM alumni.people"
        " WHERE grad_year = $1\n2026-01-01 10:00:00 UTC [7] DETAIL:  Parameters: $1 = '1987'\n"
    )
    texts = {}
    for source in ("stats", f"log:{log}", "none"):
        result = perfkit("catalog", "import", "--dry-run", "--parameters", source, "--format", "json")
        assert result.returncode == 0, result.stderr
        document = json.loads(result.stdout)
        assert not (perfkit.directory / "queries").exists()
        texts[source] = (document["imported"] or document["unresolved"])[0]["text"]
    assert "-- case: typical  grad_year=" in texts["stats"]
    assert "-- case: common_1  grad_year=1987\n" in texts[f"log:{log}"]
    assert "case" not in texts["none"]
    assert perfkit("catalog", "import", "--parameters", "log:nowhere").returncode == 2
    assert perfkit("catalog", "import", "--parameters", "guess").returncode == 2


def test_what_a_role_may_not_see_is_said_with_the_grant(
    perfkit: Perfkit, alumni_server: PostgresServer, counted: str
) -> None:
    role = sql.Identifier("short_sighted")
    with psycopg.connect(alumni_server.dsn_for(counted), autocommit=True) as connection:
        connection.execute("SELECT count(*) FROM alumni.people")
        connection.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD 'x'").format(role))
    try:
        _settings(perfkit, alumni_server.dsn_for(counted, "short_sighted", "x"))
        result = perfkit("catalog", "import")
        assert result.returncode == 3
        assert "GRANT pg_read_all_stats TO short_sighted" in result.stderr
        with psycopg.connect(alumni_server.dsn_for(counted), autocommit=True) as connection:
            connection.execute(sql.SQL("GRANT pg_read_all_stats TO {}").format(role))
        result = perfkit("catalog", "import")
        assert "GRANT SELECT ON it TO this role" in result.stdout or "permission denied" in result.stdout
        assert not list((perfkit.directory / "queries").glob("**/*.sql"))
    finally:
        with psycopg.connect(alumni_server.dsn_for(counted), autocommit=True) as connection:
            connection.execute(sql.SQL("DROP OWNED BY {0}; DROP ROLE {0}").format(role))
