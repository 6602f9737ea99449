"""Rules about what the planner believed: wrong row counts, old statistics."""

from collections.abc import Iterator
from functools import lru_cache

from perfkit.findings import Finding, Severity
from perfkit.plan.derive import Tree
from perfkit.plan.facts import Facts, Relation
from perfkit.plan.label import label, relation_name
from perfkit.plan.model import Node
from perfkit.plan.rules import thresholds
from perfkit.plan.rules.index_advice import advise
from perfkit.plan.rules.rule import Rule, found, relation_of
from perfkit.plan.rules.scan import Scan, conditions_of, loses_to_filter, scans, table_node
from perfkit.plan.rules.statistics_advice import statistics_fix
from perfkit.units import format_count, format_share


@lru_cache(maxsize=1)  # several rules ask for those of one tree before the next tree comes
def misestimated(tree: Tree) -> tuple[Node, ...]:
    """Return the lowest nodes whose row estimate is wrong: those above them only inherit the error."""
    bad = [node for node in tree.nodes if _is_bad(tree, node)]
    above_bad = tree.all_above(bad)
    return tuple(node for node in bad if node not in above_bad and _matters(tree, node))


def _is_bad(tree: Tree, node: Node) -> bool:
    numbers = tree.numbers[node]
    if numbers.q_error is None or numbers.q_error < thresholds.MISESTIMATE_FACTOR:
        return False
    return max(numbers.rows, (node.plan_rows or 0) * numbers.loops) >= thresholds.MISESTIMATE_ROWS


def _matters(tree: Tree, node: Node) -> bool:
    """Tell whether a wrong estimate says or chose anything.

    A window function's Run Condition is never estimated; a number of groups chooses joins above, memory, and whether
    they are sorted or hashed.
    """
    if node.type != "Aggregate":
        return node.type != "WindowAgg"
    expected = (node.plan_rows or 0) * tree.numbers[node].loops
    return (
        _chose_a_join(tree, node)
        or node.number("Disk Usage") > 0
        or (node.strategy == "Sorted" and expected >= thresholds.MISESTIMATE_GROUPS)
    )


def _chose_a_join(tree: Tree, node: Node) -> bool:
    return any(above.type.endswith(("Join", "Nested Loop")) for above in tree.above(node))


def _check_misestimate(tree: Tree, facts: Facts | None) -> Iterator[Finding]:
    mended = {node for scan in scans(tree, facts) if _mended_by_index(scan) for node in scan.nodes}
    for node in misestimated(tree):
        relation = relation_of(table_node(tree, node), facts)
        if node in mended or (relation is not None and is_stale(relation)):
            continue  # the index, or stale-statistics, is what to do
        if node.type == "Bitmap Index Scan" and _severity(tree, node) is Severity.INFO:
            continue  # the index was used all the same
        numbers = tree.numbers[node]
        q_error = numbers.q_error or 1.0
        rows, expected, how = _told(tree, node)
        yield found(
            "row-misestimate",
            _severity(tree, node),
            node,
            title=f"{label(node)} gave {format_count(rows)} rows{how} where the planner expected"
            f" {format_count(expected)} ({format_count(round(q_error))} times off)",
            evidence={
                "rows": rows,
                "rows_expected": expected,
                "q_error": q_error,
                "loops": numbers.loops,
            },
            fix=statistics_fix(tree, node, facts),
            impact=_impact(tree, node),
        )


def _mended_by_index(scan: Scan) -> bool:
    """Tell whether the index that a scan's own finding asks for brings the missing statistics: one on an expression."""
    if not loses_to_filter(scan):
        return False
    advice = advise(conditions_of(scan, scan.node.text("Filter")))
    keys = advice.served if advice else conditions_of(scan, scan.node.text("Filter"))
    return any(item.key and not item.bare for item in keys)


def _told(tree: Tree, node: Node) -> tuple[float, float, str]:
    """Return rows and expected rows as people count them: over all workers, else a loop."""
    numbers = tree.numbers[node]
    rows, expected = node.actual.rows if node.actual else 0.0, node.plan_rows or 0.0
    gather = next((above for above in tree.above(node) if above.type in {"Gather", "Gather Merge"}), None)
    if gather is not None and 1 < numbers.loops <= (gather.workers_launched or 0) + 1:
        return round(numbers.rows), round(expected * numbers.loops), " in all workers"
    return rows, expected, " each time" if numbers.loops > 1 else ""


def _severity(tree: Tree, node: Node) -> Severity:
    """Return how much it matters: a scan's error that chose no join, or whose cure is an index, changes little."""
    numbers = tree.numbers[node]
    loses = numbers.removed_by_filter >= thresholds.FILTER_REMOVED_SHARE * (
        numbers.rows + numbers.removed_by_filter
    )
    if table_node(tree, node).relation and (loses or not _chose_a_join(tree, node)):
        return Severity.INFO
    is_error = (numbers.q_error or 1.0) >= thresholds.MISESTIMATE_ERROR_FACTOR and (
        _chose_a_join(tree, node) or node.type == "Aggregate"
    )
    return Severity.ERROR if is_error else Severity.WARNING


def _impact(tree: Tree, node: Node) -> float:
    """Return the share of the node above, whose method the wrong estimate chose."""
    return tree.numbers[tree.parents.get(node, node)].total_share


def _check_stale_statistics(tree: Tree, facts: Facts | None) -> Iterator[Finding]:
    said: set[str] = set()
    for node in misestimated(tree):
        owner = table_node(tree, node)
        relation = relation_of(owner, facts)
        if relation is None or relation.qualified_name in said or not is_stale(relation):
            continue
        said.add(relation.qualified_name)
        modified = relation.modified_since_analyze or 0
        share = f", {format_share(modified / relation.rows)} of the table" if relation.rows > 0 else ""
        table = relation_name(owner)
        rows, expected, how = _told(tree, node)
        yield found(
            "stale-statistics",
            max(_severity(tree, node), Severity.WARNING, key=lambda severity: severity.rank),
            node,
            title=f"{format_count(modified)} rows of {table} changed since it was last analyzed{share}:"
            f" the planner expected {format_count(expected)} rows and got {format_count(rows)}{how}",
            evidence={
                "modified_since_analyze": modified,
                "table_rows": relation.rows,
                "last_analyze": f"{relation.last_analyze:%Y-%m-%d %H:%M}"
                if relation.last_analyze
                else "never",
                "rows": rows,
                "rows_expected": expected,
                "q_error": tree.numbers[node].q_error or 1.0,
            },
            fix=f"ANALYZE {table};",
            impact=_impact(tree, node),
        )


def is_stale(relation: Relation) -> bool:
    """Tell whether so many rows changed since the table was analyzed that its statistics are out of date."""
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
