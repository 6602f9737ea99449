"""perfkit suggest on a user's project: advice that can be applied, from a server or a snapshot, and what it refuses."""

import gzip
import json
import shutil
from pathlib import Path

import psycopg
import pytest

from perfkit.embedded import PostgresServer
from tests.cli.command import Perfkit
from tests.cli.conftest import make_project
from tests.cli.grown import QUERY, Grown
from tests.cli.schemas import holds

STATEMENT = "CREATE INDEX CONCURRENTLY ON alumni.person_names USING btree (person_id"


@pytest.fixture
def without_index(perfkit: Perfkit, grown: Grown) -> Perfkit:
    make_project(perfkit.directory, grown.dsn)
    return perfkit


@pytest.fixture
def offline(perfkit: Perfkit, grown: Grown) -> Perfkit:
    """Return a project that knows no database: a catalog, and the snapshot alumni.twin."""
    make_project(perfkit.directory, "postgresql://nobody@127.0.0.1:1/nowhere?connect_timeout=1")
    shutil.copy(grown.without_index, perfkit.directory / "alumni.twin")
    return perfkit


def test_a_lost_index_is_suggested_and_can_be_applied(without_index: Perfkit) -> None:
    told = without_index(
        "suggest", "--sql", "advice.sql", "--also", "json=advice.json", "--also", "markdown=advice.md"
    )
    assert told.returncode == 0, told.stderr
    assert STATEMENT in " ".join(told.stdout.split())
    assert STATEMENT in (without_index.directory / "advice.sql").read_text()
    assert f"```sql\n  {STATEMENT}" in (without_index.directory / "advice.md").read_text()
    advice = json.loads((without_index.directory / "advice.json").read_text())
    holds("suggest", advice)
    assert advice["times"] == "measured"
    assert advice["after_ms_per_minute"] < advice["before_ms_per_minute"]
    (index,) = (each for each in advice["create"] if "person_names" in each["statement"])
    assert {each["case_id"].partition("/")[0] for each in index["helps"]} == {QUERY}
    dry = without_index("apply", "advice.json")
    assert dry.returncode == 0, dry.stderr
    assert "CREATE INDEX CONCURRENTLY person_names_person_id" in dry.stdout


def test_what_is_suggested_is_measured_on_copies_and_kept_when_it_helps(without_index: Perfkit) -> None:
    told = without_index("suggest", f"{QUERY}/few", "--verify", "--format", "json")
    assert told.returncode == 0, told.stderr
    advice = json.loads(told.stdout)
    (index,) = (each for each in advice["create"] if "person_names" in each["statement"])
    cases = {each["case_id"]: each for each in advice["verified"]["cases"]}
    assert cases[f"{QUERY}/few"]["faster"]
    assert cases[f"{QUERY}/few"]["after_ms"] < cases[f"{QUERY}/few"]["before_ms"]
    (few,) = (each for each in index["helps"] if each["case_id"] == f"{QUERY}/few")
    assert few["measured_after_ms"] == cases[f"{QUERY}/few"]["after_ms"]


def test_a_budget_is_kept(without_index: Perfkit) -> None:
    told = without_index("suggest", f"{QUERY}/few", "--budget", "8kB", "--format", "json")
    assert told.returncode == 0, told.stderr
    advice = json.loads(told.stdout)
    assert advice["create"] == []
    assert "no budget" in {each["reason"] for each in advice["without_index"]}


def test_a_write_that_may_not_run_is_planned_and_told(without_index: Perfkit) -> None:
    told = without_index("suggest", "profile_update", "class_list/none", "--format", "json")
    assert told.returncode == 0, told.stderr
    advice = json.loads(told.stdout)
    assert "1 query that writes was planned, not run" in " ".join(advice["notes"])
    assert "not measured" not in {each["reason"] for each in advice["without_index"]}


def test_a_snapshot_is_advised_on_without_a_database_and_without_times(offline: Perfkit) -> None:
    told = offline("suggest", "--twin", "alumni.twin", "--also", "json=advice.json")
    assert told.returncode == 0, told.stderr
    assert STATEMENT in " ".join(told.stdout.split())
    assert "Nothing was timed" in told.stdout
    advice = json.loads((offline.directory / "advice.json").read_text())
    assert advice["times"] == "cost"
    assert advice["after_cost_per_minute"] < advice["before_cost_per_minute"]
    assert "before_ms_per_minute" not in advice
    (index,) = (each for each in advice["create"] if "person_names" in each["statement"])
    assert all(each["after_cost"] < each["before_cost"] for each in index["helps"])
    missing = {each["case_id"]: each["detail"] for each in advice["without_index"]}
    assert missing["class_list/draw"] == "a twin has no rows to draw them from"
    assert any("never used" in note for note in advice["notes"])


def test_the_times_for_a_snapshot_are_a_baseline_s(offline: Perfkit, baselines: Path) -> None:
    shutil.copytree(baselines, offline.directory / "baselines")
    told = offline("suggest", "--twin", "alumni.twin", "--baseline", "main", "--format", "json")
    assert told.returncode == 0, told.stderr
    advice = json.loads(told.stdout)
    assert advice["times"] == "baseline"
    assert advice["before_ms_per_minute"] > 0
    (index,) = (each for each in advice["create"] if "person_names" in each["statement"])
    assert not any(each["before_is_estimated"] for each in index["helps"])


def test_a_case_whose_values_changed_since_the_baseline_has_no_time_of_it(
    offline: Perfkit, baselines: Path
) -> None:
    shutil.copytree(baselines, offline.directory / "baselines")
    path = offline.directory / "queries" / "office.sql"
    path.write_text(path.read_text().replace("people=300", "people=299"))
    told = offline("suggest", QUERY, "--twin", "alumni.twin", "--baseline", "main", "--format", "json")
    assert told.returncode == 0, told.stderr
    advice = json.loads(told.stdout)
    (index,) = (each for each in advice["create"] if "person_names" in each["statement"])
    estimated = {each["case_id"]: each["before_is_estimated"] for each in index["helps"]}
    assert estimated == {f"{QUERY}/few": False, f"{QUERY}/many": True}
    assert any(
        "1 of 2 cases are not in the baseline main, or changed since" in note for note in advice["notes"]
    )


def test_a_table_that_the_role_may_not_read_costs_its_own_queries_alone(
    own_project: Perfkit, alumni_server: PostgresServer, own_database: str
) -> None:
    with psycopg.connect(alumni_server.dsn_for(own_database), autocommit=True) as superuser:
        superuser.execute("ALTER TABLE alumni.person_names OWNER TO postgres")
    told = own_project("suggest", "names_of_many", "class_list", "--format", "json")
    assert told.returncode == 0, told.stderr
    advice = json.loads(told.stdout)
    missing = {each["case_id"]: each["detail"] for each in advice["without_index"]}
    assert missing["names_of_many/few"] == "permission denied for table person_names"
    assert not any(
        case.startswith("class_list") and missing[case].startswith("permission") for case in missing
    )
    assert advice["before_ms_per_minute"] > 0


def test_a_candidate_that_the_server_refuses_is_told_with_its_words(perfkit: Perfkit, own_dsn: str) -> None:
    with psycopg.connect(own_dsn, autocommit=True) as owner:
        owner.execute(
            "CREATE TABLE alumni.badge (code int, double int GENERATED ALWAYS AS (code * 2) VIRTUAL)"
        )
        owner.execute("INSERT INTO alumni.badge SELECT generate_series(1, 20000)")
        owner.execute("ANALYZE alumni.badge")
    (perfkit.directory / "queries").mkdir()
    (perfkit.directory / "queries" / "badge.sql").write_text(
        "-- name: badge\n-- case: one\nSELECT code FROM alumni.badge WHERE double = 4;\n"
    )
    told = perfkit("suggest", "--dsn", own_dsn, "--format", "json")
    assert told.returncode == 0, told.stderr
    advice = json.loads(told.stdout)
    holds("suggest", advice)
    words = "indexes on virtual generated columns are not supported"
    assert advice["without_index"] == [
        {"case_id": "badge/one", "reason": "could not be judged", "detail": words}
    ]
    assert "CREATE INDEX ON alumni.badge USING btree (double)" in {
        each["statement"] for each in advice["refused"] if each["reason"] == words
    }


def test_a_database_without_a_table_has_nothing_to_suggest(perfkit: Perfkit, database: str) -> None:
    (perfkit.directory / "queries").mkdir()
    query = perfkit.directory / "queries" / "one.sql"
    query.write_text("-- name: one\n-- summary: One\nSELECT 1;\n")
    told = perfkit("suggest", "--dsn", database, "--allow-superuser")
    assert told.returncode == 0, told.stderr
    assert "Nothing to suggest" in told.stdout
    query.write_text("-- name: one\n-- summary: One\nSELECT * FROM nowhere;\n")
    told = perfkit("suggest", "--dsn", database, "--allow-superuser")
    assert told.returncode == 3
    assert 'no case was measured: relation "nowhere" does not exist' in told.stderr


@pytest.mark.parametrize(
    ("option", "value"), [("--budget", "many"), ("--time-limit", "soon"), ("--write-limit", "x")]
)
def test_a_limit_that_is_none_is_refused_before_anything_is_measured(
    project: Perfkit, option: str, value: str
) -> None:
    told = project("suggest", option, value)
    assert told.returncode == 2
    assert value in told.stderr


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--twin", "nowhere.twin"), "twin export FILE"),
        (("--twin", "alumni.twin", "--verify"), "no rows"),
        (("--twin", "alumni.twin", "--calls", "counted"), "leave --calls out"),
        (("--twin", "alumni.twin", "--what-if", "hypopg"), "HypoPG is asked on a server"),
        (("--twin", "alumni.twin", "--baseline", "none"), "there is no baseline 'none'"),
        (("--baseline", "main"), "name it: --twin FILE"),
        (("--copies", "template"), "--verify"),
        (("--what-if", "guess"), "twin, hypopg"),
        (("--sql", "nowhere/advice.sql"), "mkdir -p"),
        (("--queries", "empty"), "has no .sql files"),
    ],
)
def test_what_does_not_go_together_is_refused(offline: Perfkit, options: tuple[str, ...], words: str) -> None:
    (offline.directory / "empty").mkdir()
    told = offline("suggest", *options)
    assert told.returncode == 2
    assert words in told.stderr
    assert told.stdout == ""


def test_a_snapshot_that_cannot_be_read_names_itself(offline: Perfkit) -> None:
    snapshot = offline.directory / "alumni.twin"
    content = snapshot.read_bytes()
    newer = gzip.compress(gzip.decompress(content).replace(b"perfkit.twin/1", b"perfkit.twin/99", 1))
    for damaged, words in ((content[:1000], "is no snapshot"), (newer, "newer perfkit (perfkit.twin/99)")):
        snapshot.write_bytes(damaged)
        told = offline("suggest", "--twin", "alumni.twin")
        assert told.returncode == 2
        assert "alumni.twin" in told.stderr
        assert words in told.stderr


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--calls", "counted"), "calls cannot be read from pg_stat_statements"),
        (("--what-if", "hypopg"), "the database has no extension hypopg"),
    ],
)
def test_what_the_server_lacks_is_told_before_anything_is_measured(
    project: Perfkit, options: tuple[str, ...], words: str
) -> None:
    told = project("suggest", *options)
    assert told.returncode == 3
    assert words in told.stderr
