"""The JUnit format: the document's checks as test cases, for the test view of a CI system."""

from collections.abc import Iterable
from itertools import groupby
from xml.etree import ElementTree as ET

from perfkit.report.document import Check, Document, State
from perfkit.report.layout import visible
from perfkit.report.options import RenderOptions
from perfkit.report.paths import shown_path
from perfkit.report.told import message_of, text_of

_ELEMENTS = {State.FAILED: "failure", State.ERROR: "error", State.SKIPPED: "skipped"}


def render(document: Document, options: RenderOptions) -> str:
    """Return a <testsuites> document with a suite for each group, in the order of each group's first check.

    A failed check is a failure, one that could not be done an error; a warning passes, its text in <system-out>.
    The text is pure ASCII; characters that XML 1.0 does not allow are written out.
    """
    root = ET.Element("testsuites", _counts(document.title, document.checks))
    groups = {check.group: number for number, check in reversed(list(enumerate(document.checks)))}
    ordered = sorted(document.checks, key=lambda check: groups[check.group])
    for group, members in groupby(ordered, key=lambda check: check.group):
        checks = tuple(members)
        suite = ET.SubElement(root, "testsuite", _counts(group, checks))
        for check in checks:
            _add_case(suite, check, options)
    ET.indent(root)
    body = ET.tostring(root, encoding="us-ascii", xml_declaration=False).decode("ascii")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{body}\n'


def _counts(name: str, checks: Iterable[Check]) -> dict[str, str]:
    states = [check.state for check in checks]
    return {
        "name": visible(name),
        "tests": str(len(states)),
        "failures": str(states.count(State.FAILED)),
        "errors": str(states.count(State.ERROR)),
        "skipped": str(states.count(State.SKIPPED)),
        "time": _seconds(sum(check.seconds for check in checks)),
    }


def _add_case(suite: ET.Element, check: Check, options: RenderOptions) -> None:
    attributes = {
        "classname": visible(check.group),
        "name": visible(check.id),
        "time": _seconds(check.seconds),
    }
    if check.path:
        attributes["file"] = visible(shown_path(check.path, options.working_directory))
    if check.line:
        attributes["line"] = str(check.line)
    case = ET.SubElement(suite, "testcase", attributes)
    if check.state in _ELEMENTS:
        outcome = ET.SubElement(case, _ELEMENTS[check.state], {"message": visible(message_of(check))})
        outcome.text = visible(check.detail)
    elif check.state is State.WARNING:
        output = ET.SubElement(case, "system-out")
        output.text = visible(f"warning: {text_of(check)}")


def _seconds(value: float) -> str:
    return f"{value:.6f}"
