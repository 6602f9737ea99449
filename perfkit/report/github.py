"""The GitHub format: workflow commands that put the document's checks beside the lines of a pull request."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from perfkit.report import markdown
from perfkit.report.document import Cell, Check, Document, State, Table
from perfkit.report.layout import visible
from perfkit.report.options import RenderOptions
from perfkit.report.paths import shown_path
from perfkit.report.told import message_of, text_of
from perfkit.units import counted

_KINDS = {State.FAILED: "error", State.ERROR: "error", State.WARNING: "warning", State.SKIPPED: "notice"}
# GitHub shows 10 annotations of each kind for a step and drops the others without a word.
_SHOWN_A_KIND = 10


def render(document: Document, options: RenderOptions) -> str:
    """Return a workflow command a line for what did not pass, at most 10 a kind, then one line with all counts.

    Source of the escapes: actions/toolkit, packages/core/src/command.ts.
    """
    shown, hidden = _annotated(document)
    return "\n".join([*(_command(check, options) for check in shown), _summary(document, hidden)]) + "\n"


def step_summary(document: Document, options: RenderOptions) -> str:
    """Return Markdown for the job's page: the document, and the checks that got no annotation in a table of their own."""
    _, hidden = _annotated(document)
    if not hidden:
        return markdown.render(document, options)
    rows = tuple(_row(check, options) for check in hidden)
    rest = Table(title="Not annotated", headings=("outcome", "check", "place", "message"), rows=rows)
    return markdown.render(replace(document, blocks=(rest, *document.blocks)), options)


def _annotated(document: Document) -> tuple[list[Check], list[Check]]:
    """Return the checks that get an annotation, and those that are too many for one."""
    seen: Counter[str] = Counter()
    shown: list[Check] = []
    hidden: list[Check] = []
    for check in document.checks:
        if kind := _KINDS.get(check.state):
            seen[kind] += 1
            (shown if seen[kind] <= _SHOWN_A_KIND else hidden).append(check)
    return shown, hidden


def _command(check: Check, options: RenderOptions) -> str:
    properties = {}
    if check.path:
        properties["file"] = shown_path(check.path, options.working_directory)
        if check.line:
            properties["line"] = str(check.line)
    properties["title"] = check.id
    named = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
    return f"::{_KINDS[check.state]} {named}::{_data(text_of(check))}"


def _summary(document: Document, hidden: Sequence[Check]) -> str:
    """Return the counts; it holds no text of the document's but its command, so that it is never read as one of GitHub's."""
    command, _, _ = document.schema.partition("/")
    states = _states(document.checks)
    line = f"{command.replace('.', ' ')}: {counted(document.checks, 'check')}{states and f': {states}'}"
    if not hidden:
        return line
    return f"{line}; GitHub shows {_SHOWN_A_KIND} annotations of a kind, not shown: {_states(hidden)}"


def _states(checks: Sequence[Check]) -> str:
    states = Counter(check.state for check in checks)
    return ", ".join(f"{states[state]} {state}" for state in State if states[state])


def _row(check: Check, options: RenderOptions) -> tuple[Cell, ...]:
    place = shown_path(check.path, options.working_directory) if check.path else ""
    line = f":{check.line}" if check.line else ""
    return tuple(map(Cell, (check.state, check.id, f"{place}{line}", message_of(check))))


def _data(text: str) -> str:
    return visible(text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A"))


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
