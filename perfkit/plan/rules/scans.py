"""Rules about scans that read far more than they keep."""

from collections.abc import Iterator, Sequence

from perfkit.findings import Finding, Severity
from perfkit.plan.condition import Comparison, has_or
from perfkit.plan.derive import Tree
from perfkit.plan.facts import Facts
from perfkit.plan.label import label, relation_name
from perfkit.plan.model import Node, walk
from perfkit.plan.rules import thresholds
from perfkit.plan.rules.access import hides_partition_key, needs_access_rule
from perfkit.plan.rules.index_advice import Advice, advise, computes, hides_time
from perfkit.plan.rules.index_statement import (
    create_index,
    create_indexes_for_or,
    create_partial_index,
    existing_index,
    index_columns,
    statement,
)
from perfkit.plan.rules.rule import Rule, found
from perfkit.plan.rules.scan import Scan, conditions_of, loses_to_filter, loss_evidence, loss_title, scans
from perfkit.plan.rules.statistics_advice import SUBQUERY_FIX
from perfkit.units import format_count

_INDEX_SCANS = frozenset({"Index Scan", "Index Only Scan", "Bitmap Heap Scan"})


def _check_seq_scan(tree: Tree, facts: Facts | None) -> Iterator[Finding]:
    for scan in scans(tree, facts):
        condition = scan.node.text("Filter")
        if (
            scan.node.type != "Seq Scan"
            or not loses_to_filter(scan)
            or needs_access_rule(scan)
            or hides_partition_key(tree, scan)
        ):
            continue
        yield found(
            "seq-scan",
            Severity.WARNING,
            scan.node,
            title=loss_title(scan),
            evidence=loss_evidence(scan),
            fix=_fix(scan, conditions_of(scan, condition), condition),
            impact=scan.weight,
        )


def _fix(scan: Scan, conditions: Sequence[Comparison], text: str) -> str:
    """Return the index for a scan's conditions, else how to write them so that one can serve, else what to look at."""
    written = (
        create_index(scan, conditions)
        or create_indexes_for_or(scan, text)
        or create_partial_index(scan, conditions)
    )
    if written:
        return written
    if "SubPlan" in text:
        return SUBQUERY_FIX
    parts = [item for item in conditions if hides_time(item)]
    if parts:
        return f"Write {parts[0].text} as a range on the bare column (from >= day, < day after), and index the column."
    if has_or(text):
        return f"Write the arms of the OR as a UNION, so that each can have its own index: {text}."
    computed = [item for item in conditions if computes(item)]
    if computed:
        return f"Move the arithmetic of {computed[0].text} to the value's side, so that the bare column can be indexed."
    return f"Look at which of these conditions is rare, and index it, alone or as a partial index (WHERE …): {text}."


def _check_index_filter(tree: Tree, facts: Facts | None) -> Iterator[Finding]:
    for scan in scans(tree, facts):
        node = scan.node
        if node.type not in _INDEX_SCANS or not loses_to_filter(scan) or _serves_only_order(tree, scan):
            continue
        if needs_access_rule(scan) or hides_partition_key(tree, scan):
            continue
        condition = node.text("Index Cond") or node.text("Recheck Cond")
        served = conditions_of(scan, condition)
        filtered = conditions_of(scan, node.text("Filter"))
        advice = advise((*served, *filtered))
        missing = [item.key for item in advice.served if item in filtered] if advice else []
        named = f" because {' and '.join(dict.fromkeys(missing))} is not in the index" if missing else ""
        yield found(
            "index-filter",
            Severity.WARNING,
            node,
            title=loss_title(scan) + named,
            evidence=loss_evidence(scan) | {"index": node.index or "", "index_condition": condition},
            fix=_index_fix(scan, served, filtered),
            impact=scan.weight,
        )


def _index_fix(scan: Scan, served: Sequence[Comparison], filtered: Sequence[Comparison]) -> str:
    if not served and scan.node.type != "Bitmap Heap Scan":
        return _ordered_fix(scan)
    ranges = {item.key for item in (*served, *filtered) if item.kind == "range" and item.key}
    if len(ranges) > 1 and not any(item.kind == "equal" for item in served):
        return (
            f"No b-tree narrows by two ranges ({', '.join(sorted(ranges))}): index the one that fewer rows meet,"
            " or ask for a narrower range of the other."
        )
    return _fix(scan, (*served, *filtered), scan.node.text("Filter"))


def _serves_only_order(tree: Tree, scan: Scan) -> bool:
    """Tell whether an index is walked in order for a LIMIT, nearly all of its rows thrown away."""
    return (
        scan.node.type in {"Index Scan", "Index Only Scan"}
        and not scan.node.text("Index Cond")
        and scan.removed >= thresholds.LIMIT_REMOVED_ROWS
        and scan.removed >= thresholds.LIMIT_REMOVED_PER_ROW * scan.rows
        and scan.weight >= thresholds.NODE_SHARE
        and any(parent.type == "Limit" for parent in tree.above(scan.node))
    )


def _check_limit_order(tree: Tree, facts: Facts | None) -> Iterator[Finding]:
    for scan in scans(tree, facts):
        if not _serves_only_order(tree, scan):
            continue
        yield found(
            "limit-order-scan",
            Severity.WARNING,
            scan.node,
            title=f"{label(scan.node)} gives only the order: {format_count(round(scan.removed))} rows were read"
            f" and thrown away to find {format_count(round(scan.rows))} for the LIMIT",
            evidence=loss_evidence(scan) | {"index": scan.node.index or ""},
            fix=_ordered_fix(scan),
            impact=scan.weight,
        )


def _ordered_fix(scan: Scan) -> str:
    """Return an index on the filter's equality columns, then the columns that the present index orders by."""
    text = scan.node.text("Filter")
    conditions = conditions_of(scan, text)
    advice = advise(conditions)
    if advice is not None and advice.method:
        return _search_first(scan, advice, create_index(scan, conditions))
    if advice is None or any(item.kind != "equal" for item in advice.served):
        return _fix(scan, conditions, text)
    order = [
        column
        for index in (scan.relation.indexes if scan.relation else ())
        if index.name == scan.node.index
        for column in index_columns(index.definition)
    ]
    keys = tuple(dict.fromkeys([*advice.keys, *order]))
    if not order:
        return f"Make an index on ({', '.join(keys)}, …) with the columns of {scan.node.index} after them."
    if existing_index(scan, keys):
        return create_index(scan, conditions)
    return statement(scan, keys)


def _search_first(scan: Scan, advice: Advice, written: str) -> str:
    """Return how to have an index searched that gives no order, where the planner walks another for the LIMIT."""
    names = [existing_index(scan, (key,), advice.method) for key in advice.keys]
    found_by = ", ".join(dict.fromkeys(names)) if all(names) else "that index"
    made = "" if all(names) else f"{written} "
    return (
        f"{made}The planner hopes to meet the LIMIT's rows early instead of searching with {found_by}: search first and sort"
        " then, WITH found AS MATERIALIZED (the query without ORDER BY and LIMIT) SELECT … ORDER BY … LIMIT …."
    )


def _check_read_efficiency(tree: Tree, facts: Facts | None) -> Iterator[Finding]:
    for scan in scans(tree, facts):
        blocks = scan.blocks + _bitmap_blocks(tree, scan)
        # A lookup reads the index from its root down, whether it finds a row or not.
        seen = max(scan.read, scan.loops)
        per_row = blocks / max(seen, 1.0)
        if blocks < thresholds.READ_BLOCKS or per_row < thresholds.BLOCKS_PER_ROW or loses_to_filter(scan):
            continue
        yield found(
            "read-efficiency",
            Severity.WARNING,
            scan.node,
            title=f"{label(scan.node)} read {format_count(blocks)} blocks for {format_count(round(scan.read))} rows"
            f" ({format_count(round(per_row))} blocks a row)",
            evidence={"blocks": blocks, "rows": scan.read, "blocks_per_row": per_row},
            fix=f"VACUUM (VERBOSE, ANALYZE) {relation_name(scan.node)}; if it stays large, it is bloated: rebuild it with"
            f" pg_repack, or VACUUM FULL while nobody uses it{_reindex(scan.node)}",
            impact=scan.weight,
        )


def _bitmap_blocks(tree: Tree, scan: Scan) -> int:
    """Return the blocks of the bitmaps that bitmap heap scans read."""
    below = [child for node in scan.nodes for child in walk(node) if child.type.startswith("Bitmap Index")]
    return sum(tree.numbers[child].own_blocks for child in below)


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
