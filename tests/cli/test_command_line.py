"""The command line itself: help, version, options that are not there, where results and words for people go."""

import os
import re
import subprocess

import pytest
from typer.testing import CliRunner

from perfkit.cli.main import app
from tests.cli.command import Perfkit

COMMANDS = (
    *(
        "",
        "analyze",
        "apply",
        "baseline",
        "baseline accept",
        "baseline bench",
        "baseline list",
        "baseline show",
    ),
    *("bench", "bench api", "bench cache", "bench import", "bench load", "calibrate", "catalog"),
    *("catalog check", "catalog import", "catalog list", "catalog show", "config", "demo", "demo api"),
    *("demo api down", "demo api status", "demo api up", "demo csv", "demo down", "demo psql", "demo status"),
    *("demo up", "doctor", "health", "history", "monitor", "monitor dashboard", "monitor role-sql"),
    *("monitor rules", "monitor serve", "profile", "regress", "render", "render alertmanager", "render all"),
    *("render compose", "render grafana", "render haproxy", "render nginx", "render pgbouncer"),
    *("render prometheus", "render valkey", "report", "suggest", "targets", "twin", "twin build"),
    *("twin check", "twin down", "twin explain", "twin export"),
)


def test_every_command_explains_itself() -> None:
    listed: set[str] = set()
    for command in COMMANDS:
        result = CliRunner().invoke(app, [*command.split(), "-h"], prog_name="perfkit")
        assert result.exit_code == 0
        assert f"{command} [OPTIONS]" in result.stdout
        assert not re.search(r"--[a-z-]*…", result.stdout), f"{command}: an option's name is cut off"
        listed |= {f"{command} {name}".strip() for name in _listed_commands(result.stdout)}
    assert listed == set(COMMANDS) - {""}


def _listed_commands(text: str) -> list[str]:
    _, _, table = text.partition("─ Commands ")
    rows = (line.strip("│").split("  ") for line in table.splitlines() if line.startswith("│ "))
    return [row[0].strip() for row in rows if row[0].strip()]


def test_the_version_stands_alone(perfkit: Perfkit) -> None:
    result = perfkit("--version")
    assert result.returncode == 0
    assert result.stdout.startswith("perfkit 0.")
    assert result.stdout.count("\n") == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ("analyze", "--frobnicate"),
        ("frobnicate",),
        ("analyze", "--samples", "0"),
        ("analyze", "--timeout", "soon"),
        ("analyze", "--fail-on", "disaster"),
        ("analyze", "--plan-mode", "clever"),
        ("analyze", "--format", "pdf"),
        ("baseline", "accept", "class_list/typical"),
        ("baseline", "--name", "../elsewhere"),
        ("demo", "csv", "--bad-share", "2"),
        ("demo", "up", "--alumni", "5"),
        ("catalog", "show"),
    ],
)
def test_a_wrong_option_is_a_usage_error(project: Perfkit, arguments: tuple[str, ...]) -> None:
    result = project(*arguments)
    assert result.returncode == 2
    assert result.stdout == ""
    assert result.stderr


def test_a_wrong_format_is_refused_before_the_server_is_asked(project: Perfkit) -> None:
    result = project("analyze", "--format", "pdf", "--dsn", "host=127.0.0.1 port=1")
    assert result.returncode == 2
    assert "text, json, junit, github, markdown" in result.stderr


def test_a_result_goes_to_stdout_and_nothing_else_does(project: Perfkit) -> None:
    result = project("analyze", "--format", "json")
    assert result.stdout.startswith('{\n  "schema": "perfkit.analyze/1"')
    assert result.stderr == ""


@pytest.mark.parametrize("environ", [{}, {"FORCE_COLOR": "1"}])
def test_a_pipe_gets_no_colours(project: Perfkit, environ: dict[str, str]) -> None:
    result = project("analyze", "class_list", env=environ)
    assert "\x1b" not in result.stdout


@pytest.mark.parametrize(("environ", "colours"), [({}, True), ({"NO_COLOR": "1"}, False)])
def test_a_terminal_gets_colours_unless_told_not_to(
    project: Perfkit, environ: dict[str, str], *, colours: bool
) -> None:
    leader, follower = os.openpty()
    process = subprocess.Popen(
        project.command("catalog", "check"),
        cwd=project.directory,
        env=project.shell_environment() | {"TERM": "xterm-256color"} | environ,
        stdout=follower,
    )
    os.close(follower)
    assert process.wait(60) == 0
    with os.fdopen(leader, "rb", buffering=0) as terminal:
        shown = terminal.read(65_536)
    assert (b"\x1b[" in shown) is colours


def test_without_a_server_the_hint_says_how_to_get_one(perfkit: Perfkit) -> None:
    (perfkit.directory / "queries").mkdir()
    (perfkit.directory / "queries" / "one.sql").write_text("-- name: one\nSELECT 1;\n")
    result = perfkit("analyze", env={"PGHOST": "/nowhere"})
    assert result.returncode == 3
    assert "perfkit demo up" in result.stderr


def test_a_demo_that_does_not_run_says_how_to_start_it(perfkit: Perfkit) -> None:
    result = perfkit("demo", "status")
    assert result.returncode == 3
    assert "perfkit demo up" in result.stdout
    assert perfkit("demo", "down").returncode == 0


def test_an_import_file_is_written_without_a_server(perfkit: Perfkit) -> None:
    target = perfkit.directory / "import.csv"
    assert perfkit("demo", "csv", "--rows", "20", "-o", target).returncode == 0
    assert target.read_text().count("\n") >= 20
