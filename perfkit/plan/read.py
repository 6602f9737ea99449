"""Any EXPLAIN output that a person pastes -> Plan: JSON or text, with or without what psql puts around it."""

import re

from perfkit.errors import DamagedFileError
from perfkit.plan.model import Plan
from perfkit.plan.parse import parse_plan, unwrap_psql
from perfkit.plan.text import parse_text_plan

_OTHER_FORMATS = {"XML": re.compile(r"\s*<"), "YAML": re.compile(r"\s*- (?:Plan|Query Text):")}


def read_plan(text: str, *, source: str = "plan") -> Plan:
    """Return the plan in the text, whichever format it is in; `source` names it in errors.

    Raises DamagedFileError when there is none, when it is cut off, and for XML and YAML, which say the same as JSON.
    """
    if not text.strip():
        raise DamagedFileError(
            source, "is empty", hint="give what EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) prints"
        )
    inner = unwrap_psql(text)
    if inner.lstrip().startswith(("[", "{")):
        return parse_plan(text, source=source)
    for name, start in _OTHER_FORMATS.items():
        if start.match(inner):
            raise DamagedFileError(
                source, f"is EXPLAIN output in {name}", hint="use FORMAT JSON or FORMAT TEXT"
            )
    return parse_text_plan(text, source=source)
