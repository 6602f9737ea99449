"""perfkit health, as a user gives it: exit codes, the choice of checks, and what each format shows."""

import json
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from perfkit.embedded import PostgresServer
from tests.cli.command import PASSWORD, Perfkit

_CHECK = "duplicate-index"
_TWICE = """CREATE SCHEMA "Alumni & <Co>";
CREATE TABLE "Alumni & <Co>"."Gift|s" (id int);
CREATE INDEX one ON "Alumni & <Co>"."Gift|s" (id);
CREATE INDEX two ON "Alumni & <Co>"."Gift|s" (id)"""
_DROP = 'DROP INDEX CONCURRENTLY "Alumni & <Co>".two'


@pytest.fixture
def own(perfkit: Perfkit, database: str) -> Perfkit:
    """Return a user's directory whose settings name an empty database, of a server that has fsync off."""
    (perfkit.directory / "perfkit.toml").write_text(f'dsn = "{database}"\n')
    return perfkit


@pytest.fixture
def twice(own: Perfkit, database: str) -> Perfkit:
    """Return the same, its database with an index that is there twice, of a table with an odd name."""
    _run(database, *_TWICE.split(";\n"))
    return own


@pytest.fixture
def blind(twice: Perfkit, server: PostgresServer, database: str) -> Iterator[Perfkit]:
    """Return the same for a role without any right."""
    _run(database, f"CREATE ROLE blind LOGIN PASSWORD '{PASSWORD}'")
    name = str(conninfo_to_dict(database)["dbname"])
    dsn = server.dsn_for(name, "blind", PASSWORD)
    (twice.directory / "perfkit.toml").write_text(f'dsn = "{dsn}"\n')
    yield twice
    _run(database, "DROP ROLE blind")


def _run(dsn: str, *statements: str) -> None:
    with closing(psycopg.connect(dsn, autocommit=True)) as connection:
        for statement in statements:
            connection.execute(statement.encode())


def _json(perfkit: Perfkit, *arguments: object, exit_code: int = 0) -> dict[str, Any]:
    result = perfkit("health", *arguments, "--format", "json")
    assert result.returncode == exit_code, result.stderr
    document: dict[str, Any] = json.loads(result.stdout)
    return document


def _states(document: dict[str, Any]) -> dict[str, str]:
    return {check["id"]: check["state"] for check in document["checks"]}


def test_a_check_that_warns_fails_only_a_gate_that_says_so(twice: Perfkit) -> None:
    for options, exit_code in (
        ((), 0),
        (("--fail-on", "warn"), 1),
        (("--fail-on", "crit"), 0),
        (("--fail-on", "never"), 0),
    ):
        document = _json(twice, "--check", _CHECK, *options, exit_code=exit_code)
        assert _states(document) == {_CHECK: "warn"}
        assert document["failed"] is bool(exit_code)
        (concern,) = document["checks"][0]["objects"]
        assert (concern["name"], concern["fix"]) == ('"Alumni & <Co>".two', _DROP)


def test_a_check_that_is_critical_fails_the_gate_unless_told_never(own: Perfkit) -> None:
    assert _states(_json(own, "--check", "fsync", exit_code=1)) == {"fsync": "crit"}
    assert _json(own, "--check", "fsync", "--fail-on", "never")["failed"] is False


def test_what_cannot_be_seen_is_no_failure_unless_strict_but_never_success_alone(blind: Perfkit) -> None:
    chosen = ("--check", "pending-restart")
    (check,) = _json(blind, *chosen, exit_code=3)["checks"]
    assert check["state"] == "unknown"
    assert check["fix"] == "GRANT pg_read_all_settings TO blind"
    both = (*chosen, "--check", "sequences")
    assert _states(_json(blind, *both)) == {"pending-restart": "unknown", "sequences": "ok"}
    _json(blind, *both, "--strict", exit_code=3)
    # A failed gate says more than that something is unknown.
    _json(blind, *both, "--check", "fsync", "--strict", exit_code=1)


def test_strict_does_not_hang_on_what_only_informs(own: Perfkit) -> None:
    document = _json(own, "--check", "cache-hit-ratio", "--check", "sequences", "--strict")
    assert _states(document) == {"sequences": "ok", "cache-hit-ratio": "unknown"}


def test_checks_are_chosen_by_name_pattern_and_family(own: Perfkit) -> None:
    chosen = ("--check", "durability", "--check", "s*es", "--check", "bloat", "--fail-on", "never")
    states = _states(_json(own, *chosen))
    assert list(states) == ["fsync", "checksum-failures", "pending-restart", "bloat", "sequences"]


def test_a_check_that_is_not_there_says_what_was_meant(own: Perfkit) -> None:
    result = own("health", "--check", "lock-wait")
    assert result.returncode == 2
    assert "did you mean 'lock-waits'?" in result.stderr
    level = own("health", "--fail-on", "warning")
    assert level.returncode == 2
    assert "--fail-on must be one of warn, crit, never" in level.stderr


def test_the_checks_are_listed_without_a_server(perfkit: Perfkit) -> None:
    nowhere = {"PERFKIT_DSN": "postgresql://nobody@127.0.0.1:1/none"}
    listed = json.loads(perfkit("health", "--list", "--format", "json", env=nowhere).stdout)["checks"]
    names = [check["id"] for check in listed]
    assert len(names) == len(set(names)) == 22
    assert [check["id"] for check in listed if check["costly"]] == ["bloat"]
    text = perfkit("health", "--list", env=nowhere)
    assert text.returncode == 0
    assert all(name in text.stdout for name in names)


def test_a_server_that_is_not_there_is_no_health(perfkit: Perfkit) -> None:
    result = perfkit("health", "--dsn", "postgresql://nobody@127.0.0.1:1/none")
    assert result.returncode == 3
    assert result.stdout == ""


def test_text_folds_what_is_well_and_tells_what_to_do(twice: Perfkit) -> None:
    told = twice("health", "--fail-on", "never").stdout
    assert f"warn: {_CHECK}\n" in told
    assert f"\n    {_DROP}\n" in told
    assert "\n  fix: drop one of each pair\n" in told
    assert "ok" in told
    assert "xid-age, multixact-age" in told
    verbose = twice("health", "--fail-on", "never", "--verbose").stdout
    assert "xid-age, multixact-age" not in verbose
    assert "of the way to wraparound" in verbose


def test_junit_counts_each_state(blind: Perfkit) -> None:
    chosen = [f"--check={name}" for name in (_CHECK, "fsync", "pending-restart", "sequences")]
    result = blind("health", *chosen, "--format", "junit")
    assert result.returncode == 1
    cases = {case.get("name"): case for case in _cases(result.stdout)}
    assert set(cases) == {_CHECK, "fsync", "pending-restart", "sequences"}
    assert cases["fsync"].find("failure") is not None
    assert cases["pending-restart"].find("skipped") is not None
    for name in (_CHECK, "sequences"):
        assert cases[name].find("failure") is None
    strict = {
        case.get("name"): case
        for case in _cases(blind("health", *chosen, "--fail-on=warn", "--format", "junit").stdout)
    }
    failure = strict[_CHECK].find("failure")
    assert failure is not None
    assert _DROP in "".join(failure.itertext())


def _cases(text: str) -> Iterator[ET.Element]:
    return ET.fromstring(text).iter("testcase")


def test_markdown_github_and_html_show_hostile_names_as_text(twice: Perfkit) -> None:
    markdown = twice("health", "--check", _CHECK, "--format", "markdown")
    assert markdown.returncode == 0
    assert "| duplicate-index | 1 index is there twice" in markdown.stdout
    assert "<Co>" not in markdown.stdout
    github = twice("health", "--check", _CHECK, "--fail-on", "warn", "--format", "github")
    assert github.returncode == 1
    assert github.stdout.startswith("::error ")
    html = twice("health", "--check", _CHECK, "--format", "html")
    assert html.returncode == 0
    assert "<Co>" not in html.stdout
    assert "&lt;Co&gt;" in html.stdout
