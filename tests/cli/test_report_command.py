"""perfkit report: all that was measured last on one page, and what it says when there is little or nothing."""

import json
import re

import pytest

from perfkit.bench.result import Figure, Kind
from perfkit.history.store import append
from tests.cli.command import Perfkit
from tests.cli.test_targets_command import keep, keep_figure
from tests.unit.history.made import RUN, entry


def remember(perfkit: Perfkit, runs: int) -> None:
    """Leave so many runs in the history."""
    for day in range(runs):
        append(perfkit.directory / ".perfkit" / "history.jsonl", entry({"gifts/year": RUN}, day=day))


def test_nothing_measured_is_said_with_what_to_run(perfkit: Perfkit) -> None:
    result = perfkit("report")
    assert (result.returncode, result.stdout) == (3, "")
    assert (
        "there is nothing to tell: no bench in .perfkit and no run in .perfkit/history.jsonl" in result.stderr
    )
    assert "measure first: perfkit analyze" in result.stderr


def test_targets_benches_and_history_stand_on_one_page(perfkit: Perfkit) -> None:
    keep(perfkit, 900, 1000, 1100)
    keep_figure(
        perfkit,
        "load",
        Figure(id="users_held", unit="users", kind=Kind.RATE, samples=(300,)),
        users="100,300",
    )
    remember(perfkit, 3)
    result = perfkit("report")
    assert result.returncode == 0, result.stderr
    titles = ["Targets\n", "Import, 2026-05-04 00:00\n", "Load, 2026-05-04 00:00\n", "History\n"]
    places = [result.stdout.index(title) for title in titles]
    assert places == sorted(places)
    # Its median with the least and largest, and of a single one no spread.
    assert re.search(r"^ms_per_1000 +1\.00 s +900 ms +1\.10 s +3$", result.stdout, re.MULTILINE)
    assert re.search(r"^users_held +300 users +1$", result.stdout, re.MULTILINE)
    assert "Measured with rows 1000; on PostgreSQL 18.6, 2 cores." in result.stdout
    assert re.search(r"^gifts/year +3 ", result.stdout, re.MULTILINE)


def test_its_json_holds_all_of_each(perfkit: Perfkit) -> None:
    keep(perfkit, 900, 1000, 1100)
    document = json.loads(perfkit("report", "--format", "json").stdout)
    assert [each["bench"] for each in document["benches"]] == ["import"]
    assert document["history"] is None
    states = {each["id"]: each["state"] for each in document["targets"]}
    assert states["import"] == "met"
    assert set(states.values()) == {"met", "unknown"}
    remember(perfkit, 3)
    document = json.loads(perfkit("report", "--last=2", "--format", "json").stdout)
    assert document["history"]["runs"] == 2


@pytest.mark.parametrize("text", ["", '{"schema":"perfkit.history/1","at"'])
def test_a_history_whose_only_run_was_killed_is_none(perfkit: Perfkit, text: str) -> None:
    keep(perfkit, 900, 1000, 1100)
    (perfkit.directory / ".perfkit" / "history.jsonl").write_text(text)
    result = perfkit("report")
    assert result.returncode == 0, result.stderr
    assert "History" not in result.stdout


def test_a_damaged_file_is_named(perfkit: Perfkit) -> None:
    keep(perfkit, 900, 1000, 1100)
    remember(perfkit, 1)
    path = perfkit.directory / ".perfkit" / "history.jsonl"
    path.write_text(f"nonsense\n{path.read_text()}")
    result = perfkit("report")
    assert result.returncode == 2
    assert ".perfkit/history.jsonl:1" in result.stderr
