"""perfkit baseline and perfkit regress: recording, judging, what cannot be judged, what is damaged."""

import json
import re
import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psycopg
import pytest

from perfkit.embedded import PostgresServer
from tests.cli.command import Perfkit, Result
from tests.cli.schemas import holds

# The plan of this query hangs on one index.
INDEX = "person_names_person_idx"
QUERY = "names_of_many"


@pytest.fixture
def owner(alumni_server: PostgresServer, own_database: str) -> psycopg.Connection:
    return psycopg.connect(alumni_server.dsn_for(own_database), autocommit=True)


def _file(project: Perfkit, query: str = QUERY) -> Path:
    return project.directory / "baselines" / "main" / f"{query}.json"


def _verdicts(result: Result) -> dict[str, Any]:
    return {
        f"{verdict['query']}/{verdict['case']}": verdict for verdict in json.loads(result.stdout)["verdicts"]
    }


def _edit(path: Path, **members: object) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | members))


def test_a_baseline_is_recorded_listed_and_shown(project: Perfkit) -> None:
    recorded = project("baseline")
    assert recorded.returncode == 0
    assert "Recorded 7 cases of 3 queries in baselines/main: 3 sessions of 2 samples each." in recorded.stdout
    assert "profile_update/typical (refused): it writes" in recorded.stdout
    assert sorted(path.name for path in _file(project).parent.iterdir()) == [
        "class_list.json",
        "names_of_many.json",
        "overdue_pledges.json",
    ]
    listed = project("baseline", "list")
    assert "PostgreSQL 18" in listed.stdout
    shown = project("baseline", "show", QUERY)
    assert f"Index Scan using {INDEX}" in shown.stdout


def test_a_baseline_holds_no_value_of_a_parameter(project: Perfkit) -> None:
    (project.directory / "queries" / "secret.sql").write_text(
        "-- name: by_name\n-- param: name text\n-- case: one  name='Sesame of Alexandria'\n"
        "SELECT count(*) FROM alumni.people WHERE family_name = :name AND given_name <> 'Sesame the Elder';\n"
    )
    assert project("baseline", "--only", "by_name").returncode == 0
    assert "esame" not in _file(project, "by_name").read_text()


def test_nothing_changed_is_no_regression(recorded: Perfkit) -> None:
    result = recorded("regress")
    assert result.returncode == 0
    # A busy machine may leave a time in doubt, which is no regression.
    assert "No regression (" in result.stdout
    assert "1 skipped)." in result.stdout
    strict = recorded("regress", "class_*", QUERY, "--strict", "--format", "json")
    in_doubt = [verdict for verdict in _verdicts(strict).values() if verdict["kind"] == "inconclusive"]
    assert strict.returncode == (4 if in_doubt else 0)
    assert recorded("regress", "--strict").returncode == 4


def test_a_lost_index_fails_the_gate_and_is_named(own_project: Perfkit, owner: psycopg.Connection) -> None:
    assert own_project("baseline").returncode == 0
    with owner:
        owner.execute(f"DROP INDEX alumni.{INDEX}")
    text = own_project("regress")
    assert text.returncode == 1
    assert "names_of_many/many: blocks" in text.stdout
    assert f"index alumni.{INDEX} is gone" in " ".join(text.stdout.split())
    result = own_project("regress", "--format", "json")
    assert result.returncode == 1
    verdicts = _verdicts(result)
    many = verdicts["names_of_many/many"]
    assert (many["kind"], many["gate"], many["cause"]) == ("plan changed", "failed", "index-lost")
    assert INDEX in many["message"]
    assert INDEX in many["diff"]
    assert verdicts["overdue_pledges/default"]["gate"] != "failed"
    junit = own_project("regress", QUERY, "--format", "junit")
    assert junit.returncode == 1
    assert "<failure" in junit.stdout


def test_an_accepted_plan_passes_the_gate(own_project: Perfkit, owner: psycopg.Connection) -> None:
    assert own_project("baseline", "--only", QUERY).returncode == 0
    with owner:
        owner.execute(f"DROP INDEX alumni.{INDEX}")
    for case in ("few", "many"):
        accept = own_project("baseline", "accept", f"{QUERY}/{case}", "--reason", "the table will go")
        assert accept.returncode == 0, accept.stderr
    assert own_project("regress", QUERY).returncode == 0
    document = json.loads(_file(own_project).read_text())
    holds("baseline", document)
    holds("baseline.show", json.loads(own_project("baseline", "show", QUERY, "--format", "json").stdout))
    stored = document["cases"]["many"]["accepted"]
    assert [plan["reason"] for plan in stored] == ["the table will go"]
    assert set(stored[0]["relations"]) == {"alumni.people", "alumni.person_names"}
    assert stored[0]["calibration"].keys() == document["recorded"]["calibration"].keys()
    assert own_project("baseline", "--only", QUERY).returncode == 0
    assert json.loads(_file(own_project).read_text())["cases"]["many"]["accepted"] == stored


def test_only_a_changed_plan_can_be_accepted(recorded: Perfkit) -> None:
    result = recorded("baseline", "accept", f"{QUERY}/many", "--reason", "why not")
    assert result.returncode == 2
    assert "there is nothing to accept" in result.stderr


NOWHERE = ("--dsn", "host=127.0.0.1 port=1")


@pytest.mark.parametrize(
    ("case", "reason", "words"),
    [
        (f"{QUERY}/many", "", "needs a reason"),
        ("class_lists/typical", "x", "has no case"),
        (QUERY, "x", "has no case"),
        (f"{QUERY}/*", "x", "has no case"),
    ],
)
def test_what_cannot_be_accepted_is_refused_before_anything_is_measured(
    recorded: Perfkit, case: str, reason: str, words: str
) -> None:
    result = recorded("baseline", "accept", case, "--reason", reason, *NOWHERE)
    assert result.returncode == 2
    assert words in result.stderr


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("p.person_id <= :people", "p.person_id < :people", "its SQL text changed"),
        ("people=300", "people=299", "its parameter values changed"),
    ],
)
def test_a_plan_of_another_case_than_the_baselines_is_refused_before_it_is_measured(
    recorded: Perfkit, old: str, new: str, words: str
) -> None:
    path = recorded.directory / "queries" / "office.sql"
    path.write_text(path.read_text().replace(old, new))
    result = recorded("baseline", "accept", f"{QUERY}/many", "--reason", "x", *NOWHERE)
    assert result.returncode == 4
    assert f"{QUERY}/many is not comparable: {words} since the baseline" in result.stderr


def test_without_a_baseline_the_hint_says_how_to_record_one(project: Perfkit) -> None:
    result = project("regress")
    assert result.returncode == 2
    assert "perfkit baseline" in result.stderr
    named = project("regress", "--name", "release")
    assert "perfkit baseline --name release" in named.stderr
    assert "no baseline yet" in project("baseline", "list").stdout


DAMAGE: dict[str, Callable[[str], str]] = {
    "cut off": lambda text: text[: len(text) // 2],
    "empty": lambda _: "",
    "no schema": lambda text: text.replace('"schema"', '"scheme"'),
    "unknown key": lambda text: text.replace('"weight"', '"wieght"'),
    "wrong type": lambda text: text.replace('"weight": 5.0', '"weight": "five"'),
    "conflict": lambda text: text.replace('  "query"', '<<<<<<< HEAD\n  "query"'),
    "other query": lambda text: text.replace('"query": "names_of_many"', '"query": "else"'),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_baseline_is_named_and_left_alone(recorded: Perfkit, damage: str) -> None:
    path = _file(recorded)
    path.write_text(DAMAGE[damage](path.read_text()))
    before = path.read_text()
    commands = [("regress", QUERY), ("baseline", "--only", QUERY)]
    for command in commands if damage == "cut off" else commands[:1]:
        result = recorded(*command)
        assert result.returncode == 2, (command, result)
        assert "baselines/main/names_of_many.json" in result.stderr
        assert path.read_text() == before


def test_a_newer_baseline_asks_for_a_newer_perfkit(recorded: Perfkit) -> None:
    _edit(_file(recorded), schema="perfkit.baseline/4")
    result = recorded("regress")
    assert result.returncode == 2
    assert "written by a newer perfkit (perfkit.baseline/4)" in result.stderr
    assert "upgrade perfkit" in result.stderr


def test_layout_and_comments_may_change(recorded: Perfkit) -> None:
    path = recorded.directory / "queries" / "office.sql"
    path.write_text(path.read_text().replace("WHERE p.person_id", "-- those of old\n  WHERE   p.person_id"))
    assert recorded("regress", QUERY).returncode == 0


def test_a_case_that_fails_now_fails_the_gate(own_project: Perfkit, owner: psycopg.Connection) -> None:
    assert own_project("baseline", "--only", "class_list", "--only", QUERY).returncode == 0
    with owner:
        owner.execute("ALTER TABLE alumni.person_names RENAME TO former_names")
    result = own_project("regress", "class_list", QUERY, "--format", "json")
    assert result.returncode == 1
    assert _verdicts(result)["names_of_many/few"]["cause"] == "statement-failed"


def test_new_and_missing_cases_are_named_and_pass(recorded: Perfkit) -> None:
    path = recorded.directory / "queries" / "office.sql"
    path.write_text(path.read_text().replace("-- case: few  people=30", "-- case: some  people=90"))
    result = recorded("regress", QUERY, "--format", "json")
    assert result.returncode == 0
    kinds = {case: verdict["kind"] for case, verdict in _verdicts(result).items()}
    # A busy machine may leave its time untold.
    assert kinds.pop("names_of_many/many") in {"same", "inconclusive"}
    assert kinds == {"names_of_many/some": "new", "names_of_many/few": "missing"}


@pytest.mark.parametrize("arguments", [("--dsn", "host=127.0.0.1 port=1"), ("profile_update",)])
def test_nothing_measured_is_never_a_pass(recorded: Perfkit, arguments: tuple[str, ...]) -> None:
    before = _file(recorded).read_bytes()
    patterns = ("--only", arguments[0]) if not arguments[0].startswith("-") else arguments
    assert recorded("regress", *arguments).returncode == 3
    assert recorded("baseline", *patterns).returncode == 3
    assert _file(recorded).read_bytes() == before


def test_a_query_that_left_the_catalog_leaves_the_baseline(recorded: Perfkit) -> None:
    project = recorded
    path = project.directory / "queries" / "office.sql"
    path.write_text(path.read_text().replace("name: overdue_pledges", "name: pledges_due"))
    partly = project("baseline", "--only", "pledges_due")
    assert "Removed" not in partly.stdout
    assert _file(project, "overdue_pledges").exists()
    whole = project("baseline")
    assert "Removed, as the catalog no longer has them: overdue_pledges." in whole.stdout
    assert not _file(project, "overdue_pledges").exists()


# Says for how long it holds the budget.
PAUSE = "-- name: pause\n-- param: s float8\n-- allow: volatile  it sleeps\n{}SELECT pg_sleep(:s);\n"
PAUSES = "-- case: one  s={0}\n-- case: two  s={0}\n"


def test_what_no_time_was_left_for_stays_in_the_baseline(project: Perfkit) -> None:
    path = project.directory / "queries" / "pause.sql"
    path.write_text(PAUSE.format(PAUSES.format(0)))
    assert project("baseline", "--only", "pause").returncode == 0
    before = _file(project, "pause").read_bytes()
    path.write_text(PAUSE.format(PAUSES.format(0.7)))
    record = ("baseline", "--only", "pause", "--sessions", 1, "--budget", "2s")
    result = project(*record)
    assert result.returncode == 3
    assert "the time budget was spent" in result.stdout
    assert "Left as they were, as not all their stored cases ran: pause." in result.stdout
    assert "Recorded" not in result.stdout
    document = json.loads(project(*record, "--format", "json").stdout)
    assert (document["left"], document["queries"], document["cases"]) == (["pause"], [], 0)
    assert _file(project, "pause").read_bytes() == before


def test_a_query_that_is_refused_stays_in_the_baseline(project: Perfkit) -> None:
    path = project.directory / "queries" / "pause.sql"
    text = PAUSE.format(PAUSES.format(0)).replace(
        "pg_sleep(:s)", "pg_sleep(:s), pg_try_advisory_xact_lock(1)"
    )
    path.write_text(text)
    assert project("baseline", "--only", "pause").returncode == 0
    before = _file(project, "pause").read_bytes()
    path.write_text(re.sub("-- allow: .*\n", "", text))
    result = project("baseline", "--only", "pause", "--only", QUERY)
    assert result.returncode == 3
    assert "it calls the volatile function" in result.stdout
    assert "Left as they were, as not all their stored cases ran: pause." in result.stdout
    assert "Recorded 2 cases of 1 queries" in result.stdout
    assert _file(project, "pause").read_bytes() == before


def test_a_write_that_may_not_run_stays_in_the_baseline_and_is_no_failure(project: Perfkit) -> None:
    assert project("baseline", "--only", "profile_update", "--allow-writes").returncode == 0
    before = _file(project, "profile_update").read_bytes()
    result = project("baseline", "--only", "profile_update", "--only", QUERY)
    assert result.returncode == 0
    assert "Left as they were, as not all their stored cases ran: profile_update." in result.stdout
    assert _file(project, "profile_update").read_bytes() == before


def test_two_runs_at_a_time_do_not_harm_each_other(recorded: Perfkit) -> None:
    commands = [("baseline",), ("baseline",), ("regress", QUERY), ("regress", QUERY)]
    with ThreadPoolExecutor(len(commands)) as pool:
        results = list(pool.map(lambda command: recorded(*command), commands))
    assert [result.returncode for result in results] == [0, 0, 0, 0], [r.stderr for r in results]
    assert recorded("regress").returncode == 0
    assert not list(recorded.directory.rglob("*.tmp"))


def test_a_full_disk_leaves_the_baseline_as_it_was(project: Perfkit, small_disk: Path) -> None:
    project("baseline", "--only", QUERY, "--baselines", small_disk)
    path = small_disk / "main" / f"{QUERY}.json"
    before = path.read_bytes()
    subprocess.run(f"cat /dev/zero > '{small_disk}/rest' 2>/dev/null", shell=True, check=False)
    result = project("baseline", "--baselines", small_disk)
    assert result.returncode == 3
    assert "No space left on device" in result.stderr
    assert path.read_bytes() == before
    assert [each.name for each in path.parent.iterdir()] == [path.name]
    report = small_disk / "rest"
    report_before = report.stat().st_size
    result = project("analyze", "--format", "json", "-o", report)
    assert result.returncode == 3
    assert report.stat().st_size == report_before


def test_a_single_case_is_not_recorded_over_its_query(recorded: Perfkit) -> None:
    before = _file(recorded).read_text()
    result = recorded("baseline", "--only", f"{QUERY}/typical")
    assert result.returncode == 2
    assert f"record the query: --only '{QUERY}'" in result.stderr
    assert _file(recorded).read_text() == before
