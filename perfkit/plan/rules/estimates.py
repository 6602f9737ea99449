"""Rules about what the planner believed: wrong row counts, old statistics."""

from collections.abc import Iterator

from perfkit.findings import Finding, Severity
from perfkit.plan.condition import comparisons
from perfkit.plan.derive import Tree
from perfkit.plan.facts import Facts, Relation
from perfkit.plan.label import label, quote_name, relation_name
from perfkit.plan.model import Node
from perfkit.plan.rules import thresholds
from perfkit.plan.rules.rule import Rule, found, relation_of
from perfkit.units import format_count, format_share


def misestimated(tree: Tree) -> tuple[Node, ...]:
    """Return the lowest nodes whose row estimate is wrong: those above them only inherit the error."""
    bad = [node for node in tree.nodes if _is_bad(tree, node)]
    above_bad = {parent for node in bad for parent in tree.above(node)} if bad else set()
    return tuple(node for node in bad if node not in above_bad)


def _is_bad(tree: Tree, node: Node) -> bool:
    numbers = tree.numbers[node]
    if numbers.q_error is None or numbers.q_error < thresholds.MISESTIMATE_FACTOR:
        return False
    return max(numbers.rows, (node.plan_rows or 0) * numbers.loops) >= thresholds.MISESTIMATE_ROWS


def _check_misestimate(tree: Tree, _facts: Facts | None) -> Iterator[Finding]:
    for node in misestimated(tree):
        numbers = tree.numbers[node]
        q_error = numbers.q_error or 1.0
        actual = node.actual.rows if node.actual else 0.0
        each = " each time" if numbers.loops > 1 else ""
        is_error = q_error >= thresholds.MISESTIMATE_ERROR_FACTOR
        yield found(
            "row-misestimate",
            Severity.ERROR if is_error else Severity.WARNING,
            node,
            title=f"{label(node)} gave {format_count(actual)} rows{each} where the planner expected"
            f" {format_count(node.plan_rows or 0)} ({format_count(round(q_error))} times off)",
            evidence={
                "rows": actual,
                "rows_expected": node.plan_rows or 0,
                "q_error": q_error,
                "loops": numbers.loops,
            },
            fix=_estimate_fix(node),
            impact=_impact(tree, node),
        )


def _impact(tree: Tree, node: Node) -> float:
    """Return the share of the node above, whose method the wrong estimate chose."""
    return tree.numbers[tree.parents.get(node, node)].total_share


def _estimate_fix(node: Node) -> str:
    """Return the statistics to make: over the columns of one table that are compared together, or an expression."""
    table = relation_name(node)
    if not table:
        return "Look at the join's columns: ANALYZE their tables, and raise their statistics target where values are skewed."
    conditions = comparisons(node.text("Filter") or node.text("Index Cond"), node.alias)
    hidden = [condition.key for condition in conditions if condition.key and not condition.bare]
    if hidden:
        return (
            f"CREATE STATISTICS ON {hidden[0]} FROM {table}; ANALYZE {table}; -- a name is needed before 16"
        )
    columns = sorted({condition.key for condition in conditions if condition.bare})
    if len(columns) > 1:
        name = quote_name(f"{node.relation}_statistics")
        return f"ANALYZE {table}; if it stays: CREATE STATISTICS {name} ON {', '.join(columns)} FROM {table}; ANALYZE {table};"
    if columns:
        return f"ANALYZE {table}; if it stays: ALTER TABLE {table} ALTER {columns[0]} SET STATISTICS 1000; ANALYZE {table};"
    return f"ANALYZE {table}; and look at what the planner cannot know in {node.text('Filter') or 'its conditions'}."


def _check_stale_statistics(tree: Tree, facts: Facts | None) -> Iterator[Finding]:
    said: set[str] = set()
    for node in misestimated(tree):
        relation = relation_of(node, facts)
        if relation is None or relation.qualified_name in said or not _is_stale(relation):
            continue
        said.add(relation.qualified_name)
        modified = relation.modified_since_analyze or 0
        share = f", {format_share(modified / relation.rows)} of the table" if relation.rows > 0 else ""
        table = relation_name(node)
        yield found(
            "stale-statistics",
            Severity.WARNING,
            node,
            title=f"{format_count(modified)} rows of {table} changed since it was last analyzed{share}",
            evidence={
                "modified_since_analyze": modified,
                "table_rows": relation.rows,
                "last_analyze": f"{relation.last_analyze:%Y-%m-%d %H:%M}"
                if relation.last_analyze
                else "never",
            },
            fix=f"ANALYZE {table};",
            impact=_impact(tree, node),
        )


def _is_stale(relation: Relation) -> bool:
    modified = relation.modified_since_analyze
    if modified is None:
        return False
    return modified >= max(thresholds.STALE_ROWS, thresholds.STALE_SHARE * relation.rows)


ROW_MISESTIMATE = Rule(
    id="row-misestimate",
    severity=Severity.WARNING,
    title="The planner expected a very different number of rows",
    why="Join order, join method and memory are chosen by the expected rows. Only the lowest wrong node is reported: those"
    " above it inherit the error. Nodes that a LIMIT or a semi join stopped early are not judged.",
    bad="Seq Scan on alumni.gift  (cost=… rows=375 …) (actual rows=60000 loops=1)\n"
    "  Filter: (given_on = booked_on)",
    good="Seq Scan on alumni.gift  (cost=… rows=59800 …) (actual rows=60000 loops=1)",
    fix="ANALYZE first. If the error stays, columns that depend on each other need CREATE STATISTICS, skewed ones a"
    " higher statistics target, expressions statistics on the expression.",
    check=_check_misestimate,
)
STALE_STATISTICS = Rule(
    id="stale-statistics",
    severity=Severity.WARNING,
    title="A table has changed much since it was last analyzed",
    why="The planner's numbers describe the table as it was. Reported only beside a wrong estimate, and only with a server:"
    " a plan alone does not tell when a table was analyzed.",
    bad="60,000 rows of alumni.gift changed since it was last analyzed, 80 % of the table",
    good="120 rows of alumni.gift changed since it was last analyzed",
    fix="ANALYZE the table, after large loads at once, and let autovacuum analyze it more often"
    " (autovacuum_analyze_scale_factor).",
    check=_check_stale_statistics,
)
RULES = (ROW_MISESTIMATE, STALE_STATISTICS)
