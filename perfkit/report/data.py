"""Frozen dataclasses as plain JSON data: field names become keys, None and empty fields of a plan are left out."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from perfkit.plan.model import Node


def to_data(value: Any) -> Any:
    """Return the value as dicts, lists, text and numbers; a datetime stays one, for the JSON format to write."""
    if isinstance(value, Node):
        return _tree(value)
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: to_data(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): to_data(item) for key, item in value.items()}
    if isinstance(value, list | tuple | frozenset):
        return [to_data(item) for item in value]
    return value


def _tree(root: Node) -> dict[str, Any]:
    """Return the plan tree, fields without a value left out; by hand, so that a plan of any depth fits the stack."""
    result = _node(root)
    pending = [(root, result)]
    while pending:
        node, data = pending.pop()
        data["children"] = [_node(child) for child in node.children]
        pending.extend(zip(node.children, data["children"], strict=True))
    return result


def _node(node: Node) -> dict[str, Any]:
    values = {field.name: getattr(node, field.name) for field in fields(node) if field.name != "children"}
    return {name: to_data(value) for name, value in values.items() if value is not None and value != {}}
