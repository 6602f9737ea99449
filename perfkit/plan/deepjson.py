"""JSON of any depth: the standard library's decoder gives up at about 500 levels of plan."""

import json
import re
from typing import Any

_SPACE = re.compile(r"[ \t\r\n]*")
_SCALAR = re.compile(
    r'"(?:[^"\\\x00-\x1f]|\\.)*"|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null'
)


def decode(text: str) -> Any:
    """Return what the JSON text says, as json.loads does but without its limit of depth; raise ValueError."""
    try:
        return json.loads(text)
    except RecursionError:
        return _decode_without_recursion(text)


def _decode_without_recursion(text: str) -> Any:
    """Decode with a stack of open containers; every finished value goes to the innermost one."""
    top: list[Any] = []
    open_containers: list[list[Any] | dict[str, Any]] = [top]
    keys: list[str] = []
    position = _skip_space(text, 0)
    while True:
        character = text[position : position + 1]
        container = open_containers[-1]
        if (
            character in {"]", "}"}
            and len(open_containers) > 1
            and (character == "]") == isinstance(container, list)
        ):
            open_containers.pop()
            position = _skip_space(text, position + 1)
        else:
            if isinstance(container, dict):
                key, position = _read_key(text, position)
                keys.append(key)
            value, position = _read_value(text, position)
            _put(container, keys, value)
            if isinstance(value, list | dict):
                open_containers.append(value)
                continue
        if len(open_containers) == 1:
            break
        position = _skip_comma(text, position)
    if position != len(text):
        raise json.JSONDecodeError("Extra data", text, position)
    return top[0]


def _put(container: list[Any] | dict[str, Any], keys: list[str], value: Any) -> None:
    if isinstance(container, dict):
        container[keys.pop()] = value
    else:
        container.append(value)


def _read_key(text: str, position: int) -> tuple[str, int]:
    match = _SCALAR.match(text, position)
    if match is None or not match[0].startswith('"'):
        raise json.JSONDecodeError("Expecting property name", text, position)
    colon = _skip_space(text, match.end())
    if text[colon : colon + 1] != ":":
        raise json.JSONDecodeError("Expecting ':'", text, colon)
    return json.loads(match[0]), _skip_space(text, colon + 1)


def _read_value(text: str, position: int) -> tuple[Any, int]:
    """Read a scalar whole, or open an empty container."""
    character = text[position : position + 1]
    if character in {"[", "{"}:
        return [] if character == "[" else {}, _skip_space(text, position + 1)
    match = _SCALAR.match(text, position)
    if match is None:
        raise json.JSONDecodeError("Expecting value", text, position)
    return json.loads(match[0]), _skip_space(text, match.end())


def _skip_comma(text: str, position: int) -> int:
    if text[position : position + 1] == ",":
        return _skip_space(text, position + 1)
    if text[position : position + 1] not in {"]", "}"}:
        raise json.JSONDecodeError("Expecting ',' delimiter", text, position)
    return position


def _skip_space(text: str, position: int) -> int:
    match = _SPACE.match(text, position)
    return match.end() if match else position
