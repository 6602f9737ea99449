"""--format, -o and --also: one result in several formats, and what is refused before anything is measured."""

import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.cli.command import QUERIES, Perfkit, Result

# A command that needs no server, and has checks.
CHECKED = ("analyze", "--plan", QUERIES.parents[1] / "unit" / "plan" / "golden" / "18" / "seq_scan_loss.json")


def files(perfkit: Perfkit) -> list[str]:
    return sorted(path.name for path in perfkit.directory.iterdir())


def refused(result: Result) -> str:
    assert result.returncode == 2
    assert result.stdout == ""
    return result.stderr


def test_one_run_writes_each_format_and_they_tell_the_same(perfkit: Perfkit) -> None:
    alone = perfkit(*CHECKED)
    result = perfkit(*CHECKED, *also("json=a.json"), *also("junit=b.xml"), *also("sarif=c.sarif"))
    assert result.stdout == alone.stdout
    assert result.returncode == alone.returncode
    findings = json.loads((perfkit.directory / "a.json").read_text())["findings"]
    assert findings
    assert len(ET.parse(perfkit.directory / "b.xml").findall(".//testcase")) == len(findings)
    assert json.loads((perfkit.directory / "c.sarif").read_text())["version"] == "2.1.0"
    assert files(perfkit) == ["a.json", "b.xml", "c.sarif"]


def test_the_result_may_go_to_a_file_and_another_format_to_stdout(perfkit: Perfkit) -> None:
    result = perfkit("config", "-o", "a.txt", *also("json=-"))
    assert json.loads(result.stdout)["schema"] == "perfkit.config/1"
    assert "perfkit config" in (perfkit.directory / "a.txt").read_text()


def test_a_file_s_ending_says_its_format_where_none_is_named(perfkit: Perfkit) -> None:
    for name in ("a.json", "b.txt", "c.md"):
        perfkit(*CHECKED, "-o", name)
    perfkit(*CHECKED, "-o", "d.json", "--format", "text")
    begin = {path.name: path.read_text().split()[0] for path in perfkit.directory.iterdir()}
    assert begin == {"a.json": "{", "b.txt": "perfkit", "c.md": "##", "d.json": "perfkit"}


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("pdf=a.pdf", "there is no format 'pdf'"),
        ("junit", "write FORMAT=FILE"),
        ("junit=", "write FORMAT=FILE"),
        ("junit=missing/a.xml", "cannot write missing/a.xml: No such file or directory"),
        ("junit=.", "cannot write .: Is a directory"),
        ("junit=queries/office.sql/a.xml", "Not a directory"),
        ("junit=-", "two results would be written to -"),
    ],
)
def test_what_cannot_be_written_is_refused_before_measuring(project: Perfkit, given: str, words: str) -> None:
    unreachable = ("--dsn", "host=127.0.0.1 port=1")
    before = files(project)
    assert words in refused(project("analyze", *unreachable, *also("sarif=a.sarif"), *also(given)))
    assert files(project) == before


def test_two_results_to_one_file_are_refused(perfkit: Perfkit) -> None:
    assert "two results" in refused(perfkit("config", "-o", "a", *also(f"json={perfkit.directory}/a")))
    assert "two results" in refused(perfkit("config", *also("json=a"), *also("junit=./a")))


def test_a_full_disk_leaves_the_report_as_it_was(perfkit: Perfkit, small_disk: Path) -> None:
    report = small_disk / "report.json"
    report.write_text("old")
    (small_disk / "rest").write_bytes(b"x" * 60_000)
    result = perfkit(*CHECKED, *also(f"json={report}"))
    assert result.returncode == 3
    assert "No space left on device" in result.stderr
    assert result.stdout == perfkit(*CHECKED).stdout
    assert report.read_text() == "old"


def test_in_a_github_job_the_format_github_adds_all_checks_to_the_jobs_page(perfkit: Perfkit) -> None:
    page = perfkit.directory / "page.md"
    page.write_text("from another step\n")
    job = {"GITHUB_STEP_SUMMARY": str(page)}
    assert "::" in perfkit(*CHECKED, "--format", "github", env=job).stdout
    told = page.read_text()
    assert told.startswith("from another step\n")
    assert perfkit(*CHECKED, "--format", "markdown", env=job).stdout in told
    assert page.read_text() == told


def also(text: str) -> tuple[str, str]:
    return "--also", text
