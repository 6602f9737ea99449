"""perfkit regress on a change in one run: two databases, changed queries, and what cannot be asked for."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from psycopg import sql

from perfkit.db.connect import connect
from perfkit.demo.role import DATABASE, ROLE
from perfkit.embedded import PostgresServer
from tests.cli.command import PASSWORD, Perfkit, Result
from tests.cli.test_baseline_command import INDEX, QUERY

needs_git = pytest.mark.skipif(shutil.which("git") is None, reason="there is no git")

MANY = f"{QUERY}/many"
JOINED = """
-- name: joined
SELECT count(*) FROM generate_series(1, 1000) a JOIN generate_series(1, 1000) b ON a = b;
"""


@pytest.fixture
def other_dsn(alumni_server: PostgresServer, own_database: str) -> Iterator[str]:
    """Return the URI of a copy of the test's own database, for its ordinary role."""
    name = f"{own_database}_other"
    copy, source, role = (sql.Identifier(word) for word in (name, own_database, ROLE))
    with closing(connect(alumni_server.dsn)) as superuser:
        superuser.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy OWNER {}").format(copy, source, role)
        )
        yield alumni_server.dsn_for(name, ROLE, PASSWORD)
        superuser.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(copy))


def _execute(dsn: str, statement: str) -> None:
    with closing(connect(dsn)) as connection:
        connection.execute(statement)


def _verdicts(result: Result) -> dict[str, Any]:
    return {f"{v['query']}/{v['case']}": v for v in json.loads(result.stdout)["verdicts"]}


def test_two_equal_databases_are_no_regression(own_project: Perfkit, own_dsn: str, other_dsn: str) -> None:
    result = own_project("regress", MANY, "class_list", "--base", other_dsn, "--head", own_dsn)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "No regression" in result.stdout
    assert "against the base database" in result.stdout


def test_an_index_that_only_the_base_has_fails_and_is_named(
    own_project: Perfkit, own_dsn: str, other_dsn: str
) -> None:
    _execute(own_dsn, f"DROP INDEX alumni.{INDEX}")
    result = own_project("regress", QUERY, "class_list", "--base", other_dsn, "--format", "json")
    assert result.returncode == 1
    verdicts = _verdicts(result)
    many = verdicts[MANY]
    assert (many["kind"], many["gate"], many["cause"]) == ("plan changed", "failed", "index-lost")
    assert INDEX in many["message"]
    assert INDEX in many["diff"]
    assert verdicts["class_list/typical"]["gate"] != "failed"
    back = own_project("regress", MANY, "--base", own_dsn, "--head", other_dsn)
    assert back.returncode == 0
    assert "Improved" in back.stdout


def test_other_settings_are_a_cause_and_no_obstacle(own_project: Perfkit, own_dsn: str) -> None:
    (own_project.directory / "queries" / "joined.sql").write_text(JOINED)
    without = f"{own_dsn}&options=-c%20enable_hashjoin%3Doff%20-c%20enable_mergejoin%3Doff"
    result = own_project("regress", "joined", "--base", own_dsn, "--head", without, "--format", "json")
    assert result.returncode == 1, result.stderr
    (verdict,) = _verdicts(result).values()
    assert (verdict["gate"], verdict["cause"]) == ("failed", "settings-changed")
    assert "enable_hashjoin on -> off, enable_mergejoin on -> off" in verdict["message"]


# Changed queries


def _slower_queries(project: Perfkit) -> None:
    """Change one query so that an index no longer serves it."""
    path = project.directory / "queries" / "office.sql"
    text = path.read_text()
    assert "n.person_id = p.person_id)" in text
    path.write_text(text.replace("n.person_id = p.person_id)", "n.person_id + 0 = p.person_id)"))


def _assert_slower(result: Result) -> None:
    assert result.returncode == 1, result.stderr
    verdicts = _verdicts(result)
    assert verdicts.keys() == {f"{QUERY}/few", MANY}
    many = verdicts[MANY]
    assert (many["gate"], many["cause"]) == ("failed", "sql-changed")


def test_a_changed_query_is_judged_against_the_old_one_and_an_equal_one_is_not_measured(
    project: Perfkit,
) -> None:
    shutil.copytree(project.directory / "queries", project.directory / "old queries")
    _slower_queries(project)
    result = project("regress", "--base-queries", "old queries", "--format", "json")
    _assert_slower(result)
    assert "3 queries are as in old queries and not measured" in json.loads(result.stdout)["notes"]


def test_another_type_of_a_parameter_is_a_changed_query(project: Perfkit) -> None:
    path = project.directory / "queries" / "office.sql"
    shutil.copytree(path.parent, project.directory / "old queries")
    path.write_text(path.read_text().replace("-- param: year int", "-- param: year numeric"))
    result = project("regress", "--base-queries", "old queries", "--format", "json")
    assert "3 queries are as in old queries and not measured" in json.loads(result.stdout)["notes"]
    assert {verdict["query"] for verdict in _verdicts(result).values()} == {"class_list"}


def test_without_a_changed_query_there_is_nothing_to_judge(project: Perfkit) -> None:
    path = project.directory / "queries" / "office.sql"
    shutil.copytree(path.parent, project.directory / "old queries")
    path.write_text(path.read_text().replace("WHERE p.person_id", "-- those of old\n  WHERE   p.person_id"))
    result = project("regress", "--base-queries", "old queries")
    assert result.returncode == 2
    assert "no query differs from old queries" in result.stderr


@needs_git
def test_a_commit_is_what_the_queries_were_at_it(project: Perfkit) -> None:
    git = ("git", "-c", "user.name=Office", "-c", "user.email=office@example.org")
    for words in (("init", "-q"), ("add", "queries"), ("commit", "-q", "-m", "Queries")):
        subprocess.run([*git, *words], cwd=project.directory, check=True)
    _slower_queries(project)
    _assert_slower(project("regress", "--base-queries", "HEAD", "--format", "json"))
    wrong = project("regress", "--base-queries", "release/9")
    assert wrong.returncode == 2
    assert "'release/9' is neither a directory nor a commit with queries" in wrong.stderr


def test_a_name_that_is_no_directory_is_a_usage_error_outside_a_repository(project: Perfkit) -> None:
    result = project("regress", "--base-queries", "old queries")
    assert result.returncode == 2
    assert "neither a directory nor a commit" in result.stderr


# What is asked for


@pytest.mark.parametrize(
    "arguments",
    [
        ("--base", "dbname=x", "--migration", "x.sql"),
        ("--base", "dbname=x", "--base-queries", "queries"),
        ("--migration", "x.sql", "--base-queries", "queries"),
        ("--head", "dbname=x"),
        ("--copies", "embedded"),
        ("--head", "dbname=x", "--migration", "x.sql"),
    ],
)
def test_options_that_name_no_one_change_are_a_usage_error(
    perfkit: Perfkit, arguments: tuple[str, ...]
) -> None:
    result = perfkit("regress", *arguments)
    assert result.returncode == 2
    assert "perfkit: " in result.stderr


@pytest.mark.parametrize("side", ["--base", "--head"])
@pytest.mark.parametrize("part", ["port", "password", "database"])
def test_a_side_that_cannot_be_reached_is_no_verdict(
    project: Perfkit, dsn: str, alumni_server: PostgresServer, side: str, part: str
) -> None:
    wrong = {
        "port": dsn.replace(f":{alumni_server.port}/", ":1/"),
        "password": dsn.replace("sesame", "sesame2"),
        "database": dsn.replace(f"/{DATABASE}", "/nowhere"),
    }[part]
    assert wrong != dsn
    sides = {"--base": dsn, "--head": dsn} | {side: wrong}
    result = project("regress", QUERY, *(word for pair in sides.items() for word in pair))
    assert result.returncode == 3
    assert result.stdout == ""
    assert result.stderr.startswith("perfkit: ")


def test_two_databases_are_only_read(own_project: Perfkit, other_dsn: str) -> None:
    result = own_project("regress", "profile_update", QUERY, "--base", other_dsn, "--format", "json")
    assert result.returncode == 0, result.stderr
    assert _verdicts(result)["profile_update/typical"]["kind"] == "skipped"


def test_a_case_that_fails_only_after_the_change_fails_and_one_that_failed_before_is_skipped(
    own_project: Perfkit, own_dsn: str, other_dsn: str
) -> None:
    _execute(own_dsn, "ALTER TABLE alumni.person_names RENAME TO former_names")
    broken = own_project("regress", QUERY, "class_list", "--base", other_dsn, "--format", "json")
    assert broken.returncode == 1
    assert _verdicts(broken)[f"{QUERY}/few"]["cause"] == "statement-failed"
    mended = own_project(
        "regress", QUERY, "class_list", "--base", own_dsn, "--head", other_dsn, "--format", "json"
    )
    assert mended.returncode == 0
    few = _verdicts(mended)[f"{QUERY}/few"]
    assert few["gate"] == "skipped"
    assert "it fails before the change" in few["message"]


def test_a_budget_is_kept_and_under_strict_what_it_left_out_is_no_pass(
    own_project: Perfkit, other_dsn: str
) -> None:
    arguments = ("regress", "--base", other_dsn, "--budget")
    result = own_project(*arguments, "1ms")
    assert result.returncode == 3
    assert "the time budget was spent" in result.stderr
    slow = [f"slow_{letter}" for letter in "abc"]
    text = "\n".join(f"-- name: {name}\nSELECT pg_sleep(0.2);\n" for name in slow)
    (own_project.directory / "queries" / "slow.sql").write_text(text)
    partly = own_project(*arguments, "1s", *slow, "--strict", "--format", "json")
    assert partly.returncode == 4, partly.stderr
    kinds = [verdict["kind"] for verdict in _verdicts(partly).values()]
    assert "skipped" in kinds
    assert set(kinds) <= {"skipped", "same", "inconclusive"}
