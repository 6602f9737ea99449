"""The GitHub format: workflow commands that put the document's checks beside the lines of a pull request."""

from collections import Counter

from perfkit.report.document import Check, Document, State
from perfkit.report.layout import visible
from perfkit.report.options import RenderOptions
from perfkit.report.paths import shown_path

_KINDS = {State.FAILED: "error", State.ERROR: "error", State.WARNING: "warning", State.SKIPPED: "notice"}
# GitHub shows 10 annotations of each kind for a step and drops the others without a word.
_SHOWN_A_KIND = 10


def render(document: Document, options: RenderOptions) -> str:
    """Return a workflow command a line for what did not pass, at most 10 a kind, then one line with all counts.

    Source of the escapes: actions/toolkit, packages/core/src/command.ts.
    """
    lines = []
    seen: Counter[str] = Counter()
    for check in document.checks:
        kind = _KINDS.get(check.state)
        if kind is None:
            continue
        seen[kind] += 1
        if seen[kind] <= _SHOWN_A_KIND:
            lines.append(_command(kind, check, options))
    return "\n".join([*lines, _summary(document, seen)]) + "\n"


def _command(kind: str, check: Check, options: RenderOptions) -> str:
    properties = {}
    if check.path:
        properties["file"] = shown_path(check.path, options.working_directory)
        if check.line:
            properties["line"] = str(check.line)
    properties["title"] = check.id
    named = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
    message = "\n".join(filter(None, (check.message, check.detail)))
    return f"::{kind} {named}::{_data(message)}"


def _summary(document: Document, seen: Counter[str]) -> str:
    """Return the counts; it holds no text of the document's but its schema, so that it is never read as a command."""
    states = Counter(check.state for check in document.checks)
    counts = [f"{state} {states[state]}" for state in State if states[state]]
    line = f"{document.schema}: {len(document.checks)} checks: {', '.join(counts) or 'none'}"
    hidden = [f"{kind} {count - _SHOWN_A_KIND}" for kind, count in seen.items() if count > _SHOWN_A_KIND]
    return f"{line}; not shown: {', '.join(hidden)}" if hidden else line


def _data(text: str) -> str:
    return visible(text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A"))


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
