"""JSON, JUnit and GitHub: what programs read."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from types import MappingProxyType
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfkit.findings import Severity
from perfkit.report.document import Check, Document, State
from perfkit.report.formats import pieces, render
from perfkit.report.github import step_summary
from perfkit.report.layout import visible
from perfkit.report.options import RenderOptions
from perfkit.report.told import text_of
from tests.unit.report.sample import SAMPLE

ANY_TEXT = st.text(st.characters())


def document(*checks: Check, data: Mapping[str, Any] | None = None) -> Document:
    return Document(schema="perfkit.test/1", title="Title", blocks=(), checks=checks, data=data or {})


def checks(count: int, state: State) -> tuple[Check, ...]:
    return tuple(Check(id=f"{state} {n}", group="g", state=state, message="m") for n in range(count))


@given(st.dictionaries(ANY_TEXT.filter(lambda key: key != "schema"), ANY_TEXT))
def test_json_is_ascii_starts_with_the_schema_and_keeps_text_and_order(data: dict[str, str]) -> None:
    told = render(document(data=data), "json")
    assert told.isascii()
    assert list(json.loads(told).items()) == [("schema", "perfkit.test/1"), *data.items()]


def test_long_json_comes_in_pieces_that_are_the_whole() -> None:
    long = document(data={"numbers": list(range(100_000))})
    parts = list(pieces(long, "json", RenderOptions()))
    assert max(map(len, parts)) < 100_000
    assert "".join(parts) == render(long, "json")


def test_json_cannot_be_given_another_schema_by_the_data() -> None:
    told = json.loads(render(document(data={"a": 1, "schema": "forged"}), "json"))
    assert told == {"schema": "perfkit.test/1", "a": 1}


def test_json_knows_the_values_that_results_are_made_of() -> None:
    @dataclass(frozen=True)
    class Point:
        x_ms: float

    data = {
        "at": datetime(2026, 11, 24, 8, tzinfo=UTC),
        "day": date(2026, 11, 24),
        "path": Path("queries/a.sql"),
        "whole": Decimal("12.0"),
        "fraction": Decimal("0.5"),
        "severity": Severity.ERROR,
        "evidence": MappingProxyType({"rows": 1}),
        "point": Point(1.5),
        "pair": (1, None),
    }
    assert json.loads(render(document(data=data), "json")) == {
        "schema": "perfkit.test/1",
        "at": "2026-11-24T08:00:00+00:00",
        "day": "2026-11-24",
        "path": "queries/a.sql",
        "whole": 12,
        "fraction": 0.5,
        "severity": "error",
        "evidence": {"rows": 1},
        "point": {"x_ms": 1.5},
        "pair": [1, None],
    }


@pytest.mark.parametrize(
    "value",
    [float("nan"), float("inf"), Decimal("NaN"), Decimal("-Infinity"), datetime(2026, 11, 24)],  # noqa: DTZ001 - the fault
)
def test_json_refuses_what_other_programs_would_misread(value: object) -> None:
    with pytest.raises(ValueError, match=r"JSON|zone|cannot"):
        render(document(data={"value": [value]}), "json")


@given(st.lists(st.builds(
    Check, id=ANY_TEXT, group=ANY_TEXT, state=st.sampled_from(State), message=ANY_TEXT, detail=ANY_TEXT,
    path=ANY_TEXT, line=st.integers(0, 9), seconds=st.floats(0, 1e6),
)))  # fmt: skip
def test_junit_is_valid_xml_with_true_counts_whatever_the_text(given_checks: list[Check]) -> None:
    root = ET.fromstring(render(document(*given_checks), "junit"))
    assert root.get("tests") == str(len(given_checks))
    assert len(root.findall("testsuite/testcase")) == len(given_checks)
    assert {suite.get("name") for suite in root} == {visible(check.group) for check in given_checks}
    for element in (root, *root):
        cases = element.findall(".//testcase")
        assert element.get("tests") == str(len(cases))
        for outcome, count in (("failure", "failures"), ("error", "errors"), ("skipped", "skipped")):
            assert element.get(count) == str(sum(case.find(outcome) is not None for case in cases))


def test_junit_keeps_failure_error_skip_and_warning_apart() -> None:
    root = ET.fromstring(render(SAMPLE, "junit", RenderOptions(working_directory="/srv/app")))
    inside = {case.get("name"): [child.tag for child in case] for case in root.iter("testcase")}
    assert list(inside.values()) == [["failure"], ["skipped"], ["system-out"], [], ["error"]]
    failed = root.find(".//testcase[failure]")
    assert failed is not None
    assert failed.get("classname") == "directory_by_class"
    assert failed.get("file") == "queries/directory.sql"
    assert failed.get("line") == "12"
    assert failed.get("time") == "7.600000"
    assert (failed.findtext("failure") or "").endswith("1,204,112 rows")


@given(st.lists(st.builds(
    Check, id=ANY_TEXT, group=ANY_TEXT, state=st.sampled_from(State), message=ANY_TEXT, detail=ANY_TEXT,
    path=ANY_TEXT, line=st.integers(0, 9),
), max_size=5))  # fmt: skip
def test_github_gets_one_line_a_command_whatever_the_text(given_checks: list[Check]) -> None:
    *commands, summary, end = render(document(*given_checks), "github").split("\n")
    told = [check for check in given_checks if check.state is not State.PASSED]
    assert end == ""
    assert summary.startswith("perfkit test: ")
    assert len(commands) == len(told)
    for command, check in zip(commands, told, strict=True):
        match = re.fullmatch(r"::(error|warning|notice) (.*?)::(.*)", command)
        assert match
        assert len(command.splitlines()) == 1
        properties = dict(pair.split("=", 1) for pair in match[2].split(","))
        assert unescaped(properties["title"]) == shown(check.id)
        assert unescaped(match[3]) == shown(text_of(check))


def test_github_is_given_ten_of_a_kind_and_the_count_of_the_rest() -> None:
    lines = render(
        document(
            *checks(13, State.FAILED),
            *checks(2, State.ERROR),
            *checks(11, State.WARNING),
            *checks(1, State.PASSED),
        ),
        "github",
    ).splitlines()
    assert [line.split(" ")[0] for line in lines] == ["::error"] * 10 + ["::warning"] * 10 + ["perfkit"]
    assert lines[-1] == (
        "perfkit test: 27 checks: 1 passed, 11 warning, 13 failed, 2 error;"
        " GitHub shows 10 annotations of a kind, not shown: 1 warning, 3 failed, 2 error"
    )


def test_the_rest_goes_to_the_page_of_the_github_job_before_the_document() -> None:
    many = document(*checks(12, State.FAILED), *checks(1, State.WARNING))
    told = step_summary(many, RenderOptions())
    rows = [line for line in told.splitlines() if line.startswith("| failed ")]
    assert rows == ["| failed | failed 10 |  | m |", "| failed | failed 11 |  | m |"]
    few = document(*checks(2, State.FAILED))
    assert step_summary(few, RenderOptions()) == render(few, "markdown")


def test_a_message_that_begins_with_the_id_says_it_once() -> None:
    check = Check(id="a/b", group="a", state=State.FAILED, message="a/b: slower", path="a.sql", line=1)
    assert render(document(check), "github").startswith("::error file=a.sql,line=1,title=a/b::slower\n")
    assert 'name="a/b"' in render(document(check), "junit")
    assert '<failure message="slower"' in render(document(check), "junit")


@pytest.mark.parametrize(
    ("path", "relative"),
    [
        ("/srv/app/queries/a.sql", "queries/a.sql"),
        ("/srv/application/a.sql", "/srv/application/a.sql"),
        ("queries/a.sql", "queries/a.sql"),
    ],
)
def test_paths_are_relative_to_the_working_directory_when_under_it(path: str, relative: str) -> None:
    check = Check(id="c", group="g", state=State.FAILED, message="m", path=path, line=3)
    told = render(document(check), "github", RenderOptions(working_directory="/srv/app"))
    assert told.startswith(f"::error file={relative},line=3,title=c::m\n")


def shown(text: str) -> str:
    """Return the text visible but for its line ends."""
    return re.sub(r"[^\r\n]+", lambda match: visible(match[0]), text)


def unescaped(text: str) -> str:
    for escape, character in (("%2C", ","), ("%3A", ":"), ("%0A", "\n"), ("%0D", "\r"), ("%25", "%")):
        text = text.replace(escape, character)
    return text
