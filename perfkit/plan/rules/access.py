"""Rules about how an index is reached: bitmaps, the visibility map, conditions that hide a column, partitions."""

from collections.abc import Iterator

from perfkit.findings import Finding, Severity
from perfkit.plan.condition import Comparison, comparisons
from perfkit.plan.derive import Tree
from perfkit.plan.facts import Facts
from perfkit.plan.label import kind, label, relation_name
from perfkit.plan.model import Node, walk
from perfkit.plan.rules import thresholds
from perfkit.plan.rules.index_advice import cast_column, create_index, index_keys
from perfkit.plan.rules.rule import Rule, found, relation_of, weight
from perfkit.plan.rules.scans import loses_to_filter
from perfkit.units import format_count, format_share


def _check_lossy_bitmap(tree: Tree, _facts: Facts | None) -> Iterator[Finding]:
    for node in tree.nodes:
        if node.type != "Bitmap Heap Scan":
            continue
        exact, lossy = _with_workers(node, "Exact Heap Blocks"), _with_workers(node, "Lossy Heap Blocks")
        rechecked = tree.numbers[node].removed_by_recheck
        is_lossy = lossy > 0 and lossy >= thresholds.LOSSY_SHARE * (exact + lossy)
        if not is_lossy and rechecked < thresholds.RECHECK_REMOVED_ROWS:
            continue
        if is_lossy:
            title = (
                f"The bitmap of {relation_name(node)} did not fit work_mem: {format_count(lossy)} of"
                f" {format_count(exact + lossy)} blocks were rechecked row by row"
            )
            fix = f"Raise work_mem for this query, so that a bitmap of {format_count(exact + lossy)} blocks fits."
        else:
            title = f"{label(node)} fetched {format_count(rechecked)} rows that its index could not tell from matches"
            fix = "Use an index that holds the compared value itself (b-tree instead of GIN, GiST or BRIN), if there is one."
        yield found(
            "lossy-bitmap",
            Severity.WARNING,
            node,
            title=title,
            evidence={"exact_blocks": exact, "lossy_blocks": lossy, "rows_removed_by_recheck": rechecked},
            fix=fix,
            impact=weight(tree, node),
        )


def _with_workers(node: Node, key: str) -> float:
    """Return a count of the node; from 18 each worker's stands apart from the leader's."""
    workers = node.extra.get("Workers")
    entries = workers if isinstance(workers, list) else []
    counts = [entry.get(key, 0) for entry in entries if isinstance(entry, dict)]
    return node.number(key) + sum(count for count in counts if isinstance(count, int | float))


def _check_heap_fetches(tree: Tree, _facts: Facts | None) -> Iterator[Finding]:
    for node in tree.nodes:
        numbers = tree.numbers[node]
        fetches = node.number("Heap Fetches")
        read = numbers.rows + numbers.removed_by_filter
        if (
            node.type != "Index Only Scan"
            or fetches < thresholds.HEAP_FETCH_ROWS
            or fetches < thresholds.HEAP_FETCH_SHARE * read
        ):
            continue
        yield found(
            "heap-fetches",
            Severity.WARNING,
            node,
            title=f"Index Only Scan on {relation_name(node)} visited the table {format_count(fetches)} times"
            f" for {format_count(read)} rows",
            evidence={"heap_fetches": fetches, "rows": read},
            fix=f"VACUUM (ANALYZE) {relation_name(node)}; and let autovacuum come more often:"
            f" ALTER TABLE {relation_name(node)} SET (autovacuum_vacuum_scale_factor = 0.02,"
            " autovacuum_vacuum_insert_scale_factor = 0.02);",
            impact=weight(tree, node),
        )


def _check_column_cast(tree: Tree, _facts: Facts | None) -> Iterator[Finding]:
    for node in tree.nodes:
        if not node.relation or not loses_to_filter(tree, node):
            continue
        for condition in comparisons(node.text("Filter"), node.alias):
            hidden = cast_column(condition)
            if hidden is None:
                continue
            column, cast = hidden
            yield found(
                "column-cast",
                Severity.WARNING,
                node,
                title=f"{relation_name(node)}.{column} is cast to {cast} before it is compared,"
                " so that no index on it can be used",
                evidence={"condition": condition.text, "rows_removed": tree.numbers[node].removed_by_filter},
                fix=_cast_fix(column, cast),
                impact=weight(tree, node),
            )


def _cast_fix(column: str, cast: str) -> str:
    if cast == "date":
        return f"Write a range on the bare column: {column} >= DATE 'day' AND {column} < DATE 'day' + 1."
    return f"Give the value in the type of {column}: cast the parameter or the literal, not the column."


def _check_leading_wildcard(tree: Tree, facts: Facts | None) -> Iterator[Finding]:
    for node in tree.nodes:
        if not node.relation or not loses_to_filter(tree, node):
            continue
        compared = comparisons(node.text("Filter"), node.alias)
        patterns = [item for item in compared if item.kind == "infix" and item.key]
        if patterns and not index_keys(compared):
            yield found(
                "leading-wildcard",
                Severity.WARNING,
                node,
                title=f"A pattern on {relation_name(node)}.{patterns[0].key} that no b-tree can serve"
                f" was compared with {format_count(_rows_read(tree, node))} rows",
                evidence={
                    "condition": patterns[0].text,
                    "rows_removed": tree.numbers[node].removed_by_filter,
                },
                fix=create_index(node, patterns[:1], relation_of(node, facts)),
                impact=weight(tree, node),
            )


def _rows_read(tree: Tree, node: Node) -> float:
    return tree.numbers[node].rows + tree.numbers[node].removed_by_filter


def _check_partition_pruning(tree: Tree, _facts: Facts | None) -> Iterator[Finding]:
    for node in tree.nodes:
        if node.type not in {"Append", "Merge Append"} or node.number("Subplans Removed"):
            continue
        scanned = [child for child in node.children if child.executed]
        used = [child for child in scanned if tree.numbers[child].rows > 0]
        if len(scanned) < thresholds.PARTITIONS or len(used) > thresholds.PARTITIONS_USED_SHARE * len(
            scanned
        ):
            continue
        hidden = _hidden_columns(scanned)
        share = sum(tree.numbers[child].total_share for child in scanned if child not in used)
        if hidden and share >= thresholds.NODE_SHARE:
            yield found(
                "partition-pruning",
                Severity.WARNING,
                node,
                title=f"{kind(node)} scanned {len(scanned)} partitions and found rows in {len(used)}:"
                f" {hidden[0].key} hides the column from pruning",
                evidence={
                    "partitions": len(scanned),
                    "partitions_with_rows": len(used),
                    "condition": hidden[0].text,
                },
                fix="Compare the bare partition key with a value that is known when the query is planned,"
                f" instead of {hidden[0].key}{_date_range(hidden[0])}.",
                impact=share,
            )


def _hidden_columns(members: list[Node]) -> list[Comparison]:
    """Return the conditions that every member has on an expression of a column, not on the column itself."""
    found_by_key: dict[str, list[Comparison]] = {}
    for member in members:
        own: dict[str, Comparison] = {}
        for node in walk(member):
            for condition in comparisons(node.text("Filter"), node.alias):
                if condition.key and not condition.bare:
                    own.setdefault(condition.key, condition)
        for key, condition in own.items():
            found_by_key.setdefault(key, []).append(condition)
    return [conditions[0] for conditions in found_by_key.values() if len(conditions) == len(members)]


def _date_range(condition: Comparison) -> str:
    hidden = cast_column(condition)
    if hidden is None or hidden[1] != "date":
        return ""
    return f": {hidden[0]} >= DATE 'day' AND {hidden[0]} < DATE 'day' + 1"


LOSSY_BITMAP = Rule(
    id="lossy-bitmap",
    severity=Severity.WARNING,
    title="A bitmap scan rechecks rows that are no matches",
    why="When the bitmap outgrows work_mem it keeps blocks instead of rows, and every row of such a block is compared"
    " again. Some indexes (GIN, GiST, BRIN) give candidates, too, that have to be checked.",
    bad="Bitmap Heap Scan on alumni.gift\n  Rows Removed by Index Recheck: 27914\n"
    "  Heap Blocks: exact=313 lossy=388",
    good="Bitmap Heap Scan on alumni.gift\n  Heap Blocks: exact=701",
    fix="Raise work_mem for the query, or make the index more selective, so that fewer blocks are in the bitmap.",
    check=_check_lossy_bitmap,
)
HEAP_FETCHES = Rule(
    id="heap-fetches",
    severity=Severity.WARNING,
    title="An index-only scan visits the table all the same",
    why="An index does not know which rows are visible. Only where vacuum has marked a block as all visible can the scan"
    " trust the index; else it fetches the row from the table.",
    bad="Index Only Scan using gift_given_on on alumni.gift  (actual rows=26780)\n  Heap Fetches: 33473",
    good="Index Only Scan using gift_given_on on alumni.gift  (actual rows=26780)\n  Heap Fetches: 0",
    fix="VACUUM the table, and let autovacuum come more often to tables that change much.",
    check=_check_heap_fetches,
)
COLUMN_CAST = Rule(
    id="column-cast",
    severity=Severity.WARNING,
    title="A cast on a column keeps its index from being used",
    why="An index holds the column, not the column in another type. A driver that sends a number as numeric, or a"
    " condition on a timestamp's date, makes the server convert every row.",
    bad="Seq Scan on alumni.gift\n  Filter: ((id)::numeric = '77'::numeric)",
    good="Index Scan using gift_pkey on alumni.gift\n  Index Cond: (id = 77)",
    fix="Give the value in the column's own type; for a day of a timestamp, write a range.",
    check=_check_column_cast,
)
LEADING_WILDCARD = Rule(
    id="leading-wildcard",
    severity=Severity.WARNING,
    title="A pattern with a leading wildcard, or ILIKE, reads every row",
    why="A b-tree is ordered by the beginning of the text; where the beginning is not known, or its case does not matter,"
    " there is no place to start.",
    bad="Seq Scan on alumni.person\n  Filter: (email ~~ '%@example.org'::text)",
    good="Bitmap Index Scan on person_email_idx\n  Index Cond: (email ~~ '%@example.org'::text)",
    fix="Make a trigram index (pg_trgm), which serves LIKE and ILIKE with three or more known letters anywhere.",
    check=_check_leading_wildcard,
)
PARTITION_PRUNING = Rule(
    id="partition-pruning",
    severity=Severity.WARNING,
    title="All partitions are scanned though few have rows",
    why="The planner leaves out partitions only where the condition is on the partition key itself. A function or cast"
    " around it hides it.",
    bad="Append\n  ->  Seq Scan on message_2026_01\n        Filter: ((sent_at)::date = '2026-03-03'::date)\n"
    "  ->  Seq Scan on message_2026_02 …",
    good="Seq Scan on message_2026_03\n  Filter: ((sent_at >= '2026-03-03') AND (sent_at < '2026-03-04'))",
    fix="Compare the bare key with values, as a range.",
    check=_check_partition_pruning,
)
RULES = (LOSSY_BITMAP, HEAP_FETCHES, COLUMN_CAST, LEADING_WILDCARD, PARTITION_PRUNING)
