"""perfkit profile as a user runs it: formats, Ctrl-C, an application's process, and what is refused."""

import json
import signal
import subprocess
import sys
import time
from xml.etree import ElementTree as ET

import psycopg

from tests.cli.command import TIME_LIMIT_S, Perfkit, checked
from tests.cli.schemas import holds

BURN = "def burning():\n    while True:\n        sum(range(1000))\nburning()\n"
SAMPLED = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'perfkit'"


def test_an_idle_server_is_told_in_every_format(project: Perfkit) -> None:
    result = project("profile", "--seconds", 1, "--also", "html=a.html", "--also", "junit=a.xml")
    assert (result.returncode, "sessions were active" in result.stdout) == (0, True)
    assert "<html" in (project.directory / "a.html").read_text()
    ET.parse(project.directory / "a.xml")


def test_ctrl_c_tells_what_was_seen_until_then_and_leaves_no_backend(
    project: Perfkit, superuser_dsn: str
) -> None:
    with (
        project.start("profile", "--seconds", 600, "--format", "json") as process,
        psycopg.connect(superuser_dsn, autocommit=True) as connection,
    ):
        deadline = time.monotonic() + 30
        while connection.execute(SAMPLED).fetchone() != (1,):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        time.sleep(3)
        process.send_signal(signal.SIGINT)
        stdout, stderr = process.communicate(timeout=TIME_LIMIT_S)
        checked(subprocess.CompletedProcess(process.args, process.returncode, stdout, stderr))
        assert process.returncode == 130
        document = json.loads(stdout)
        holds("profile", document)
        assert "interrupted" in document["ended_by"]
        assert document["samples"] > 0
        deadline = time.monotonic() + 10
        while connection.execute(SAMPLED).fetchone() != (0,):
            assert time.monotonic() < deadline
            time.sleep(0.05)


def test_an_application_s_process_is_looked_into_meanwhile(project: Perfkit) -> None:
    with subprocess.Popen([sys.executable, "-c", BURN]) as burning:
        try:
            result = project(
                "profile", "--seconds", 2, "--pid", burning.pid, "--flame", "f.svg", "--format", "json"
            )
        finally:
            burning.kill()
    assert result.returncode == 0, result.stderr
    document = json.loads(result.stdout)
    holds("profile", document)
    application = document["application"]
    assert application["functions"][0]["name"].startswith("burning")
    assert application["functions"][0]["share"] > 0.9
    assert "burning" in (project.directory / "f.svg").read_text()
    ET.parse(project.directory / "f.svg")


def test_a_process_that_is_gone_or_runs_no_python_is_told_before_the_window(project: Perfkit) -> None:
    with subprocess.Popen(["sleep", "60"]) as asleep:
        try:
            other = project("profile", "--seconds", 60, "--pid", asleep.pid)
        finally:
            asleep.kill()
    assert (other.returncode, f"process {asleep.pid} cannot be looked at" in other.stderr) == (3, True)
    gone = project("profile", "--seconds", 60, "--pid", asleep.pid)
    assert (gone.returncode, f"no process {asleep.pid}" in gone.stderr) == (2, True)


def test_a_flame_graph_needs_a_process(project: Perfkit) -> None:
    result = project("profile", "--flame", "f.svg")
    assert (result.returncode, "--pid" in result.stderr) == (2, True)
