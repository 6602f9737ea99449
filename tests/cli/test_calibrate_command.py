"""perfkit calibrate, as a user gives it."""

import json
import tomllib

import pytest

from tests.cli.command import Perfkit
from tests.cli.schemas import holds


def test_the_judge_is_measured_and_its_thresholds_recommended(project: Perfkit) -> None:
    result = project("calibrate", "--budget", "1s", "--format", "json")
    assert result.returncode == 0, result.stderr
    document = json.loads(result.stdout)
    holds("calibrate", document)
    assert document["rounds"] >= 6
    assert {case["pairs"] for case in document["cases"]} == {document["rounds"]}
    assert [case["case"] for case in document["not_measured"]] == ["profile_update/typical"]
    assert document["present"]["slowdown"] == "5%"
    assert all(case["smallest_slowdown"] >= 0.05 for case in document["cases"])
    assert not document["written"]


def test_the_recommendation_is_written_where_asked_and_nothing_else_changes(project: Perfkit) -> None:
    path = project.directory / "perfkit.toml"
    before = path.read_text()
    path.write_text(f"# ours\n{before}floor = '9ms'  # to be seen\n")
    told = project("calibrate", "class_list", "--budget", "1s", "--format", "json")
    recommended = json.loads(told.stdout)["recommended"]
    assert json.loads(told.stdout)["present"]["floor_ms"] == 9
    assert "9ms" in path.read_text()
    written = project("calibrate", "class_list", "--budget", "1s", "--write")
    assert written.returncode == 0, written.stderr
    assert f"Written to {path}" in written.stdout.replace("\n", " ")
    text = path.read_text()
    assert text.startswith(f"# ours\n{before}floor = ")
    assert "# to be seen" in text
    assert tomllib.loads(text)["floor"] in written.stdout
    assert tomllib.loads(text)["slowdown"] in written.stdout
    assert recommended["slowdown"].endswith("%")
    assert project("config").returncode == 0


@pytest.mark.parametrize("arguments", [("--dsn", "postgresql://nobody@127.0.0.1:1/x"), ("profile_update",)])
def test_nothing_measured_is_no_success(project: Perfkit, arguments: tuple[str, ...]) -> None:
    result = project("calibrate", *arguments, "--budget", "1s", "--write")
    assert result.returncode == 3
    assert "slowdown" not in (project.directory / "perfkit.toml").read_text()
