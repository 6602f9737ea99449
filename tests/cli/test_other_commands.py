"""perfkit catalog, config and doctor, as a user gives them."""

import json
import re

import psycopg
import pytest

from perfkit.embedded import PostgresServer
from tests.cli.command import PASSWORD, Perfkit


def test_the_catalog_is_listed_and_right(project: Perfkit) -> None:
    listed = project("catalog", "list", "--format", "json")
    queries = {query["name"]: query for query in json.loads(listed.stdout)["queries"]}
    assert queries["class_list"]["cases"] == ["typical", "none"]
    assert queries["class_list"]["drawn_cases"] == 2
    assert "4 queries, 8 cases" in project("catalog", "list").stdout
    assert "class_list" not in project("catalog", "list", "names*").stdout
    check = project("catalog", "check")
    assert check.returncode == 0
    assert "4 queries with 8 cases, no problem" in check.stdout


def test_a_query_is_shown_with_its_place_and_sql(project: Perfkit) -> None:
    result = project("catalog", "show", "class_list")
    assert result.returncode == 0
    assert result.stdout.startswith("-- queries/office.sql:1  The members of one graduating class\n")
    assert "grad_year = :year" in result.stdout


def test_the_catalog_of_a_query_that_is_not_there_says_what_was_meant(project: Perfkit) -> None:
    for command in ("list", "show"):
        result = project("catalog", command, "clas_list")
        assert result.returncode == 2
        assert "did you mean 'class_list'?" in result.stderr


def test_every_problem_of_a_catalog_is_told_with_its_line(project: Perfkit) -> None:
    text = (
        "-- name: one\n-- wieght: 3\nSELECT 1;\n\n-- name: two\nSELECT :year;\n\n-- name: three\nSELECT 3;\n"
    )
    (project.directory / "queries" / "bad.sql").write_text(text)
    result = project("catalog", "check")
    assert result.returncode == 2
    assert "queries/bad.sql:2: unknown key 'wieght'" in result.stdout
    assert "did you mean 'weight'?" in result.stdout
    assert "queries/bad.sql:6: parameter :year is not declared" in result.stdout
    assert "2 problems; 5 queries are right." in result.stdout
    problems = json.loads(project("catalog", "check", "--format", "json").stdout)["problems"]
    assert [(problem["file"], problem["line"]) for problem in problems] == [
        ("queries/bad.sql", 2),
        ("queries/bad.sql", 6),
    ]


def test_each_setting_says_where_it_comes_from(project: Perfkit) -> None:
    result = project("config", "--format", "json", env={"PERFKIT_TIMEOUT": "7s"})
    settings = json.loads(result.stdout)["settings"]
    assert settings["samples"] == {"value": "2", "source": "perfkit.toml:2"}
    assert settings["timeout"] == {"value": "7s", "source": "PERFKIT_TIMEOUT"}
    assert settings["seed"] == {"value": "1", "source": "default"}
    assert settings["dsn"]["source"] == "perfkit.toml:1"
    assert "127.0.0.1" in settings["dsn"]["value"]


def test_the_application_s_settings_are_shown_without_secrets(perfkit: Perfkit) -> None:
    assert "No settings file has a table [api]" in perfkit("config").stdout
    (perfkit.directory / "perfkit.toml").write_text(
        '[api]\nurl = "https://joe:sesame@alumni.example"\nheaders = { authorization = "Bearer sesame" }\n'
        '[[api.endpoints]]\nname = "give"\npath = "/gifts"\nmethod = "POST"\nsimple = false\n'
    )
    shown = perfkit("config").stdout
    assert re.search(r"^url +https://\*\*\*@alumni.example +perfkit.toml:1 ", shown, re.MULTILINE)
    assert re.search(
        r"^give +POST /gifts +perfkit.toml:4 +endpoint, weight 1, not simple$", shown, re.MULTILINE
    )
    told = perfkit("config", "--format", "json").stdout
    assert json.loads(told)["api"]["headers"] == ["authorization"]
    assert "sesame" not in shown + told


@pytest.mark.parametrize(
    "dsn",
    [
        f"host=db password='{PASSWORD}' dbname=x",
        f"postgresql://joe:{PASSWORD.replace(' ', '%20')}@db/x?sslpassword={PASSWORD.split()[0]}",
        f"joe:{PASSWORD}@db",
        f"postgres://joe:{PASSWORD}",
    ],
)
def test_no_spelling_of_a_password_is_shown(project: Perfkit, dsn: str) -> None:
    """The runner of these tests looks for the password in every output."""
    environ = {"PERFKIT_DSN": dsn}
    assert project("config", env=environ).returncode == 0
    assert project("doctor", env=environ | {"PGCONNECT_TIMEOUT": "2"}).returncode == 3


@pytest.mark.parametrize(
    ("environ", "settings", "words"),
    [
        ({"PERFKIT_SAMPELS": "3"}, "", "did you mean PERFKIT_SAMPLES?"),
        ({"PERFKIT_SAMPLES": "three"}, "", "PERFKIT_SAMPLES: samples must be a whole number"),
        ({}, "sampels = 3\n", "perfkit.toml:1: there is no setting 'sampels'"),
        ({}, "samples = 0\n", "perfkit.toml:1: samples must be a whole number of at least 1"),
    ],
)
def test_a_wrong_setting_is_named_by_its_place(
    project: Perfkit, environ: dict[str, str], settings: str, words: str
) -> None:
    if settings:
        (project.directory / "perfkit.toml").write_text(settings)
    result = project("config", env=environ)
    assert result.returncode == 2
    assert words in result.stderr


def test_the_doctor_says_what_an_ordinary_role_lacks(project: Perfkit) -> None:
    result = project("doctor")
    assert result.returncode == 0
    assert "CREATE EXTENSION pg_stat_statements" in result.stdout
    points = {
        point["id"]: point for point in json.loads(project("doctor", "--format", "json").stdout)["points"]
    }
    assert points["role"]["state"] == "ok"
    assert points["pg_stat_statements"]["state"] == "missing"


def test_the_doctor_looks_at_a_superuser_and_says_no(project: Perfkit, superuser_dsn: str) -> None:
    result = project("doctor", "--dsn", superuser_dsn)
    assert result.returncode == 3
    assert "postgres is a superuser" in result.stdout


def test_the_doctor_lets_pass_what_the_user_allows(project: Perfkit, superuser_dsn: str) -> None:
    result = project("doctor", "--dsn", superuser_dsn, "--allow-superuser")
    assert result.returncode == 0, result.stdout
    assert "is a superuser, which you allow" in result.stdout


def test_the_doctor_tells_a_role_what_it_cannot_read(
    project: Perfkit, alumni_server: PostgresServer, own_database: str
) -> None:
    with psycopg.connect(alumni_server.dsn_for(own_database), autocommit=True) as connection:
        connection.execute("DROP ROLE IF EXISTS stranger")
        connection.execute("CREATE ROLE stranger LOGIN PASSWORD 'sesame'")
    result = project("doctor", "--dsn", alumni_server.dsn_for(own_database, "stranger", "sesame"))
    assert result.returncode == 0
    assert "tables cannot be read" in result.stdout
    assert 'GRANT pg_monitor TO "stranger"' in result.stdout
