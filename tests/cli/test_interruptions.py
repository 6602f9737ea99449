"""What comes in between: Ctrl-C, a reader that has gone, a place that cannot be written."""

import os
import re
import shutil
import signal
import subprocess
import time
from pathlib import Path

import psycopg
import pytest

from tests.cli.command import TIME_LIMIT_S, Perfkit, checked

FOREVER = "-- name: a_forever\nSELECT count(*) FROM generate_series(1, 1000000000000);\n"
# Python may tell of a file that was being opened just then, as it tells all warnings here.
BEING_OPENED = re.compile(
    r"Exception ignored in: <_io\.FileIO .*\nTraceback .*\n(  .*\n)+ResourceWarning: unclosed file .*\n"
)
RUNNING = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'perfkit' AND datname = current_database()"


def wait_until(database: str, query: str, count: int) -> None:
    deadline = time.monotonic() + 20
    with psycopg.connect(database, autocommit=True) as connection:
        while connection.execute(query.encode()).fetchone() != (count,):
            assert time.monotonic() < deadline, f"never {count}: {query}"
            time.sleep(0.02)


@pytest.mark.parametrize("command", [("analyze",), ("regress",), ("baseline",)])
def test_ctrl_c_cancels_on_the_server(
    own_project: Perfkit, own_dsn: str, baselines: Path, command: tuple[str, ...]
) -> None:
    shutil.copytree(baselines, own_project.directory / "baselines")
    before = {path: path.read_bytes() for path in own_project.directory.rglob("*.json")}
    (own_project.directory / "queries" / "forever.sql").write_text(FOREVER)
    with own_project.start(*command) as process:
        wait_until(own_dsn, f"{RUNNING} AND query LIKE '%EXPLAIN%' AND state = 'active'", 1)
        process.send_signal(signal.SIGINT)
        began = time.monotonic()
        stdout, stderr = process.communicate(timeout=TIME_LIMIT_S)
    assert time.monotonic() - began < 5
    assert process.returncode == 130
    assert BEING_OPENED.sub("", stderr) == "perfkit: interrupted\n"
    assert stdout == ""
    wait_until(own_dsn, RUNNING, 0)
    assert {path: path.read_bytes() for path in own_project.directory.rglob("*.json")} == before


@pytest.mark.parametrize(("fail_on", "exit_code"), [("never", 0), ("warning", 1)])
def test_a_reader_that_has_gone_does_no_harm(project: Perfkit, fail_on: str, exit_code: int) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    process = subprocess.Popen(
        project.command("analyze", "--format", "json", "--fail-on", fail_on),
        cwd=project.directory,
        env=project.shell_environment(),
        stdout=writer,
        stderr=subprocess.PIPE,
        text=True,
    )
    os.close(writer)
    _, stderr = process.communicate(timeout=TIME_LIMIT_S)
    assert (process.returncode, stderr) == (exit_code, "")


@pytest.mark.parametrize(
    "command", [("-h",), ("analyze", "-h"), ("config",), ("catalog", "show", "class_list")]
)
def test_head_takes_what_it_wants(project: Perfkit, command: tuple[str, ...]) -> None:
    script = (
        " ".join(f"'{word}'" for word in project.command(*command)) + ' | head -1; exit "${PIPESTATUS[0]}"'
    )
    result = subprocess.run(
        ["bash", "-c", script],
        cwd=project.directory,
        env=project.shell_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked(result).returncode == 0
    assert result.stderr == ""


def test_a_closed_stdout_is_no_crash(project: Perfkit) -> None:
    script = " ".join(f"'{word}'" for word in project.command("config")) + " >&-"
    result = subprocess.run(
        ["bash", "-c", script],
        cwd=project.directory,
        env=project.shell_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    checked(result)


def test_a_full_stdout_is_not_a_pass(project: Perfkit) -> None:
    with Path("/dev/full").open("w") as full:
        process = subprocess.run(
            project.command("analyze", "class_list"),
            cwd=project.directory,
            env=project.shell_environment(),
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert process.returncode == 3
    assert "No space left on device" in process.stderr
    assert "Traceback" not in process.stderr


def test_a_result_is_written_to_a_file_whole(project: Perfkit) -> None:
    target = project.directory / "result.json"
    target.write_text("before")
    result = project("analyze", "--format", "json", "-o", target)
    assert (result.returncode, result.stdout) == (0, "")
    assert target.read_text().startswith('{\n  "schema": "perfkit.analyze/1"')


@pytest.mark.parametrize("target", ["nowhere/result.json", "queries", "perfkit.toml/x"])
def test_a_file_that_cannot_be_written_is_a_usage_error(project: Perfkit, target: str) -> None:
    result = project("analyze", "class_list", "-o", target)
    assert result.returncode == 2
    assert f"cannot write {target}" in result.stderr
    assert "hint:" in result.stderr
    assert not list(project.directory.rglob("*.tmp"))


def test_baselines_that_cannot_be_written_are_a_usage_error(project: Perfkit) -> None:
    result = project("baseline", "--only", "class_list", "--baselines", "perfkit.toml")
    assert result.returncode == 2
    assert "perfkit.toml" in result.stderr
