"""Outline: a plan as EXPLAIN's text format has it, operators, costs and conditions."""

from collections.abc import Iterator

from perfkit.plan.label import label
from perfkit.plan.model import Node, Plan

_CONDITIONS = (
    "Index Cond", "Recheck Cond", "Hash Cond", "Merge Cond", "Join Filter", "Filter", "One-Time Filter",
    "Sort Key", "Presorted Key", "Group Key",
)  # fmt: skip


def outline(plan: Plan) -> str:
    """Return the plan, a node a line, indented by level, its conditions below it."""
    return "\n".join(_lines(plan.root, 0))


def _lines(node: Node, level: int) -> Iterator[str]:
    indent = "      " * (level - 1) + "  ->  " if level else ""
    where = f"{node.subplan_name}: " if node.subplan_name else ""
    costs = f"(cost={node.startup_cost:.2f}..{node.total_cost:.2f} rows={node.plan_rows:.0f} width={node.plan_width})"
    yield f"{indent}{where}{label(node)}  {costs}"
    for condition in _CONDITIONS:
        if texts := node.texts(condition):
            yield f"{'      ' * level}  {condition}: {', '.join(texts)}"
    for child in node.children:
        yield from _lines(child, level + 1)
