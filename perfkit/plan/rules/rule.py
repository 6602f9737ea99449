"""Rule: one kind of trouble that a plan can show, how it is found, and its page under docs/rules/."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from perfkit.findings import Finding, Severity
from perfkit.plan.derive import Tree
from perfkit.plan.facts import Facts, Relation
from perfkit.plan.label import label
from perfkit.plan.model import Node

Check = Callable[[Tree, Facts | None], Iterator[Finding]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule. `id` is stable; `severity` is the usual one.

    `title`, `why`, `bad`, `good` and `fix` are the page: a sentence, why it matters, a plan (or statement) that has the
    trouble and one that has not, and what to do. `check` yields the findings of a tree; `trivial_too` says that it looks
    at plans that are too small for the others.
    """

    id: str
    severity: Severity
    title: str
    why: str
    bad: str
    good: str
    fix: str
    check: Check
    trivial_too: bool = False


def found(  # noqa: PLR0913 - a finding has that many parts
    rule: str,
    severity: Severity,
    node: Node | None,
    *,
    title: str,
    evidence: dict[str, int | float | str],
    fix: str,
    impact: float,
) -> Finding:
    """Return a finding at a node; whole numbers in the evidence are written as such, others with two decimals."""
    tidy = {
        name: value if isinstance(value, str) else int(value) if value == int(value) else round(value, 2)
        for name, value in evidence.items()
    }
    return Finding(
        rule=rule,
        severity=severity,
        title=title,
        node=label(node) if node else "",
        evidence=tidy,
        fix=fix,
        impact=min(1.0, impact),
    )


def weight(tree: Tree, node: Node) -> float:
    """Return the larger of a node's own shares (0 to 1) of time and of blocks."""
    numbers = tree.numbers[node]
    blocks_share = numbers.own_blocks / tree.total_blocks if tree.total_blocks else 0.0
    return max(numbers.share, blocks_share)


def relation_of(node: Node, facts: Facts | None) -> Relation | None:
    """Return what the server says about a node's table; by name alone where the plan has no schema."""
    if facts is None or node.relation is None:
        return None
    if node.schema:
        return facts.relations.get(f"{node.schema}.{node.relation}")
    named = [relation for relation in facts.relations.values() if relation.name == node.relation]
    return named[0] if len(named) == 1 else None
