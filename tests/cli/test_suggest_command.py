"""perfkit twin and perfkit suggest on a user's project: a snapshot, plans without rows, advice that can be applied."""

import json

import psycopg
import pytest

from perfkit.embedded import PostgresServer
from tests.cli.command import Perfkit

# The plan of this query hangs on one index.
INDEX = "person_names_person_idx"
QUERY = "names_of_many"


@pytest.fixture
def owner_dsn(alumni_server: PostgresServer, own_database: str) -> str:
    return alumni_server.dsn_for(own_database)


@pytest.fixture
def grown(own_project: Perfkit, owner_dsn: str) -> Perfkit:
    """Return a project whose table of names is large enough for an index to be worth it."""
    with psycopg.connect(owner_dsn, autocommit=True) as owner:
        owner.execute(
            "INSERT INTO alumni.person_names (person_id, kind, given_name, family_name)"
            " SELECT person_id, kind, given_name, family_name FROM alumni.person_names, generate_series(1, 20)"
        )
        owner.execute("VACUUM ANALYZE alumni.person_names")
    return own_project


@pytest.fixture
def without_index(grown: Perfkit, owner_dsn: str) -> Perfkit:
    with psycopg.connect(owner_dsn, autocommit=True) as owner:
        owner.execute(f"DROP INDEX alumni.{INDEX}")
    return grown


def test_a_lost_index_is_suggested_and_can_be_applied(without_index: Perfkit) -> None:
    told = without_index("suggest", "--sql", "advice.sql", "--also", "json=advice.json")
    assert told.returncode == 0, told.stderr
    statement = "CREATE INDEX CONCURRENTLY ON alumni.person_names USING btree (person_id"
    assert statement in " ".join(told.stdout.split())
    assert statement in (without_index.directory / "advice.sql").read_text()
    advice = json.loads((without_index.directory / "advice.json").read_text())
    assert advice["after_ms_per_minute"] < advice["before_ms_per_minute"]
    (index,) = (each for each in advice["create"] if "person_names" in each["statement"])
    assert {each["case_id"].partition("/")[0] for each in index["helps"]} == {QUERY}
    dry = without_index("apply", "advice.json")
    assert dry.returncode == 0, dry.stderr
    assert "CREATE INDEX CONCURRENTLY person_names_person_id" in dry.stdout


def test_what_is_suggested_is_measured_on_copies_and_kept_when_it_helps(without_index: Perfkit) -> None:
    told = without_index("suggest", QUERY, "--verify", "--format", "json")
    assert told.returncode == 0, told.stderr
    advice = json.loads(told.stdout)
    assert [each["statement"] for each in advice["create"] if "person_names" in each["statement"]]
    cases = {each["case_id"]: each for each in advice["verified"]["cases"]}
    assert cases[f"{QUERY}/few"]["faster"]
    assert cases[f"{QUERY}/few"]["after_ms"] < cases[f"{QUERY}/few"]["before_ms"]


def test_a_budget_is_kept(without_index: Perfkit) -> None:
    told = without_index("suggest", "--budget", "8kB", "--format", "json")
    assert told.returncode == 0, told.stderr
    advice = json.loads(told.stdout)
    assert advice["create"] == []
    assert "no budget" in {each["reason"] for each in advice["without_index"]}


@pytest.mark.parametrize(
    ("option", "value"), [("--budget", "many"), ("--time-limit", "soon"), ("--write-limit", "x")]
)
def test_a_limit_that_is_none_is_refused_before_anything_is_measured(
    project: Perfkit, option: str, value: str
) -> None:
    told = project("suggest", option, value)
    assert told.returncode == 2
    assert value in told.stderr


def test_a_twin_plans_as_its_source_and_one_statement_shows_its_plan(project: Perfkit) -> None:
    exported = project("twin", "export", "alumni.twin", "--exact")
    assert exported.returncode == 0, exported.stderr
    checked = project("twin", "check", "alumni.twin", "--fail-under", "100")
    assert checked.returncode == 0, checked.stdout
    assert "are equal in every node's rows and cost" in checked.stdout
    shown = project(
        "twin", "explain", "alumni.twin", "--sql", "SELECT * FROM alumni.people WHERE person_id = 7"
    )
    assert shown.returncode == 0, shown.stderr
    assert "Index Scan using people_pkey on alumni.people" in shown.stdout


def test_a_twin_that_is_built_can_be_looked_at_and_taken_down(project: Perfkit) -> None:
    assert project("twin", "export", "alumni.twin").returncode == 0
    built = project("twin", "build", "alumni.twin")
    assert built.returncode == 0, built.stderr
    (dsn,) = (word for word in built.stdout.split() if word.startswith("postgresql://"))
    with psycopg.connect(dsn) as connection:
        known = connection.execute("SELECT count(*) FROM pg_stats WHERE schemaname = 'alumni'").fetchone()
        assert known
        assert known[0] > 100
    assert "is gone" in project("twin", "down").stdout
    assert "No twin" in project("twin", "down").stdout


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"x", "alumni.twin: is no snapshot"),
        (b"\x1f\x8b\x08\x00", "alumni.twin: is no snapshot"),
        (None, "No such file"),
    ],
)
def test_a_file_that_is_no_snapshot_names_itself(project: Perfkit, content: bytes | None, words: str) -> None:
    if content is not None:
        (project.directory / "alumni.twin").write_bytes(content)
    told = project("twin", "explain", "alumni.twin")
    assert told.returncode == 2
    assert words in told.stderr


MIGRATIONS = {
    "lost.sql": (f"DROP INDEX alumni.{INDEX};", 1, "plan changed"),
    "made.sql": ("CREATE INDEX CONCURRENTLY again ON alumni.person_names (given_name);", 0, "same"),
    "gone.sql": ("ALTER TABLE alumni.person_names RENAME COLUMN person_id TO whose;", 1, "error"),
}


@pytest.mark.parametrize("name", MIGRATIONS)
def test_what_a_migration_does_to_plans_is_judged_on_twins_alone(grown: Perfkit, name: str) -> None:
    assert grown("twin", "export", "alumni.twin", "--exact").returncode == 0
    script, exit_code, kind = MIGRATIONS[name]
    (grown.directory / name).write_text(script)
    told = grown("regress", QUERY, "--twin", "alumni.twin", "--migration", name, "--format", "json")
    assert told.returncode == exit_code, told.stderr
    verdicts = {each["case"]: each["kind"] for each in json.loads(told.stdout)["verdicts"]}
    assert verdicts["few"] == kind


def test_a_twin_without_a_migration_is_no_change(project: Perfkit) -> None:
    told = project("regress", "--twin", "alumni.twin")
    assert told.returncode == 2
    assert "--migration" in told.stderr
