"""Plan rules, one file a family; each turns a plan into findings."""

from dataclasses import replace

from perfkit.findings import Finding, ranked
from perfkit.plan.derive import Tree, derive
from perfkit.plan.facts import Facts
from perfkit.plan.model import Plan
from perfkit.plan.rules import access, estimates, joins, memory, scans, statement, thresholds
from perfkit.plan.rules.rule import Rule

RULES: tuple[Rule, ...] = tuple(
    sorted(
        (*scans.RULES, *access.RULES, *joins.RULES, *estimates.RULES, *memory.RULES, *statement.RULES),
        key=lambda rule: rule.id,
    )
)


def find_problems(plan: Plan, facts: Facts | None = None) -> tuple[Finding, ...]:
    """Return what is wrong with a plan that was run, worst first; nothing for one that was only planned.

    `facts` is what the server says of the tables, without which no statistics are called stale and no existing index
    is seen.
    """
    if not plan.analyzed:
        return ()
    tree = derive(plan)
    rules = [rule for rule in RULES if rule.trivial_too] if _is_trivial(tree) else RULES
    return _one_a_fix(ranked(tuple(finding for rule in rules for finding in rule.check(tree, facts))))


def _one_a_fix(findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """Return the findings without those that ask for what a worse one has asked for, whose impact counts with it."""
    kept: dict[str, Finding] = {}
    for finding in findings:
        worse = kept.get(finding.fix)
        kept[finding.fix] = (
            finding if worse is None else replace(worse, impact=min(1.0, worse.impact + finding.impact))
        )
    return ranked(tuple(kept.values()))


def _is_trivial(tree: Tree) -> bool:
    """Tell whether a plan is too small for advice: cheap or of few blocks, and fast."""
    root = tree.plan.root
    temp_blocks = root.buffers.temp_written if root.buffers else 0
    cheap = root.total_cost is not None and root.total_cost < thresholds.TRIVIAL_COST
    few = root.buffers is not None and tree.total_blocks + temp_blocks < thresholds.TRIVIAL_BLOCKS
    took_ms = max(tree.plan.execution_ms or 0.0, tree.total_ms or 0.0)
    return (cheap or few) and took_ms < thresholds.TRIVIAL_MS
