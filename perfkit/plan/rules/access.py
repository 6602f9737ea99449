"""Rules about how an index is reached: bitmaps, the visibility map, conditions that hide a column, partitions."""

from collections.abc import Iterator
from functools import lru_cache

from perfkit.findings import Finding, Severity
from perfkit.names import quote_name
from perfkit.plan.condition import Comparison, comparisons
from perfkit.plan.derive import Numbers, Tree
from perfkit.plan.facts import Facts
from perfkit.plan.label import kind, label, relation_name
from perfkit.plan.model import APPENDS, Node, walk
from perfkit.plan.rules import thresholds
from perfkit.plan.rules.index_advice import advise, cast_column, hides_time
from perfkit.plan.rules.index_statement import create_index, existing_index, statement
from perfkit.plan.rules.rule import Rule, found, relation_of, weight
from perfkit.plan.rules.scan import Scan, arms_of, conditions_of, loses_to_filter, scans
from perfkit.units import format_count


def _check_lossy_bitmap(tree: Tree, facts: Facts | None) -> Iterator[Finding]:
    for node in tree.nodes:
        if node.type != "Bitmap Heap Scan":
            continue
        # From 18 each worker's blocks stand apart from the leader's.
        exact, lossy = (sum(node.each_number(f"{word} Heap Blocks")) for word in ("Exact", "Lossy"))
        rechecked = tree.numbers[node].removed_by_recheck
        is_lossy = (
            lossy > 0
            and lossy >= thresholds.LOSSY_SHARE * (exact + lossy)
            and not _names_blocks(node, exact, facts)
        )
        if not is_lossy and not _is_in_vain(tree.numbers[node]):
            continue
        if is_lossy:
            title = (
                f"The bitmap of {relation_name(node)} did not fit work_mem: {format_count(lossy)} of"
                f" {format_count(exact + lossy)} blocks were rechecked row by row"
            )
            fix = f"Raise work_mem for this query, so that a bitmap of {format_count(exact + lossy)} blocks fits."
        else:
            title = f"{label(node)} fetched {format_count(rechecked)} rows that its index could not tell from matches"
            fix = _recheck_fix(node)
        yield found(
            "lossy-bitmap",
            Severity.WARNING,
            node,
            title=title,
            evidence={"exact_blocks": exact, "lossy_blocks": lossy, "rows_removed_by_recheck": rechecked},
            fix=fix,
            impact=weight(tree, node),
        )


def _is_in_vain(numbers: Numbers) -> bool:
    """Tell whether most rows that a bitmap fetched failed the recheck."""
    removed = numbers.removed_by_recheck
    fetched = numbers.rows + numbers.removed_by_filter + removed
    return (
        removed >= thresholds.RECHECK_REMOVED_ROWS and removed >= thresholds.RECHECK_REMOVED_SHARE * fetched
    )


def _names_blocks(node: Node, exact: float, facts: Facts | None) -> bool:
    """Tell whether an index of a bitmap is a BRIN, which names blocks instead of rows whatever work_mem is.

    Where nothing is known of the table, it is taken for one when no block is exact.
    """
    relation = relation_of(node, facts)
    if relation is None:
        return exact == 0
    read = {below.index for below in walk(node)}
    return any(index.name in read and " USING brin " in index.definition for index in relation.indexes)


def _recheck_fix(node: Node) -> str:
    """Return what leaves fewer candidates: trigrams are not the text, a summary or a box is not the value."""
    condition = node.text("Recheck Cond")
    patterns = [item for item in comparisons(condition, node.alias) if item.kind == "infix"]
    if any(item.operator == "%" for item in patterns):
        return "Raise pg_trgm.similarity_threshold for this query: fewer candidates share as many trigrams."
    if patterns:
        return "Ask for more known characters in a row: a trigram index names all rows that hold the same trigrams."
    return f"Use an index that holds the compared values themselves, if {condition} allows it (a b-tree, not BRIN)."


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


def needs_access_rule(scan: Scan) -> bool:
    """Tell whether a scan's filter is slow for a cast or a pattern, which have rules of their own here."""
    compared = conditions_of(scan, scan.node.text("Filter"))
    advice = advise(compared)
    if advice is not None and advice.method == "":
        return False
    return bool(_patterns(scan)) or any(cast_column(item) for item in compared)


def hides_partition_key(tree: Tree, scan: Scan) -> bool:
    """Tell whether partition-pruning has said of this scan's Append what is wrong."""
    return any(_pruning_trouble(tree, node) for node in tree.above(scan.node) if node.type in APPENDS)


def _patterns(scan: Scan) -> list[Comparison]:
    """Return the patterns of a scan's filter that only a trigram index serves: ANDed, or all arms of an OR."""
    condition = scan.node.text("Filter")
    compared = conditions_of(scan, condition)
    arms = arms_of(scan, condition)
    single = [arm[0] for arm in arms if len(arm) == 1]
    found_in_arms = single if arms and len(single) == len(arms) else []
    return [item for item in (*compared, *found_in_arms) if item.kind == "infix" and item.key]


def _check_column_cast(tree: Tree, facts: Facts | None) -> Iterator[Finding]:
    for scan in scans(tree, facts):
        condition = scan.node.text("Filter")
        if not loses_to_filter(scan) or hides_partition_key(tree, scan):
            continue
        for item in conditions_of(scan, condition):
            hidden = cast_column(item)
            if hidden is None:
                continue
            column, cast = hidden
            yield found(
                "column-cast",
                Severity.WARNING,
                scan.node,
                title=f"{scan.table}.{column} is cast to {cast} before it is compared,"
                " so that no index on it can be used",
                evidence={"condition": item.text, "rows_removed": scan.removed},
                fix=_cast_fix(scan, column, cast),
                impact=scan.weight,
            )


def _cast_fix(scan: Scan, column: str, cast: str) -> str:
    if cast == "date":
        fix = f"Write a range on the bare column: {column} >= DATE 'day' AND {column} < DATE 'day' + 1"
    else:
        columns = scan.relation.columns.items() if scan.relation else ()
        named = "".join(f" ({type_})" for name, type_ in columns if quote_name(name) == column)
        fix = f"Bind the parameter in the type of {column}{named}, not as {cast}: cast the value, never the column"
    missing = scan.relation is not None and not existing_index(scan, (column,))
    return f"{fix}; and {statement(scan, (column,))}" if missing else f"{fix}."


def _check_leading_wildcard(tree: Tree, facts: Facts | None) -> Iterator[Finding]:
    for scan in scans(tree, facts):
        if not loses_to_filter(scan) or _index_walk(scan):
            continue
        patterns = _patterns(scan)
        if not patterns or not needs_access_rule(scan):
            continue
        keys = " and ".join(dict.fromkeys(item.key for item in patterns))
        yield found(
            "leading-wildcard",
            Severity.WARNING,
            scan.node,
            title=f"A pattern on {keys} of {scan.place} that no b-tree can serve was compared with"
            f" {format_count(round(scan.filtered))} rows",
            evidence={"condition": scan.node.text("Filter"), "rows_removed": scan.removed},
            fix=create_index(scan, patterns),
            impact=scan.weight,
        )


def _index_walk(scan: Scan) -> bool:
    """Tell whether an index was read in order without a condition: limit-order-scan says it."""
    return scan.node.type.startswith("Index") and not scan.node.text("Index Cond")


def _check_partition_pruning(tree: Tree, _facts: Facts | None) -> Iterator[Finding]:
    for node in tree.nodes:
        trouble = _pruning_trouble(tree, node) if node.type in APPENDS else None
        if trouble is None:
            continue
        hidden, scanned, used, share = trouble
        yield found(
            "partition-pruning",
            Severity.WARNING,
            node,
            title=f"{kind(node)} scanned {scanned} partitions and found rows in {used}:"
            f" {hidden.key} hides the column from pruning",
            evidence={"partitions": scanned, "partitions_with_rows": used, "condition": hidden.text},
            fix="Compare the bare partition key with a value that is known when the query is planned,"
            f" instead of {hidden.key}{_date_range(hidden)}.",
            impact=share,
        )


@lru_cache(maxsize=16)  # each scan below an Append asks for it
def _pruning_trouble(tree: Tree, node: Node) -> tuple[Comparison, int, int, float] | None:
    """Return what hides the partition key, partitions scanned, those with rows, and the share of time of the others."""
    if node.number("Subplans Removed"):
        return None
    scanned = [child for child in node.children if child.executed]
    used = {child for child in scanned if tree.numbers[child].rows > 0}
    if len(scanned) < thresholds.PARTITIONS or len(used) > thresholds.PARTITIONS_USED_SHARE * len(scanned):
        return None
    hidden = _hidden_columns(scanned)
    share = sum(tree.numbers[child].total_share for child in scanned if child not in used)
    return (hidden[0], len(scanned), len(used), share) if hidden and share >= thresholds.NODE_SHARE else None


def _hidden_columns(members: list[Node]) -> list[Comparison]:
    """Return the conditions that every member has on a part or a cast of a column, not on the column itself.

    Other expressions are most likely on other columns: which one is the partition key does not stand in the plan.
    """
    found_by_key: dict[str, list[Comparison]] = {}
    for member in members:
        own: dict[str, Comparison] = {}
        for node in walk(member):
            for condition in comparisons(node.text("Filter"), node.alias):
                if hides_time(condition) or cast_column(condition):
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
    why="An index holds the column, not the column in another type. A driver that sends a number as numeric or a uuid"
    " as text, or a condition on a timestamp's date, makes the server convert every row.",
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
