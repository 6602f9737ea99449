"""What changed between two plans, from their shapes alone, so that a stored shape can be compared too."""

import re
from collections import Counter
from dataclasses import dataclass
from difflib import unified_diff

from perfkit.plan.model import Plan
from perfkit.plan.shape import Shape, shape_of

_PLACE = re.compile(r"^ *(?:(?:outer|inner|InitPlan|SubPlan|InitPlan CTE [^:]*|CTE [^:]*): )?")
_NAME = r'(?:"(?:[^"]|"")*"|\S+)'
_INDEX = re.compile(rf"^[A-Z][\w ]*? (?:using ({_NAME})|on ({_NAME})$)")
_CONTEXT_LINES = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanDiff:
    """What the new plan has and the old had not, and the other way round.

    `text` is a unified diff of the two shapes, '' when they are the same. Nodes are lines of a shape without their
    place; a node that only moved is in neither list. Indexes are named as in the shape.
    """

    text: str
    nodes_lost: tuple[str, ...]
    nodes_gained: tuple[str, ...]
    indexes_lost: tuple[str, ...]
    indexes_gained: tuple[str, ...]


def diff_plans(old: Shape | Plan, new: Shape | Plan) -> PlanDiff:
    """Return what changed from the old plan to the new one."""
    old_lines = _shape(old).text.splitlines()
    new_lines = _shape(new).text.splitlines()
    old_nodes, new_nodes = _nodes(old_lines), _nodes(new_lines)
    old_indexes, new_indexes = _indexes(old_nodes), _indexes(new_nodes)
    text = unified_diff(old_lines, new_lines, "old plan", "new plan", lineterm="", n=_CONTEXT_LINES)
    return PlanDiff(
        text="\n".join(text),
        nodes_lost=tuple((old_nodes - new_nodes).elements()),
        nodes_gained=tuple((new_nodes - old_nodes).elements()),
        indexes_lost=tuple(sorted(old_indexes - new_indexes)),
        indexes_gained=tuple(sorted(new_indexes - old_indexes)),
    )


def _shape(side: Shape | Plan) -> Shape:
    return shape_of(side) if isinstance(side, Plan) else side


def _nodes(lines: list[str]) -> Counter[str]:
    return Counter(_PLACE.sub("", line) for line in lines)


def _indexes(nodes: Counter[str]) -> set[str]:
    """Return the names after "using", and after "on" of a bitmap index scan."""
    found = set()
    for line in nodes:
        head = line.split(" | ", 1)[0]
        match = _INDEX.match(head)
        if match and (match[1] or head.startswith("Bitmap Index Scan")):
            found.add(match[1] or match[2])
    return found
