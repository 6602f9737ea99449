"""The SARIF 2.1.0 format: the document's checks as code scanning alerts on the lines of their queries.

Sources: OASIS SARIF 2.1.0 (the numbered sections below) and GitHub's "SARIF support for code scanning".
"""

import re
from hashlib import sha256
from json import dumps
from pathlib import PurePath
from typing import Any
from urllib.parse import quote

from perfkit import __version__
from perfkit.report.document import Check, Document, State
from perfkit.report.layout import one_line, visible
from perfkit.report.options import RenderOptions
from perfkit.report.paths import shown_path
from perfkit.report.told import text_of

_LEVELS = {State.FAILED: "error", State.ERROR: "error", State.WARNING: "warning"}
# What a reader would take for a link (3.11.6) or a placeholder (3.11.5). Other brackets stay as they are, for GitHub
# does not take the escapes away again.
_LINK = re.compile(r"\[(?=[^\]]*\]\()")
_PLACEHOLDER = re.compile(r"\{\d+\}")
# GitHub refuses a file in which a result has no place; OpenSSF Scorecard gives such results a sentence for a path.
_NO_FILE = "no file belongs to this check"


def render(document: Document, options: RenderOptions) -> str:
    """Return a log of one run: a result for each failed, error or warning check, a notification for each skipped one.

    The rule of a result is the command and the check's group, `regress/directory_by_class`; its fingerprint comes from
    the check's id, so that an alert is the same one wherever its query moves to. The text is pure ASCII.
    """
    command = document.schema.removeprefix("perfkit.").partition("/")[0]
    told = [check for check in document.checks if check.state in _LEVELS]
    groups = {_rule_id(command, check): check.group for check in told}
    numbers = {rule_id: number for number, rule_id in enumerate(groups)}
    run = {
        "tool": {
            "driver": {
                "name": "perfkit",
                "semanticVersion": __version__,
                "rules": [_rule(rule_id, command, group) for rule_id, group in groups.items()],
            }
        },
        # GitHub closes the alerts of one category only, so that two commands of a job do not close each other's.
        "automationDetails": {"id": f"perfkit/{command}/"},
        "invocations": [_invocation(document, options)],
        "results": [_result(check, command, numbers, options) for check in told],
        "columnKind": "unicodeCodePoints",
    }
    log = {"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0", "runs": [run]}
    return dumps(log, indent=2) + "\n"


def _rule_id(command: str, check: Check) -> str:
    group = one_line(check.group)
    return f"{command}/{group}" if group and group != command else command


def _rule(rule_id: str, command: str, group: str) -> dict[str, Any]:
    title = f"perfkit {rule_id.replace('/', ': ', 1)}"
    subject = f" of {one_line(group)}" if rule_id != command else ""
    return {
        "id": rule_id,
        "shortDescription": {"text": _message(title)},
        "fullDescription": {"text": _message(f"What perfkit {command} says{subject}, check by check.")},
        "help": {"text": f"perfkit {command} --format text shows the whole result."},
    }


def _invocation(document: Document, options: RenderOptions) -> dict[str, Any]:
    skipped = [check for check in document.checks if check.state is State.SKIPPED]
    return {
        # 3.20.14: a check that could not be done leaves the run incomplete, whatever it found.
        "executionSuccessful": all(check.state is not State.ERROR for check in document.checks),
        "toolExecutionNotifications": [_notification(check, options) for check in skipped],
    }


def _notification(check: Check, options: RenderOptions) -> dict[str, Any]:
    notification = {"level": "note", "message": {"text": _text(check)}}
    return notification | ({"locations": [_location(check, options)]} if check.path else {})


def _result(check: Check, command: str, numbers: dict[str, int], options: RenderOptions) -> dict[str, Any]:
    rule_id = _rule_id(command, check)
    fingerprint = sha256(f"{command}\n{visible(check.id)}".encode()).hexdigest()
    return {
        "ruleId": rule_id,
        "ruleIndex": numbers[rule_id],
        "level": _LEVELS[check.state],
        "message": {"text": _text(check)},
        "locations": [_location(check, options)],
        # The only fingerprint that GitHub looks at. Without it the cases of one query, which share its line, would
        # become one alert.
        "partialFingerprints": {"primaryLocationLineHash": fingerprint},
    }


def _location(check: Check, options: RenderOptions) -> dict[str, Any]:
    """Return the check's place; the id is its logical location, for readers that show it."""
    uri = _uri(check.path, options.working_directory) if check.path else quote(_NO_FILE)
    return {
        "physicalLocation": {
            "artifactLocation": {"uri": uri},
            "region": {"startLine": max(check.line, 1)},
        },
        "logicalLocations": [{"fullyQualifiedName": visible(check.id)}],
    }


def _uri(path: str, working_directory: str) -> str:
    shown = shown_path(path, working_directory)
    return ("file://" if PurePath(shown).is_absolute() else "") + quote(visible(shown))


def _text(check: Check) -> str:
    """Return the text with the check's id before it, as a rule's alerts go by the rule's title alone."""
    return _message(f"{check.id}: {text_of(check)}")


def _message(text: str) -> str:
    escaped = _LINK.sub(r"\\[", visible(text))
    return _PLACEHOLDER.sub(r"{\g<0>}", escaped)
