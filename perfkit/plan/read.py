"""Any EXPLAIN output that a person pastes -> Plan: JSON or text, with or without what a client puts around it."""

import re

from perfkit.errors import DamagedFileError
from perfkit.plan.model import Plan
from perfkit.plan.parse import parse_plan
from perfkit.plan.paste import unwrap
from perfkit.plan.text import parse_text_plan
from perfkit.plan.textline import split_header

_OTHER_FORMATS = {"XML": re.compile(r"\s*<"), "YAML": re.compile(r"\s*- (?:Plan|Query Text):")}


def read_plan(text: str, *, source: str = "plan") -> Plan:
    """Return the plan in the text, whichever format it is in; `source` names it in errors.

    Raises DamagedFileError when there is none, when it is cut off, and for XML and YAML, which say the same as JSON.
    """
    if not text.strip():
        raise DamagedFileError(
            source, "is empty", hint="give what EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) prints"
        )
    inner = unwrap(text)
    if inner.lstrip().startswith(("[", "{")):
        return parse_plan(text, source=source)
    for name, start in _OTHER_FORMATS.items():
        if start.match(inner):
            raise DamagedFileError(
                source, f"is EXPLAIN output in {name}", hint="use FORMAT JSON or FORMAT TEXT"
            )
    if document := _json_below(inner):
        return parse_plan(document, source=source)
    return parse_text_plan(text, source=source)


def _json_below(text: str) -> str:
    """Return the JSON plan that stands below a statement or a log's line, '' when there is none."""
    lines = text.split("\n")
    for number, line in enumerate(lines):
        if split_header(line.strip()):
            break
        if line.lstrip().startswith(("[", "{")):
            below = "\n".join(lines[number:])
            return below if '"Plan":' in below else ""
    return ""
