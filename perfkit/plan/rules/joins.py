"""Rules about work that is repeated for every row: nested loops, join filters, subplans."""

from collections.abc import Iterator

from perfkit.findings import Finding, Severity
from perfkit.plan.condition import comparisons, has_or
from perfkit.plan.derive import Tree
from perfkit.plan.facts import Facts
from perfkit.plan.label import kind, label
from perfkit.plan.model import Node, result_children, walk
from perfkit.plan.rules import thresholds
from perfkit.plan.rules.estimates import misestimated
from perfkit.plan.rules.index_advice import advise
from perfkit.plan.rules.index_statement import create_index, existing_index
from perfkit.plan.rules.rule import Rule, found
from perfkit.plan.rules.scan import Scan, arms_of, scan_by_node, scans
from perfkit.units import format_count, format_share

_LOOP_FIX = (
    "Reduce the outer rows before the join, or let it hash: check that the join compares equal types,"
    " that work_mem holds the smaller side, and that random_page_cost fits the disk."
)


def _check_nested_loop(tree: Tree, facts: Facts | None) -> Iterator[Finding]:
    wrong = {*misestimated(tree), *tree.all_above(misestimated(tree))}
    scan_of = scan_by_node(tree, facts)
    for node in tree.nodes:
        inputs = result_children(node)
        if node.type != "Nested Loop" or len(inputs) != 2:
            continue
        outer, inner = inputs
        numbers = tree.numbers[inner]
        scanned = inner.type == "Seq Scan"
        least_share = thresholds.NESTED_INNER_SHARE if scanned else thresholds.NESTED_LOOKUP_SHARE
        if numbers.loops < thresholds.NESTED_LOOPS or numbers.total_share < least_share:
            continue
        if not scanned and (outer in wrong or _stops_early(tree, node)):
            continue  # row-misestimate names the cause; a LIMIT wants few rows from a loop, not a whole hash join
        yield found(
            "nested-loop",
            Severity.ERROR if scanned else Severity.WARNING,
            node,
            title=f"{kind(node)} ran {label(inner)} {format_count(numbers.loops)} times,"
            f" {format_share(numbers.total_share)} of the query",
            evidence={
                "inner": label(inner),
                "loops": numbers.loops,
                "inner_share": numbers.total_share,
                "outer_rows": tree.numbers[outer].rows,
                "outer_rows_expected": outer.plan_rows or 0,
            },
            fix=_inner_index(node, inner, scan_of.get(inner)) if scanned else _LOOP_FIX,
            impact=numbers.total_share,
        )


def _stops_early(tree: Tree, node: Node) -> bool:
    """Tell whether a LIMIT above takes the rows as they come, with nothing between that reads them all."""
    for above in tree.above(node):
        if above.type == "Limit":
            return True
        if above.type in {"Sort", "Aggregate", "Hash", "WindowAgg", "ModifyTable"}:
            return False
    return False


def _inner_index(node: Node, inner: Node, scan: Scan | None) -> str:
    """Return the index by which the inner table could be looked up instead of scanned; a plan may not name the table."""
    condition = inner.text("Filter") or node.text("Join Filter")
    written = create_index(scan, comparisons(condition, inner.alias, scan.not_text)) if scan else ""
    return (
        written
        or f"Make an index on the join columns of {label(inner)}: {condition or 'there is no join condition'}."
    )


def _check_or_join(tree: Tree, facts: Facts | None) -> Iterator[Finding]:
    for node in tree.nodes:
        if not node.type.endswith(("Join", "Nested Loop")):
            continue
        numbers = tree.numbers[node]
        for key, removed, did in (
            ("Join Filter", numbers.removed_by_join_filter, "compared {} pairs of rows"),
            ("Filter", numbers.removed_by_filter, "joined {} rows"),
        ):
            condition = node.text(key)
            if removed < thresholds.JOIN_REMOVED_ROWS or not has_or(condition):
                continue
            yield found(
                "or-join-filter",
                Severity.WARNING,
                node,
                title=f"{kind(node)} {did.format(format_count(round(removed + numbers.rows)))}"
                f" to keep {format_count(round(numbers.rows))}, because its condition is an OR",
                evidence={
                    "rows_kept": numbers.rows,
                    "pairs_removed": removed,
                    "join_filter": condition,
                },
                fix=_union_fix(node, condition, scans(tree, facts)),
                impact=numbers.total_share,
            )


def _union_fix(node: Node, condition: str, every_scan: tuple[Scan, ...]) -> str:
    """Return how to write the OR, and the index for each arm that compares one table with constants."""
    below = frozenset(walk(node))
    tables = [scan for scan in every_scan if scan.node in below and scan.node.alias]
    written: dict[str, None] = {}
    for scan in tables:
        others = tuple(f"{other.node.alias}." for other in tables if other is not scan)
        for arm in arms_of(scan, condition):
            own = [item for item in arm if item.key and not any(other in item.text for other in others)]
            advice = advise(own)
            if advice and len(own) == len(arm) and not existing_index(scan, advice.keys, advice.method):
                written[create_index(scan, own)] = None
    indexes = (
        f", with an index for each arm: {' '.join(written)}"
        if written
        else ", so that each can use a hash or an index."
    )
    return f"Write it as a UNION of two queries, one for each arm of the OR{indexes}"


def _check_correlated_subplan(tree: Tree, _facts: Facts | None) -> Iterator[Finding]:
    for node in tree.nodes:
        numbers = tree.numbers[node]
        if node.relationship != "SubPlan" or numbers.loops < thresholds.SUBPLAN_LOOPS:
            continue
        parent = tree.parents[node]
        yield found(
            "correlated-subplan",
            Severity.WARNING,
            parent,
            title=f"{node.subplan_name or 'A subquery'} ran {format_count(numbers.loops)} times, once for each row"
            f" of {label(parent)}",
            evidence={"loops": numbers.loops, "share": numbers.total_share, "subplan": label(node)},
            fix=_subplan_fix(parent, node),
            impact=numbers.total_share,
        )


def _subplan_fix(parent: Node, subplan: Node) -> str:
    """Return what to do: a subplan that depends on nothing outside (NOT IN) is read again only for want of memory."""
    if subplan.type == "Materialize" and "NOT" in parent.text("Filter"):
        return "Write NOT EXISTS instead of NOT IN, so that it becomes an anti join; or raise work_mem until it is hashed."
    tables = ", ".join(node.relation for node in walk(subplan) if node.relation)
    return (
        f"Write the subquery over {tables or 'its source'} as a join with a GROUP BY, or as a LEFT JOIN LATERAL"
        " over fewer rows; page first, then look up what the page shows."
    )


NESTED_LOOP = Rule(
    id="nested-loop",
    severity=Severity.WARNING,
    title="A nested loop repeats its inner side thousands of times",
    why="A nested loop is the best join for a few rows and the worst for many. The planner takes it when it expects few;"
    " with a sequential scan inside (an error) the work is the product of both tables.",
    bad="Nested Loop\n  ->  Seq Scan on alumni.gift g  (actual rows=47880 loops=1)\n"
    "  ->  Index Scan using person_pkey on alumni.person p  (actual rows=1 loops=47880)",
    good="Hash Join\n  ->  Seq Scan on alumni.gift g  (actual rows=47880 loops=1)\n"
    "  ->  Hash\n        ->  Seq Scan on alumni.person p  (actual rows=20100 loops=1)",
    fix="Correct the estimate of the outer side, so that the planner sees how many rows come; index the inner side's"
    " join columns where it is scanned.",
    check=_check_nested_loop,
)
OR_JOIN = Rule(
    id="or-join-filter",
    severity=Severity.WARNING,
    title="An OR over two tables makes the join compare every pair of rows",
    why="Hash and merge joins need an equality that always holds. An OR leaves only the nested loop, with every row of one"
    " table against every row of the other.",
    bad="Nested Loop\n  Join Filter: ((p.id = g.person_id) OR (p.email = g.note))\n"
    "  Rows Removed by Join Filter: 8639",
    good="HashAggregate\n  ->  Append\n        ->  Hash Join  (Hash Cond: (p.id = g.person_id))\n"
    "        ->  Hash Join  (Hash Cond: (p.email = g.note))",
    fix="Write a UNION (or UNION ALL with the second arm excluding the first) of two joins.",
    check=_check_or_join,
)
CORRELATED_SUBPLAN = Rule(
    id="correlated-subplan",
    severity=Severity.WARNING,
    title="A subquery runs once for every row",
    why="A subquery that refers to the outer row cannot be joined; the server runs it again for each row, before any LIMIT"
    " that comes after a sort.",
    bad="Index Scan using person_pkey on alumni.person p  (actual rows=3999 loops=1)\n"
    "  SubPlan 1\n    ->  Aggregate  (actual rows=1 loops=3999)",
    good="Hash Join\n  ->  Seq Scan on alumni.person p\n  ->  Hash\n        ->  HashAggregate",
    fix="Write it as a join with a grouped subquery. For NOT IN, write NOT EXISTS.",
    check=_check_correlated_subplan,
)
RULES = (NESTED_LOOP, OR_JOIN, CORRELATED_SUBPLAN)
