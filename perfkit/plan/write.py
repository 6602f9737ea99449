"""Plan -> EXPLAIN (FORMAT JSON), for viewers that read it: what `parse` reads, less what it leaves out."""

from collections.abc import Iterator, Mapping
from typing import Any

from perfkit.plan.keys import BUFFER_FIELDS, COUNT_FIELDS, NUMBER_FIELDS, TEXT_FIELDS, WAL_FIELDS
from perfkit.plan.model import Buffers, Node, Plan, Wal

# Of 16 and before without the kind, of 17 and later with it.
_IO_TIMES = tuple(
    f"{kind}I/O {what} Time" for kind in ("", "Shared ", "Local ", "Temp ") for what in ("Read", "Write")
)


def explain_document(plan: Plan) -> list[dict[str, Any]]:
    """Return what EXPLAIN (FORMAT JSON) would decode to; what the server did not say is left out, as there."""
    document: dict[str, Any] = {"Plan": _tree(plan.root)}
    if plan.settings:
        document["Settings"] = dict(plan.settings)
    if plan.planning and plan.planning.buffers:
        document["Planning"] = _counts(plan.planning.buffers, BUFFER_FIELDS)
    times = {"Planning Time": plan.planning_ms, "Execution Time": plan.execution_ms}
    document |= {key: time for key, time in times.items() if time is not None}
    if plan.analyzed:
        document["Triggers"] = [
            _present(
                {
                    "Trigger Name": trigger.name,
                    "Constraint Name": trigger.constraint,
                    "Relation": trigger.relation,
                    "Time": trigger.time_ms,
                    "Calls": trigger.calls,
                }
            )
            for trigger in plan.triggers
        ]
    if plan.jit:
        document["JIT"] = {"Functions": plan.jit.functions, "Options": dict(plan.jit.options)}
        if plan.jit.total_ms is not None:
            document["JIT"]["Timing"] = {"Total": plan.jit.total_ms}
    return [document]


def without_idle_counters(document: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the document without the counters that are 0 in every node, which is most of a plan's text.

    A counter that some node has stays in all, as viewers subtract what the children count.
    """
    counters = {*BUFFER_FIELDS, *WAL_FIELDS, *_IO_TIMES}
    nodes = [node for plan in document for node in _nodes(plan["Plan"])]
    idle = counters - {key for node in nodes for key in counters & node.keys() if node[key]}
    for node in nodes:
        for key in idle & node.keys():
            del node[key]
    return document


def _nodes(root: dict[str, Any]) -> Iterator[dict[str, Any]]:
    pending = [root]
    while pending:
        node = pending.pop()
        pending.extend(node.get("Plans", ()))
        yield node


def _tree(root: Node) -> dict[str, Any]:
    """Return the tree, with a stack of our own: plans may be thousands of levels deep."""
    result = _node(root)
    pending = [(root, result)]
    while pending:
        node, data = pending.pop()
        if node.children:
            data["Plans"] = [_node(child) for child in node.children]
            pending.extend(zip(node.children, data["Plans"], strict=True))
    return result


def _node(node: Node) -> dict[str, Any]:
    data = {
        key: getattr(node, name) for key, name in (TEXT_FIELDS | NUMBER_FIELDS | COUNT_FIELDS).items()
    } | {"Parallel Aware": node.parallel_aware}
    if node.actual:
        data |= {
            "Actual Startup Time": node.actual.startup_ms,
            "Actual Total Time": node.actual.total_ms,
            "Actual Rows": node.actual.rows,
            "Actual Loops": node.actual.loops,
        }
    if node.buffers:
        data |= _counts(node.buffers, BUFFER_FIELDS)
    if node.wal:
        data |= _counts(node.wal, WAL_FIELDS)
    return _present(data) | dict(node.extra)


def _counts(counted: Buffers | Wal, fields: Mapping[str, str]) -> dict[str, int]:
    return {key: getattr(counted, name) for key, name in fields.items()}


def _present(data: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in data.items() if value is not None}
