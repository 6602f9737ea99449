"""perfkit analyze, as a user gives it: selections, formats, the gate, time limits, writes, what is refused."""

import json
import xml.etree.ElementTree as ET
from typing import Any

import pytest

from tests.cli.command import PASSWORD, Perfkit

CASES = {"class_list", "names_of_many", "overdue_pledges", "profile_update"}


def _analysis(project: Perfkit, *arguments: object) -> dict[str, Any]:
    result = project("analyze", "--format", "json", *arguments)
    assert result.returncode == 0, result.stderr
    analysis: dict[str, Any] = json.loads(result.stdout)
    return analysis


def _cases(analysis: dict[str, Any]) -> dict[str, Any]:
    return {case["case"]: case for case in analysis["cases"]}


def test_the_whole_catalog_is_measured_and_told(project: Perfkit) -> None:
    result = project("analyze")
    assert result.returncode == 0
    for words in (*CASES, "seq-scan", "CREATE INDEX CONCURRENTLY ON alumni.gifts (pledge_id)", "Target met"):
        assert words in result.stdout
    assert "profile_update/typical (refused): it writes" in result.stdout


def test_json_has_every_case_with_its_runs(project: Perfkit) -> None:
    cases = _cases(_analysis(project, "--samples", "3"))
    assert {name.split("/")[0] for name in cases} == CASES
    assert len([name for name in cases if name.startswith("class_list/draw-")]) == 2
    many = cases["names_of_many/many"]
    assert len(many["execution_ms"]) == 3
    assert many["counters"]["rows"] == 300
    assert many["plan"]["root"]["actual"]["rows"] == 300


def test_junit_names_every_case_and_its_place(project: Perfkit) -> None:
    suites = ET.fromstring(project("analyze", "--format", "junit").stdout)
    cases = {case.get("name"): case for case in suites.iter("testcase")}
    assert cases["names_of_many/many"].get("file") == "queries/office.sql"
    assert cases["profile_update/typical"].find("skipped") is not None
    assert "target" in cases


def test_github_annotates_the_query_file(project: Perfkit) -> None:
    lines = project("analyze", "overdue_pledges", "--format", "github").stdout.splitlines()
    assert any(line.startswith("::warning file=queries/office.sql,line=23,") for line in lines), lines


def test_markdown_has_a_table(project: Perfkit) -> None:
    shown = project("analyze", "--format", "markdown").stdout
    assert "| overdue_pledges/default |" in shown


@pytest.mark.parametrize(
    ("patterns", "chosen"),
    [
        (["class_list"], {"class_list"}),
        (["class_*", "names_*"], {"class_list", "names_of_many"}),
        (["names_of_many/few"], {"names_of_many"}),
    ],
)
def test_patterns_choose_queries_and_cases(project: Perfkit, patterns: list[str], chosen: set[str]) -> None:
    cases = _cases(_analysis(project, *patterns))
    assert {name.split("/")[0] for name in cases} == chosen
    if patterns == ["names_of_many/few"]:
        assert set(cases) == set(patterns)


def test_a_drawn_case_is_found_again_by_its_name(project: Perfkit) -> None:
    drawn = next(name for name in _cases(_analysis(project, "class_list")) if "draw-" in name)
    assert set(_cases(_analysis(project, drawn))) == {drawn}


@pytest.mark.parametrize(
    ("pattern", "meant"), [("clas_list", "class_list"), ("names_of_many/fwe", "names_of_many/few")]
)
def test_an_unknown_query_or_case_is_named_with_what_was_meant(
    project: Perfkit, pattern: str, meant: str
) -> None:
    result = project("analyze", pattern)
    assert result.returncode == 2
    assert pattern in result.stderr
    assert f"did you mean '{meant}'?" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "exit_code"),
    [
        (["overdue_pledges", "--fail-on", "warning"], 1),
        (["overdue_pledges", "--fail-on", "error"], 0),
        (["class_list", "--fail-on", "error", "--target", "0.001ms"], 1),
        (["class_list", "--target", "0.001ms"], 0),
    ],
)
def test_the_gate_fails_on_what_it_was_told_to(
    project: Perfkit, arguments: list[str], exit_code: int
) -> None:
    result = project("analyze", *arguments)
    assert result.returncode == exit_code
    assert ("Target missed" in result.stdout) == ("--target" in arguments)
    # Who did not ask for a gate is told how.
    unasked = "--target" in arguments and "--fail-on" not in arguments
    assert ("--fail-on error makes it exit code 1" in result.stdout) == unasked


def test_generic_plans_are_made_when_asked_for(project: Perfkit) -> None:
    custom, generic = (
        _cases(_analysis(project, "class_list/typical", "--plan-mode", mode))["class_list/typical"]["plan"]
        for mode in ("custom", "generic")
    )
    assert "1998" in json.dumps(custom)
    assert "$1" in json.dumps(generic)


def test_a_query_over_its_time_limit_costs_only_itself(project: Perfkit) -> None:
    _add(project, "-- name: forever\nSELECT count(*) FROM generate_series(1, 1000000000000);\n")
    result = project("analyze", "--timeout", "200ms", "--format", "json")
    assert result.returncode == 3
    cases = _cases(json.loads(result.stdout))
    assert cases["forever/default"]["problem"]["kind"] == "error"
    assert cases["forever/default"]["problem"]["sqlstate"] == "57014"
    assert cases["names_of_many/many"]["counters"]["rows"] == 300


def test_a_time_limit_below_a_millisecond_is_one(project: Perfkit) -> None:
    _add(project, "-- name: forever\nSELECT count(*) FROM generate_series(1, 1000000000000);\n")
    result = project("analyze", "forever", "--timeout", "0.4ms")
    assert result.returncode == 3
    assert "statement timeout" in result.stderr


def test_a_failing_query_is_told_apart_from_a_failed_gate(project: Perfkit) -> None:
    _add(project, "-- name: broken\nSELECT * FROM alumni.nowhere;\n")
    result = project("analyze", "class_list", "broken")
    assert result.returncode == 3
    assert 'broken/default (error): relation "alumni.nowhere" does not exist' in result.stdout
    assert "4 measured, 1 failed" in result.stdout


def test_a_failed_gate_is_not_hidden_by_a_failing_query(project: Perfkit) -> None:
    _add(project, "-- name: broken\nSELECT * FROM alumni.nowhere;\n")
    assert project("analyze", "broken", "overdue_pledges", "--fail-on", "warning").returncode == 1


def test_writes_run_when_allowed_and_are_rolled_back(own_project: Perfkit) -> None:
    _add(
        own_project,
        "-- name: retired\nSELECT count(*) FROM alumni.people WHERE headline = 'Retired' AND person_id = 7;\n",
    )
    analysis = _analysis(own_project, "--allow-writes", "profile_update", "retired")
    update = _cases(analysis)["profile_update/typical"]
    assert update["counters"]["wal_records"] > 0
    again = _cases(_analysis(own_project, "retired"))["retired/default"]
    assert again["plan"]["root"]["children"][0]["actual"]["rows"] == 0


def test_a_selection_of_nothing_but_refused_writes_measured_nothing(project: Perfkit) -> None:
    result = project("analyze", "profile_update")
    assert result.returncode == 3
    assert "no case was measured: it writes" in result.stderr
    assert "--allow-writes" in result.stderr


@pytest.mark.parametrize(
    ("dsn", "words"),
    [
        ("host=127.0.0.1 port=1", "check host and port"),
        ("host=nowhere.invalid", "check the host name"),
        ("postgresql://joe:{password}@[::1/x", "cannot be read"),
        ("postgresql://joe:{password}@127.0.0.1:port/x", "port"),
        ("host=127.0.0.1 password='{password}' sslmode=often", "sslmode"),
    ],
)
def test_no_server_is_not_measured(project: Perfkit, dsn: str, words: str) -> None:
    result = project("analyze", "--dsn", dsn.format(password=PASSWORD.replace(" ", "%20")))
    assert result.returncode == 3
    assert words in result.stderr
    assert result.stdout == ""


def test_a_wrong_password_is_told_and_not_shown(project: Perfkit, dsn: str) -> None:
    for wrong in (dsn.replace("office", "0ffice"), dsn.replace("/perfkit_demo?", "/elsewhere?")):
        result = project("analyze", "--dsn", wrong)
        assert result.returncode == 3
        assert "password authentication failed" in result.stderr or "elsewhere" in result.stderr


def test_libpq_finds_the_server_as_for_psql(project: Perfkit, dsn: str) -> None:
    (project.directory / "perfkit.toml").unlink()
    server, _, port = dsn.partition("@127.0.0.1:")[2].partition("/")[0].rpartition(":")
    assert server == ""
    where = {"PGHOST": "127.0.0.1", "PGPORT": port, "PGUSER": "perfkit_demo", "PGDATABASE": "perfkit_demo"}
    refused = project("analyze", "class_list", env=where)
    assert refused.returncode == 3
    assert "PGPASSWORD" in refused.stderr
    assert project("analyze", "class_list", env=where | {"PGPASSWORD": PASSWORD}).returncode == 0


def test_a_superuser_is_refused_unless_told(project: Perfkit, superuser_dsn: str) -> None:
    refused = project("analyze", "class_list", "--dsn", superuser_dsn)
    assert refused.returncode == 3
    assert "role postgres is a superuser" in refused.stderr
    assert "--allow-superuser" in refused.stderr
    allowed = project("analyze", "class_list", "--dsn", superuser_dsn, "--allow-superuser")
    assert allowed.returncode == 0


@pytest.mark.parametrize(
    ("queries", "words"),
    [("nowhere", "does not exist"), ("empty", "has no .sql files"), ("perfkit.toml", "is not a directory")],
)
def test_a_catalog_that_is_none_is_named(project: Perfkit, queries: str, words: str) -> None:
    (project.directory / "empty").mkdir()
    result = project("analyze", "--queries", queries)
    assert result.returncode == 2
    assert f"the catalog {queries} {words}" in result.stderr


def _add(project: Perfkit, text: str) -> None:
    (project.directory / "queries" / "more.sql").write_text(text)
