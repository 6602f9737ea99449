"""EXPLAIN (FORMAT JSON) -> Plan, of PostgreSQL 14 to 18; unknown node types and keys pass through."""

import sys
from collections.abc import Mapping
from typing import Any, TypeVar

from perfkit.errors import DamagedFileError
from perfkit.plan import deepjson
from perfkit.plan.keys import BUFFER_FIELDS, COUNT_FIELDS, NUMBER_FIELDS, TEXT_FIELDS, WAL_FIELDS
from perfkit.plan.model import Actual, Buffers, Jit, Node, Plan, Planning, Serialization, Trigger, Wal
from perfkit.plan.paste import unwrap

_Built = TypeVar("_Built", Buffers, Wal)

_ACTUAL_KEYS = ("Actual Rows", "Actual Loops", "Actual Startup Time", "Actual Total Time")
_NODE_KEYS = frozenset(
    {*TEXT_FIELDS, *NUMBER_FIELDS, *COUNT_FIELDS, *BUFFER_FIELDS, *WAL_FIELDS, *_ACTUAL_KEYS}
    | {"Parallel Aware", "Plans"}
)
_PLAN_KEYS = frozenset(
    {"Plan", "Planning Time", "Execution Time", "Settings", "Triggers", "JIT", "Planning", "Serialization"}
    | {"Query Identifier"}
)
# The planner stops at 1e100 rows; the product of two numbers below this one is still a number.
_TOO_LARGE = 1e150
# What EXPLAIN nests below a key of a node, workers and grouping sets, has four levels.
_MOST_LEVELS = 50


def parse_plan(document: object, *, source: str = "plan") -> Plan:
    """Return the plan of EXPLAIN (FORMAT JSON).

    `document` is the JSON text, also as psql prints it, or what it decodes to: the list of one element or its object.
    `source` names it in errors. Raises DamagedFileError when it is not an EXPLAIN document.
    """
    decoded = _decode(document, source) if isinstance(document, str) else document
    if isinstance(decoded, list):
        if len(decoded) != 1:
            raise DamagedFileError(
                source, f"holds {len(decoded)} plans, not one", hint="give one plan at a time"
            )
        decoded = decoded[0]
    if not isinstance(decoded, Mapping) or not isinstance(decoded.get("Plan"), Mapping):
        raise DamagedFileError(
            source,
            'is JSON but not an EXPLAIN output: it has no "Plan"',
            hint="make it with EXPLAIN (FORMAT JSON)",
        )
    try:
        return _plan(decoded)
    except ValueError as error:
        raise DamagedFileError(source, str(error)) from None


def _decode(text: str, source: str) -> Any:
    try:
        return deepjson.decode(text)
    except ValueError:
        pass
    try:
        return deepjson.decode(unwrap(text))
    except ValueError as error:
        raise DamagedFileError(
            source,
            f"is not JSON, or is cut off: {error}",
            hint="give the whole output of EXPLAIN (FORMAT JSON)",
        ) from None


def _plan(document: Mapping[str, Any]) -> Plan:
    jit, planning = document.get("JIT"), document.get("Planning")
    serialization = document.get("Serialization")
    return Plan(
        root=_tree(document["Plan"]),
        planning_ms=_number(document, "Planning Time"),
        execution_ms=_number(document, "Execution Time"),
        settings={str(name): str(value) for name, value in _mapping(document, "Settings").items()},
        triggers=tuple(_trigger(item) for item in _objects(document, "Triggers")),
        jit=None if jit is None else _jit(_mapping(document, "JIT")),
        planning=None if planning is None else _planning(_mapping(document, "Planning")),
        serialization=(
            None if serialization is None else _serialization(_mapping(document, "Serialization"))
        ),
        query_identifier=_count(document, "Query Identifier"),
        extra=_extra(document, _PLAN_KEYS),
    )


def _tree(root: Mapping[str, Any]) -> Node:
    """Build children before their parents, with a stack of our own: plans may be thousands of levels deep."""
    pending: list[tuple[Mapping[str, Any], bool]] = [(root, False)]
    finished: list[Node] = []
    while pending:
        item, children_done = pending.pop()
        children = _objects(item, "Plans")
        if children_done or not children:
            arity = len(children)
            below = tuple(finished[len(finished) - arity :])
            del finished[len(finished) - arity :]
            finished.append(_node(item, below))
        else:
            pending.append((item, True))
            pending.extend((child, False) for child in reversed(children))
    return finished[0]


def _node(item: Mapping[str, Any], children: tuple[Node, ...]) -> Node:
    fields: dict[str, Any] = {}
    for key, name in TEXT_FIELDS.items():
        if (value := item.get(key)) is not None:
            if not isinstance(value, str):
                raise _wrong(key, value)
            fields[name] = sys.intern(value)
    if not fields.get("type"):
        raise ValueError('has a node without a "Node Type"')
    for key, name in NUMBER_FIELDS.items():
        fields[name] = _number(item, key)
    for key, name in COUNT_FIELDS.items():
        fields[name] = _count(item, key)
    return Node(
        **fields,
        parallel_aware=item.get("Parallel Aware") is True,
        actual=_actual(item),
        buffers=_counts(item, BUFFER_FIELDS, Buffers),
        wal=_counts(item, WAL_FIELDS, Wal),
        extra=_extra(item, _NODE_KEYS),
        children=children,
    )


def _extra(item: Mapping[str, Any], known: frozenset[str]) -> dict[str, Any]:
    """Return what stands under other keys than the known ones, as it is."""
    extra = {sys.intern(str(key)): _shared(value) for key, value in item.items() if key not in known}
    for key, value in extra.items():
        _check(key, value)
    return extra


def _check(key: str, value: Any) -> None:
    """Refuse numbers that cannot be computed with, and nesting that would overflow the stack of those who read it."""
    pending = [(value, 0)]
    while pending:
        item, level = pending.pop()
        if isinstance(item, int | float) and not abs(item) < _TOO_LARGE:
            raise _wrong(key, item)
        if isinstance(item, list | Mapping):
            if level == _MOST_LEVELS:
                raise _wrong(key, item)
            inner = item.values() if isinstance(item, Mapping) else item
            pending.extend((element, level + 1) for element in inner)


def _shared(value: Any) -> Any:
    """Return the value with one copy of each text: the plans of a workload repeat each other, and all are kept."""
    if isinstance(value, str):
        return sys.intern(value)
    return (
        [_shared(item) if isinstance(item, str) else item for item in value]
        if isinstance(value, list)
        else value
    )


def _actual(item: Mapping[str, Any]) -> Actual | None:
    rows, loops = _number(item, "Actual Rows"), _number(item, "Actual Loops")
    if loops is None:
        return None
    return Actual(
        rows=rows or 0,
        loops=loops,
        startup_ms=_number(item, "Actual Startup Time"),
        total_ms=_number(item, "Actual Total Time"),
    )


def _counts(item: Mapping[str, Any], fields: Mapping[str, str], kind: type[_Built]) -> _Built | None:
    """Return the dataclass that the named counts fill, None when the document has none of them."""
    present = {name: _count(item, key) for key, name in fields.items() if key in item}
    return kind(**{name: value or 0 for name, value in present.items()}) if present else None


def _trigger(item: Mapping[str, Any]) -> Trigger:
    return Trigger(
        name=str(item.get("Trigger Name", "")),
        constraint=None if item.get("Constraint Name") is None else str(item["Constraint Name"]),
        relation=None if item.get("Relation") is None else str(item["Relation"]),
        time_ms=_number(item, "Time"),
        calls=_count(item, "Calls") or 0,
    )


def _jit(item: Mapping[str, Any]) -> Jit:
    return Jit(
        functions=_count(item, "Functions") or 0,
        options={str(name): value is True for name, value in _mapping(item, "Options").items()},
        total_ms=_number(_mapping(item, "Timing"), "Total"),
    )


def _planning(item: Mapping[str, Any]) -> Planning:
    return Planning(
        buffers=_counts(item, BUFFER_FIELDS, Buffers),
        memory_used_kb=_count(item, "Memory Used"),
        memory_allocated_kb=_count(item, "Memory Allocated"),
    )


def _serialization(item: Mapping[str, Any]) -> Serialization:
    return Serialization(
        format=str(item.get("Format", "")),
        time_ms=_number(item, "Time"),
        output_kb=_count(item, "Output Volume") or 0,
        buffers=_counts(item, BUFFER_FIELDS, Buffers),
    )


def _number(item: Mapping[str, Any], key: str) -> float | None:
    value = item.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < _TOO_LARGE:
        raise _wrong(key, value)
    return value


def _count(item: Mapping[str, Any], key: str) -> int | None:
    value = _number(item, key)
    return None if value is None else int(value)


def _mapping(item: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = item.get(key)
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise _wrong(key, value)
    return value


def _objects(item: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    value = item.get(key)
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(element, Mapping) for element in value):
        raise _wrong(key, value)
    return value


def _wrong(key: str, value: object) -> ValueError:
    return ValueError(f'has a "{key}" that EXPLAIN never writes: {type(value).__name__}')
