"""Upgrades: a baseline file of an older version, made into one of the present by what it did not record.

What is damaged stays as it is, for the reader to tell.
"""

from collections.abc import Iterator
from typing import Any


def upgrade(document: dict[str, Any], version: int) -> None:
    """Bring a document of an older version up to date, in place."""
    if version < 2:
        _from_1(document)
    if version < 3:
        _from_2(document)


def _from_1(document: dict[str, Any]) -> None:
    """Version 2 records the machine's speed, columns with their types and statistics, functions, times of accepted plans."""
    for recorded in _objects([document.get("recorded")]):
        recorded.setdefault("calibration", {})
    for relation in _members(document.get("relations")):
        relation.setdefault("columns", {})
        relation.setdefault("columns_without_statistics", None)
    for case in _members(document.get("cases")):
        case.setdefault("functions", {})
        for accepted in _objects(_list(case.get("accepted"))):
            accepted.setdefault("sessions", [])


def _from_2(document: dict[str, Any]) -> None:
    """Version 3 records what was around an accepted plan: its relations and indexes, the machine's speed."""
    for case in _members(document.get("cases")):
        for accepted in _objects(_list(case.get("accepted"))):
            accepted.setdefault("relations", {})
            accepted.setdefault("indexes", [])
            accepted.setdefault("calibration", {})


def _members(value: Any) -> Iterator[dict[str, Any]]:
    return _objects(list(value.values()) if isinstance(value, dict) else [])


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _objects(values: list[Any]) -> Iterator[dict[str, Any]]:
    return (value for value in values if isinstance(value, dict))
