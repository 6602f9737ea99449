"""SARIF: the structure that 2.1.0 asks for and the parts that GitHub reads, whatever the text."""

import json
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfkit.report.document import Check, Document, State
from perfkit.report.formats import render
from perfkit.report.options import RenderOptions
from tests.unit.report.sample import SAMPLE

ANY_TEXT = st.text(st.characters() | st.sampled_from("[](){}%:/\\ 01"))


def shape(required: dict[str, Any], **optional: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": required | optional,
        "required": list(required),
        "additionalProperties": False,
    }


def each(item: dict[str, Any], *, least: int = 0) -> dict[str, Any]:
    return {"type": "array", "items": item, "minItems": least}


TEXT = {"type": "string", "minLength": 1}
MESSAGE = shape({"text": TEXT})
# An RFC 3986 URI reference in plain ASCII; a relative one has no colon in its first part.
URI = {"type": "string", "pattern": r"^(file:///[A-Za-z0-9._~%/-]*|[A-Za-z0-9._~%-][A-Za-z0-9._~%/-]*)$"}
LOCATION = shape(
    {
        "physicalLocation": shape(
            {
                "artifactLocation": shape({"uri": URI}),
                "region": shape({"startLine": {"type": "integer", "minimum": 1}}),
            }
        ),
        "logicalLocations": each(shape({"fullyQualifiedName": {"type": "string"}}), least=1),
    }
)
RULE = shape({"id": TEXT, "shortDescription": MESSAGE, "fullDescription": MESSAGE, "help": MESSAGE})
RESULT = shape(
    {
        "ruleId": TEXT,
        "ruleIndex": {"type": "integer", "minimum": 0},
        "level": {"enum": ["error", "warning"]},
        "message": MESSAGE,
        "locations": each(LOCATION, least=1),
        "partialFingerprints": shape({"primaryLocationLineHash": TEXT}),
    }
)
NOTIFICATION = shape({"level": {"const": "note"}, "message": MESSAGE}, locations=each(LOCATION, least=1))
RUN = shape(
    {
        "tool": shape({"driver": shape({"name": TEXT, "semanticVersion": TEXT, "rules": each(RULE)})}),
        "automationDetails": shape({"id": TEXT}),
        "invocations": each(
            shape(
                {
                    "executionSuccessful": {"type": "boolean"},
                    "toolExecutionNotifications": each(NOTIFICATION),
                }
            ),
            least=1,
        ),
        "results": each(RESULT),
        "columnKind": {"const": "unicodeCodePoints"},
    }
)
# What perfkit writes of SARIF 2.1.0, held tighter than the standard's own schema, of which it is a part.
LOG = shape({"$schema": TEXT, "version": {"const": "2.1.0"}, "runs": each(RUN, least=1)})


def run_of(*checks: Check, schema: str = "perfkit.regress/1") -> dict[str, Any]:
    document = Document(schema=schema, title="Title", blocks=(), checks=checks, data={})
    return read(render(document, "sarif", RenderOptions(working_directory="/srv/app")))


def read(told: str) -> dict[str, Any]:
    assert told.isascii()
    assert told.endswith("}\n")
    log = json.loads(told)
    jsonschema.Draft202012Validator(LOG).validate(log)
    run: dict[str, Any] = log["runs"][0]
    return run


def check(id_: str = "a/b", state: State = State.FAILED, **fields: Any) -> Check:
    return Check(**{"id": id_, "group": "a", "state": state, "message": "slower", **fields})


def uri_of(result: dict[str, Any]) -> str:
    uri: str = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    return uri


@given(st.lists(st.builds(
    Check, id=ANY_TEXT, group=ANY_TEXT, state=st.sampled_from(State), message=ANY_TEXT, detail=ANY_TEXT,
    path=ANY_TEXT, line=st.integers(0, 9),
), max_size=6))  # fmt: skip
def test_whatever_the_text_a_result_has_its_rule_and_each_rule_is_there_once(checks: list[Check]) -> None:
    run = run_of(*checks)
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert len(set(rules)) == len(rules)
    assert {result["ruleId"] for result in run["results"]} == set(rules)
    assert all(rules[result["ruleIndex"]] == result["ruleId"] for result in run["results"])


def test_failures_errors_and_warnings_are_results_and_what_was_skipped_is_a_notification() -> None:
    run = run_of(*(check(state, State(state)) for state in State))
    levels = {result["message"]["text"].split(":")[0]: result["level"] for result in run["results"]}
    assert levels == {"failed": "error", "error": "error", "warning": "warning"}
    [invocation] = run["invocations"]
    assert [note["message"]["text"] for note in invocation["toolExecutionNotifications"]] == [
        "skipped: slower"
    ]


@pytest.mark.parametrize(("state", "complete"), [(State.FAILED, True), (State.ERROR, False)])
def test_a_check_that_could_not_be_done_leaves_the_run_incomplete(state: State, *, complete: bool) -> None:
    [invocation] = run_of(check(state=state))["invocations"]
    assert invocation["executionSuccessful"] is complete


def test_cases_of_one_query_share_its_rule_and_not_their_fingerprints() -> None:
    run = run_of(check("a/b", line=3), check("a/c", line=3), check("d/e", group="d"))
    assert [result["ruleId"] for result in run["results"]] == ["regress/a", "regress/a", "regress/d"]
    prints = [result["partialFingerprints"]["primaryLocationLineHash"] for result in run["results"]]
    assert len(set(prints)) == 3


def test_an_alert_stays_the_same_when_its_query_moves_and_the_numbers_change() -> None:
    def fingerprint(**fields: Any) -> str:
        [result] = run_of(check(**fields))["results"]
        return str(result["partialFingerprints"])

    assert fingerprint(path="a.sql", line=3) == fingerprint(path="b.sql", line=9, message="slower still")
    [analyzed] = run_of(check(), schema="perfkit.analyze/1")["results"]
    assert str(analyzed["partialFingerprints"]) != fingerprint()


def test_commands_have_a_category_each_so_that_they_do_not_close_each_others_alerts() -> None:
    ids = {
        run_of(schema=f"perfkit.{command}/1")["automationDetails"]["id"] for command in ("regress", "analyze")
    }
    assert ids == {"perfkit/regress/", "perfkit/analyze/"}


@pytest.mark.parametrize(
    ("path", "uri"),
    [
        ("/srv/app/queries/a.sql", "queries/a.sql"),
        ("/srv/app/queries/giving, 2026: all%.sql", "queries/giving%2C%202026%3A%20all%25.sql"),
        ("c:/a.sql", "c%3A/a.sql"),
        ("queries/\u5e74.sql", "queries/%E5%B9%B4.sql"),
        ("/elsewhere/a b.sql", "file:///elsewhere/a%20b.sql"),
        ("", "no%20file%20belongs%20to%20this%20check"),
    ],
)
def test_paths_are_encoded_and_relative_to_the_working_directory(path: str, uri: str) -> None:
    [result] = run_of(check(path=path))["results"]
    assert uri_of(result) == uri


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("[here](http://x)", r"\[here](http://x)"),
        ("int[] and x[1]", "int[] and x[1]"),
        ("{0} rows", "{{0}} rows"),
        ("'{a,b}'", "'{a,b}'"),
    ],
)
def test_only_what_would_be_read_as_a_link_or_placeholder_is_escaped(text: str, escaped: str) -> None:
    [result] = run_of(check(message=text))["results"]
    assert result["message"]["text"] == f"a/b: {escaped}"


def test_the_case_is_named_once() -> None:
    [result] = run_of(check(message="a/b: slower", detail="Seq Scan"))["results"]
    assert result["message"]["text"] == "a/b: slower\nSeq Scan"


def test_the_sample_with_the_worst_text_is_valid() -> None:
    assert len(read(render(SAMPLE, "sarif"))["results"]) == 3
