"""perfkit history: what a user sees of many runs, and what a script is told of them."""

import json
import re
import xml.etree.ElementTree as ET

import pytest

from perfkit.history.codec import encode
from perfkit.history.store import append
from tests.cli.command import Perfkit
from tests.cli.schemas import holds
from tests.unit.history.made import RUN, entry

SVG = "{http://www.w3.org/2000/svg}"
RUNS = 30


@pytest.fixture
def history(perfkit: Perfkit) -> Perfkit:
    """Return perfkit in a directory with a history of 30 runs, in which one case of three became slower."""
    path = perfkit.directory / ".perfkit" / "history.jsonl"
    for day in range(RUNS):
        noise = 1 + day % 3 / 100
        slower = RUN._replace(median_ms=20 * noise * (1.3 if day >= 20 else 1))
        steady = RUN._replace(median_ms=5 * noise)
        append(path, entry({"gifts/year": slower, "gifts/all": steady, "person/one": steady}, day=day))
    return perfkit


def test_a_table_tells_each_case_and_what_drifted_since_when(history: Perfkit) -> None:
    result = history("history")
    assert result.returncode == 0
    lines = result.stdout.splitlines()
    assert lines[0] == "perfkit history: 3 cases in 30 runs"
    worst = next(line for line in lines if line.startswith("gifts/"))
    assert re.fullmatch(r"gifts/year +30 +20\.0 ms +26\.5 ms +[▁▂▃]+[▄▅▆▇█]+ +\+30 %", worst)
    assert "gifts/year: +30 % since 2026-07-21 (0000000)" in lines
    assert lines[-1] == "Drift: 1 of 3 cases slower or doing more work."


def test_drift_fails_only_when_asked_to(history: Perfkit) -> None:
    assert history("history", "--fail-on-drift").returncode == 1
    assert history("history", "person", "gifts/all", "--fail-on-drift").returncode == 0
    assert history("history", "--last", 9, "--fail-on-drift").returncode == 0


def test_too_few_sessions_are_said_and_are_not_called_no_drift(history: Perfkit) -> None:
    lines = history("history", "--last", 9).stdout.splitlines()
    assert (
        lines[-1]
        == "Too early to tell drift: 9 sessions of the 14 that it takes (runs within 12 hours are one)."
    )


def test_a_case_with_too_few_sessions_is_told_beside_those_that_have_enough(perfkit: Perfkit) -> None:
    path = perfkit.directory / ".perfkit" / "history.jsonl"
    for day in range(RUNS):
        steady = RUN._replace(median_ms=5 * (1 + day % 3 / 100))
        append(path, entry({"gifts/all": steady} | ({"gifts/new": steady} if day >= 27 else {}), day=day))
    lines = perfkit("history").stdout.splitlines()
    assert lines[-1].startswith("No drift; of 1 of 2 cases it is too early to tell")
    junit = ET.fromstring(perfkit("history", "--format", "junit").stdout)
    assert [case.get("name") for case in junit.iter("testcase") if case.find("skipped") is not None] == [
        "gifts/new"
    ]


def test_a_single_case_is_shown_run_by_run(history: Perfkit) -> None:
    lines = history("history", "gifts/year").stdout.splitlines()
    runs = [line for line in lines if line.startswith("2026-")]
    assert len(runs) == RUNS
    assert [line[:10] for line in runs if line.endswith(" ms")] == ["2026-07-21"]
    assert runs[0].endswith("20.2 ms, 100 blocks")


def test_an_encoding_without_blocks_gets_other_characters(history: Perfkit) -> None:
    result = history("history", env={"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"})
    assert result.stdout.isascii()
    assert "\\u" not in result.stdout
    assert re.search(r" _+[~=+*#]+ ", result.stdout)


@pytest.mark.parametrize("format_name", ["text", "markdown", "github", "junit"])
def test_every_format_names_the_case_that_drifted(history: Perfkit, format_name: str) -> None:
    result = history("history", "--format", format_name, "--fail-on-drift")
    assert result.returncode == 1
    assert "gifts/year" in result.stdout
    assert "+30 %" in result.stdout.replace("%25", "%")


def test_the_json_and_the_file_are_what_the_schemas_say(history: Perfkit) -> None:
    document = json.loads(history("history", "--format", "json").stdout)
    holds("history.show", document)
    assert document["drifted"]
    worst = document["cases"][0]
    assert (worst["case"], worst["direction"]) == ("gifts/year", "worse")
    assert [level["since"][:10] for level in worst["time"]["levels"]] == ["2026-07-01", "2026-07-21"]
    holds("history", json.loads(encode(entry({"a/one": RUN}, calibration_ms={"cpu": 1.0}))))
    holds("history", json.loads(encode(entry({}))))


def test_the_plot_is_an_svg_with_a_title_the_points_and_the_changes(history: Perfkit) -> None:
    assert history("history", "--plot", "drift.svg").returncode == 0
    root = ET.parse(history.directory / "drift.svg").getroot()
    assert root.attrib["role"] == "img"
    labelled = root.attrib["aria-labelledby"].split()
    texts = {each.attrib["id"]: each.text for each in root if "id" in each.attrib}
    assert texts[labelled[0]] == "perfkit history: gifts/year"
    assert texts[labelled[1]] == "gifts/year: time: 20 to 26.52 ms in 30 runs, +30 % 0000000"
    assert len(list(root.iter(f"{SVG}circle"))) == RUNS
    assert len([line for line in root.iter(f"{SVG}line") if line.attrib["class"] == "mark"]) == 1


def test_a_place_that_a_plot_cannot_be_written_to_is_a_usage_error(history: Perfkit) -> None:
    result = history("history", "--plot", "nowhere/drift.svg")
    assert result.returncode == 2
    assert "cannot write nowhere/drift.svg" in result.stderr


def test_without_a_run_nothing_is_ok(perfkit: Perfkit) -> None:
    result = perfkit("history")
    assert result.returncode == 3
    assert result.stdout == ""
    assert result.stderr == (
        "perfkit: there is no run in the history .perfkit/history.jsonl\n"
        "  hint: measure first: perfkit regress, or perfkit baseline\n"
    )


def test_a_pattern_that_chooses_nothing_is_a_usage_error(history: Perfkit) -> None:
    result = history("history", "gift")
    assert result.returncode == 2
    assert "did you mean 'gifts'?" in result.stderr


def test_a_damaged_line_is_named(history: Perfkit) -> None:
    path = history.directory / ".perfkit" / "history.jsonl"
    lines = path.read_text().splitlines()
    lines[4] = lines[4][:-5]
    path.write_text("\n".join(lines) + "\n")
    result = history("history")
    assert result.returncode == 2
    assert ".perfkit/history.jsonl:5: is not valid JSON" in result.stderr


def test_the_file_is_a_setting(history: Perfkit) -> None:
    (history.directory / ".perfkit").rename(history.directory / "kept")
    (history.directory / "perfkit.toml").write_text('history = "kept/history.jsonl"\n')
    assert history("history").returncode == 0
    assert history("history", "--history", "other.jsonl").returncode == 3
