"""Rules about scans that read far more than they keep."""

from collections.abc import Iterator

from perfkit.findings import Finding, Severity
from perfkit.plan.condition import comparisons, has_or
from perfkit.plan.derive import Tree
from perfkit.plan.facts import Facts
from perfkit.plan.label import kind, label, relation_name
from perfkit.plan.model import Node, walk
from perfkit.plan.rules import thresholds
from perfkit.plan.rules.index_advice import create_index, index_columns, needs_another_rule
from perfkit.plan.rules.rule import Rule, found, relation_of, weight
from perfkit.units import format_count, format_share

_INDEX_SCANS = frozenset({"Index Scan", "Index Only Scan", "Bitmap Heap Scan"})
_OR_ADVICE = "Give each arm of the OR its own index, or write the arms as a UNION."


def loses_to_filter(tree: Tree, node: Node) -> bool:
    """Tell whether a scan throws away nearly all that it reads, and enough of it to be felt."""
    numbers = tree.numbers[node]
    read = numbers.rows + numbers.removed_by_filter
    return (
        numbers.removed_by_filter >= thresholds.FILTER_REMOVED_ROWS
        and numbers.removed_by_filter >= thresholds.FILTER_REMOVED_SHARE * read
        and weight(tree, node) >= thresholds.NODE_SHARE
    )


def _loss_title(tree: Tree, node: Node) -> str:
    numbers = tree.numbers[node]
    read = numbers.rows + numbers.removed_by_filter
    place = f"{kind(node)} on {relation_name(node)}"
    share = format_share(numbers.removed_by_filter / read)
    return (
        f"{place} read {format_count(read)} rows to keep {format_count(numbers.rows)} ({share} thrown away)"
    )


def _loss_evidence(tree: Tree, node: Node) -> dict[str, int | float | str]:
    numbers = tree.numbers[node]
    return {
        "rows_kept": numbers.rows,
        "rows_removed": numbers.removed_by_filter,
        "loops": numbers.loops,
        "blocks": numbers.own_blocks,
        "filter": node.text("Filter"),
    }


def _check_seq_scan(tree: Tree, facts: Facts | None) -> Iterator[Finding]:
    for node in tree.nodes:
        if node.type != "Seq Scan" or not loses_to_filter(tree, node):
            continue
        condition = node.text("Filter")
        compared = comparisons(condition, node.alias)
        if needs_another_rule(compared):
            continue
        fix = create_index(node, compared, relation_of(node, facts))
        if not fix:
            fix = _OR_ADVICE if has_or(condition) else f"Look for an index that could serve {condition}."
        yield found(
            "seq-scan",
            Severity.WARNING,
            node,
            title=_loss_title(tree, node),
            evidence=_loss_evidence(tree, node),
            fix=fix,
            impact=weight(tree, node),
        )


def _check_index_filter(tree: Tree, facts: Facts | None) -> Iterator[Finding]:
    for node in tree.nodes:
        if node.type not in _INDEX_SCANS or not loses_to_filter(tree, node):
            continue
        served = comparisons(node.text("Index Cond") or node.text("Recheck Cond"), node.alias)
        if node.type != "Bitmap Heap Scan" and not served and _under_limit(tree, node):
            continue  # limit-order-scan says it
        filtered = comparisons(node.text("Filter"), node.alias)
        if needs_another_rule(filtered):
            continue
        missing = [item.key for item in filtered if item.key and item.key not in {one.key for one in served}]
        named = (
            f" because {', '.join(dict.fromkeys(missing))} is not in the index condition" if missing else ""
        )
        fix = create_index(node, (*served, *filtered), relation_of(node, facts)) if missing else ""
        yield found(
            "index-filter",
            Severity.WARNING,
            node,
            title=_loss_title(tree, node) + named,
            evidence=_loss_evidence(tree, node)
            | {
                "index": node.index or "",
                "index_condition": node.text("Index Cond") or node.text("Recheck Cond"),
            },
            fix=fix or f"Look for an index that could serve {node.text('Filter')} as well.",
            impact=weight(tree, node),
        )


def _check_limit_order(tree: Tree, facts: Facts | None) -> Iterator[Finding]:
    for node in tree.nodes:
        numbers = tree.numbers[node]
        if (
            node.type not in {"Index Scan", "Index Only Scan"}
            or node.text("Index Cond")
            or numbers.removed_by_filter < thresholds.LIMIT_REMOVED_ROWS
            or numbers.removed_by_filter < thresholds.LIMIT_REMOVED_PER_ROW * numbers.rows
            or not _under_limit(tree, node)
        ):
            continue
        yield found(
            "limit-order-scan",
            Severity.WARNING,
            node,
            title=f"{label(node)} gives only the order: {format_count(numbers.removed_by_filter)} rows were read"
            f" and thrown away to find {format_count(numbers.rows)} for the LIMIT",
            evidence=_loss_evidence(tree, node) | {"index": node.index or ""},
            fix=_limit_fix(node, facts),
            impact=weight(tree, node),
        )


def _under_limit(tree: Tree, node: Node) -> bool:
    return any(parent.type == "Limit" for parent in tree.above(node))


def _limit_fix(node: Node, facts: Facts | None) -> str:
    """Return an index on the filter's equality columns, then the columns that the present index orders by."""
    relation = relation_of(node, facts)
    filtered = comparisons(node.text("Filter"), node.alias)
    equal = [item.key for item in filtered if item.kind == "equal" and item.bare]
    order = [
        column
        for index in (relation.indexes if relation else ())
        if index.name == node.index
        for column in index_columns(index.definition)
    ]
    if equal and order:
        return f"CREATE INDEX CONCURRENTLY ON {relation_name(node)} ({', '.join(dict.fromkeys([*equal, *order]))});"
    if equal:
        return (
            f"Make an index on ({', '.join(equal)}, …) with the ORDER BY columns of {node.index} after them."
        )
    alternative = create_index(node, filtered, relation)
    return (
        alternative or f"Make an index that serves {node.text('Filter')}, so that few rows are left to sort."
    )


def _check_read_efficiency(tree: Tree, _facts: Facts | None) -> Iterator[Finding]:
    for node in tree.nodes:
        numbers = tree.numbers[node]
        if not node.relation or node.type == "ModifyTable" or loses_to_filter(tree, node):
            continue
        blocks = _scan_blocks(tree, node)
        per_row = blocks / max(numbers.rows, 1.0)
        rows_seen = max(numbers.rows + numbers.removed_by_filter, 1.0)
        if blocks < thresholds.READ_BLOCKS or per_row < thresholds.BLOCKS_PER_ROW or blocks <= rows_seen:
            continue
        table = relation_name(node)
        yield found(
            "read-efficiency",
            Severity.WARNING,
            node,
            title=f"{label(node)} read {format_count(blocks)} blocks for {format_count(numbers.rows)} rows"
            f" ({format_count(round(per_row))} blocks a row)",
            evidence={"blocks": blocks, "rows": numbers.rows, "blocks_per_row": per_row},
            fix=f"VACUUM (VERBOSE, ANALYZE) {table}; if it stays large, it is bloated: rebuild it with"
            f" pg_repack, or VACUUM FULL while nobody uses it{_reindex(node)}",
            impact=weight(tree, node),
        )


def _scan_blocks(tree: Tree, node: Node) -> int:
    """Return a scan's blocks; those of a bitmap heap scan with its bitmap's."""
    below = [child for child in walk(node) if child is not node and child.type.startswith("Bitmap")]
    return tree.numbers[node].own_blocks + sum(tree.numbers[child].own_blocks for child in below)


def _reindex(node: Node) -> str:
    return f"; REINDEX INDEX CONCURRENTLY {node.index};" if node.index else "."


SEQ_SCAN = Rule(
    id="seq-scan",
    severity=Severity.WARNING,
    title="A sequential scan reads a whole table to keep a few rows",
    why="Every row of the table is read and compared, so that the query gets slower as the table grows,"
    " and its blocks push others out of the cache.",
    bad="Seq Scan on alumni.gift  (actual rows=12 loops=1)\n"
    "  Filter: (campaign = 'Spring'::text)\n  Rows Removed by Filter: 412333",
    good="Index Scan using gift_campaign_idx on alumni.gift  (actual rows=12 loops=1)\n"
    "  Index Cond: (campaign = 'Spring'::text)",
    fix="Make an index on the filtered columns, those compared for equality first, then one range:"
    " the finding has the statement. For an OR, one index for each arm.",
    check=_check_seq_scan,
)
INDEX_FILTER = Rule(
    id="index-filter",
    severity=Severity.WARNING,
    title="An index scan fetches many rows that a filter then throws away",
    why="The index narrows the search by some of the conditions only; every row that it finds is fetched from the table"
    " before the others are checked, which is random reading.",
    bad="Index Scan using gift_given_on on alumni.gift  (actual rows=1 loops=1)\n"
    "  Index Cond: (given_on >= '2021-01-01'::date)\n"
    "  Filter: (note = 'matched'::text)\n  Rows Removed by Filter: 21899",
    good="Index Scan using gift_note_given_on_idx on alumni.gift  (actual rows=1 loops=1)\n"
    "  Index Cond: ((note = 'matched'::text) AND (given_on >= '2021-01-01'::date))",
    fix="Make an index that holds the missing column too: columns compared for equality first, then the range.",
    check=_check_index_filter,
)
LIMIT_ORDER = Rule(
    id="limit-order-scan",
    severity=Severity.WARNING,
    title="An index serves only the ORDER BY of a LIMIT",
    why="The planner hopes to meet enough matching rows early when it walks the index in order. When matches are rare, or"
    " stand at the other end, it walks through most of the table.",
    bad="Limit  (actual rows=3 loops=1)\n"
    "  ->  Index Scan using gift_given_on on alumni.gift  (actual rows=3 loops=1)\n"
    "        Filter: (note = 'matched'::text)\n        Rows Removed by Filter: 48211",
    good="Limit  (actual rows=3 loops=1)\n"
    "  ->  Index Scan using gift_note_given_on_idx on alumni.gift  (actual rows=3 loops=1)\n"
    "        Index Cond: (note = 'matched'::text)",
    fix="Make an index with the filtered columns first and the ORDER BY columns after them.",
    check=_check_limit_order,
)
READ_EFFICIENCY = Rule(
    id="read-efficiency",
    severity=Severity.WARNING,
    title="A scan reads many blocks for few rows",
    why="The blocks hold mostly dead or no rows: a bloated table or index, or a long-running transaction that keeps"
    " vacuum from cleaning up.",
    bad="Seq Scan on alumni.staging  (actual rows=10 loops=1)\n  Buffers: shared hit=1765",
    good="Seq Scan on alumni.staging  (actual rows=10 loops=1)\n  Buffers: shared hit=1",
    fix="VACUUM the table, and find out why autovacuum did not (an old transaction, thresholds too high)."
    " What stays large has to be rebuilt: REINDEX CONCURRENTLY for an index, pg_repack for a table.",
    check=_check_read_efficiency,
)
RULES = (SEQ_SCAN, INDEX_FILTER, LIMIT_ORDER, READ_EFFICIENCY)
