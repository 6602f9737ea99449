"""Walks: what a LIMIT takes beyond its cost where an index is read in order in the hope that it soon has enough rows.

The planner takes the rows that pass a scan's filter to be spread evenly. Those that pass a filter on the column that the
index is ordered by, where it cannot be looked up in the index (a pattern, under most collations), lie together, anywhere:
half of what does not pass is read before the first of them, one time with another.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from perfkit.plan.expression import tokens

Node = Mapping[str, Any]
"""A node of a plan as EXPLAIN (FORMAT JSON) gives it."""

# What hands on rows as they come, in their order.
_FLOWING = {
    "Append", "Gather", "Gather Merge", "Group", "Incremental Sort", "LockRows", "Merge Append", "Merge Join",
    "Nested Loop", "ProjectSet", "Result", "Subquery Scan", "Unique", "WindowAgg",
}  # fmt: skip
# Which children of theirs: not an inner side, nor a plan that is run for a value.
_FED_BY = {"Outer", "Member", "Subquery"}
_SCANS = {"Index Scan", "Index Only Scan"}


@dataclass(frozen=True, slots=True)
class WalkedIndex:
    """The keys of an index, columns and expressions, and the rows of its table, 0 when they are not known."""

    keys: Sequence[str]
    rows: float


Look = Callable[[Node], WalkedIndex]
"""Tells of the index that a scan reads."""


def unseen_cost(limits: Sequence[Node], look: Look) -> float:
    """Return what the LIMIT nodes of a plan cost beyond what the planner says, each taken to run once."""
    return sum(_unseen_cost(limit, scan, look) for limit in limits for scan in _read(limit["Plans"][0]))


def _read(node: Node) -> Iterator[Node]:
    """Yield the scans in an index's order that end when the node above has enough."""
    if node["Node Type"] in _SCANS and "Filter" in node:
        yield node
    elif node["Node Type"] in _FLOWING:
        for child in node.get("Plans", ()):
            if child["Parent Relationship"] in _FED_BY:
                yield from _read(child)


def _unseen_cost(limit: Node, scan: Node, look: Look) -> float:
    index = look(scan)
    looked_up, filtered = (_names(scan.get(each, "")) for each in ("Index Cond", "Filter"))
    ordering = next((names for names in map(_names, index.keys) if not names <= looked_up), None)
    if not ordering or not ordering <= filtered:
        return 0.0
    child = limit["Plans"][0]
    whole = child["Total Cost"] - child["Startup Cost"]
    hoped = (limit["Total Cost"] - child["Startup Cost"]) / whole if whole else 1.0
    passing = min(1.0, scan["Plan Rows"] / index.rows) if index.rows else 0.0
    likely = (1 - passing) / 2
    return max(0.0, likely - hoped) * float(scan["Total Cost"] - scan["Startup Cost"])


def _names(expression: str) -> set[str]:
    return {token.text for token in tokens(expression) if token.kind in {"name", "quoted"}}
