"""The catalog in queries/: it loads, and on an alumni database of 1,000 people every case runs and says something."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from perfkit.catalog.load import check_catalog, load_catalog
from perfkit.catalog.model import Case, Catalog, Query
from perfkit.catalog.workload import workload
from perfkit.db.guard import Guard
from perfkit.db.server import GuardedServer
from perfkit.demo.build import build_alumni
from perfkit.embedded import PostgresServer
from perfkit.measure.run import statement_of
from perfkit.measure.session import run_case
from perfkit.plan.runs import Runs

QUERIES = Path(__file__).parents[2] / "queries"
FAMILIES = (
    *("admin", "classes", "dashboards", "directory", "duplicates", "events", "giving", "mailings"),
    *("mentoring", "profile", "writes"),
)
ALUMNI = 1_000
SEED = 1

Run = tuple[Query, Case, Runs]


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return load_catalog(QUERIES)


@pytest.fixture(scope="module", params=["postgres", "postgres15"])
def alumni(request: pytest.FixtureRequest) -> Iterator[tuple[PostgresServer, str]]:
    server: PostgresServer = request.getfixturevalue(request.param)
    name = "alumni_queries"
    with psycopg.connect(server.dsn, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    build_alumni(lambda: psycopg.connect(server.dsn_for(name), autocommit=True), alumni=ALUMNI)
    yield server, name
    with psycopg.connect(server.dsn, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="module")
def runs(alumni: tuple[PostgresServer, str], catalog: Catalog) -> list[Run]:
    server, name = alumni
    guard = Guard(allow_writes=True, allow_superuser=True)
    guarded = GuardedServer(dsn=server.dsn_for(name), guard=guard)
    return [
        (one.query, one.case, run_case(guarded, statement_of(one.query, one.case), samples=1))
        for one in workload(catalog, (), rows=guarded.rows, seed=SEED).cases
    ]


def test_the_catalog_has_no_problem() -> None:
    _catalog, problems = check_catalog(QUERIES)
    assert problems == ()


def test_the_catalog_has_many_queries_of_every_family(catalog: Catalog) -> None:
    assert len(catalog.queries) >= 60
    assert {query.name.partition("_")[0] for query in catalog.queries} == set(FAMILIES)


def test_a_query_stands_in_the_file_of_its_family_and_says_what_it_is_for(catalog: Catalog) -> None:
    for query in catalog.queries:
        assert query.name.startswith(f"{query.path.stem}_")
        assert query.summary
        assert query.budget_ms


def test_exactly_the_writes_are_allowed_to_write(catalog: Catalog) -> None:
    writing = {query.name for query in catalog.queries if query.allowed}
    assert writing == {query.name for query in catalog.queries if query.path.stem == "writes"}


def test_every_case_runs_on_a_small_database(runs: list[Run]) -> None:
    assert len(runs) >= 150


def test_typical_cases_find_rows(runs: list[Run]) -> None:
    empty = [
        case.id for _, case, run in runs if case.name in {"typical", "default"} and not run.counters.rows
    ]
    assert empty == []


def test_every_query_has_a_case_that_finds_rows(runs: list[Run], catalog: Catalog) -> None:
    useful = {query.name for query, _, run in runs if run.counters.rows}
    assert useful == {query.name for query in catalog.queries}


def test_cases_named_none_find_nothing(runs: list[Run]) -> None:
    full = {query.name for query, case, run in runs if case.name == "none" and run.counters.rows}
    assert full <= {
        "mailings_segment_classes",
        "giving_total_of_person",
    }  # counts, which are a row even when 0


def test_writes_can_be_measured_again_and_again(runs: list[Run], alumni: tuple[PostgresServer, str]) -> None:
    server, name = alumni
    guarded = GuardedServer(dsn=server.dsn_for(name), guard=Guard(allow_writes=True, allow_superuser=True))
    writes = [(query, case, run) for query, case, run in runs if "write" in query.allowed]
    again = [
        run_case(guarded, statement_of(query, case), samples=2).counters.rows for query, case, _ in writes
    ]
    assert again == [run.counters.rows for *_, run in writes]


def test_a_file_runs_in_psql_as_it_is(alumni: tuple[PostgresServer, str]) -> None:
    server, name = alumni
    values = {"year": 1998, "reunion_year": 2026, "person_id": 519, "first_year": 2016, "last_year": 2025}
    result = subprocess.run(
        [
            server.binaries / "psql",
            *("--no-psqlrc", "--quiet", "--tuples-only", "--set", "ON_ERROR_STOP=1"),
            *(part for key, value in values.items() for part in ("--variable", f"{key}={value}")),
            *("--file", QUERIES / "classes.sql", "--dbname", server.dsn_for(name)),
        ],
        env={"PATH": os.environ["PATH"], "PGAPPNAME": "perfkit tests"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.stderr == ""
    assert result.returncode == 0
    assert len(result.stdout.splitlines()) > 50
