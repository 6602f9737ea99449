"""YAML as people read it: mappings, lists, strings and numbers; just what configuration files need."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence

Value = str | int | float | bool | Mapping[str, "Value"] | Sequence["Value"]

# Words, and spans of time such as 5m.
_PLAIN = re.compile(r"[A-Za-z_/][\w./%-]*(?: [\w./%-]+)*|\d+[smhdw]")
# What a reader of YAML would not take for text.
_WORDS = {"true", "false", "null", "yes", "no", "on", "off", "y", "n"}


def to_yaml(value: Mapping[str, Value], *, heading: str = "") -> str:
    """Return the document; each line of the heading becomes a comment above it."""
    comments = [f"# {line}".rstrip() for line in heading.splitlines()]
    return "\n".join([*comments, *_lines(value)]) + "\n"


def _lines(value: Value) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, each in value.items():
            yield from _entry(f"{_scalar(key)}:", each, indent="  ")
    elif not isinstance(value, str) and isinstance(value, Sequence):
        for each in value:
            if isinstance(each, Mapping) and each:
                first, *others = _lines(each)
                yield f"- {first}"
                yield from (f"  {line}" if line else "" for line in others)
            else:
                yield from _entry("-", each, indent="  ")


def _entry(head: str, value: Value, *, indent: str) -> Iterator[str]:
    if isinstance(value, str) and "\n" in value:
        yield f"{head} |-"
        yield from (f"{indent}{line}" if line else "" for line in value.splitlines())
    elif isinstance(value, Mapping | list | tuple) and value:
        yield head
        yield from (f"{indent}{line}" if line else "" for line in _lines(value))
    else:
        yield f"{head} {_scalar(value)}"


def _scalar(value: Value) -> str:
    if not isinstance(value, str):
        return json.dumps(value)
    if _PLAIN.fullmatch(value) and value.lower() not in _WORDS:
        return value
    if '"' in value and "'" not in value and value.isprintable():
        return f"'{value}'"
    return json.dumps(value, ensure_ascii=False)
