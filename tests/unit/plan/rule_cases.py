"""What each rule is held to: a plan that has the trouble, one that has not, and what is said, worked out by hand."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime

from perfkit.findings import Severity
from perfkit.plan.facts import Facts, Index, Relation


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleCase:
    """What a rule says of the golden plan on which it `fires`, and one on which it is `silent`.

    Node and evidence are those of `major`; the rest holds for every version that has the golden. `advice` is a part of
    the fix: the statement that makes the index, or the few words without which it is no help.
    """

    fires: str
    silent: str
    node: str
    evidence: dict[str, int | float | str]
    advice: str
    severity: Severity = Severity.WARNING
    major: int = 18
    facts: Facts | None = None


def gift(*, modified: int | None = 0, definitions: tuple[str, ...] = ()) -> Facts:
    """Return what a server says of one table."""
    indexes = tuple(
        Index(name=f"index_{number}", definition=definition, size_bytes=8192, valid=True)
        for number, definition in enumerate(definitions)
    )
    relation = Relation(
        schema="alumni",
        name="gift",
        rows=75_000,
        size_bytes=5_742_592,
        modified_since_analyze=modified,
        dead_rows=0,
        last_analyze=datetime(2026, 1, 2, 3, 4, tzinfo=UTC),
        indexes=indexes,
    )
    return Facts(
        version=180_006,
        version_text="18.6",
        database="alumni",
        in_recovery=False,
        settings={},
        relations={"alumni.gift": relation},
    )


def indexed(table: str, index: str, method: str) -> Facts:
    """Return what a server says of a table with one index."""
    definition = f"CREATE INDEX {index} ON alumni.{table} USING {method} (id)"
    (known,) = gift(definitions=(definition,)).relations.values()
    relation = replace(known, name=table, indexes=(replace(known.indexes[0], name=index),))
    return replace(gift(), relations={relation.qualified_name: relation})


# Evidence has two decimals at most; shares are of execution time, each worked out in the comment above it.
RULE_CASES = {
    "column-cast": RuleCase(
        fires="column_cast",
        silent="index_scan",
        advice="not as numeric",
        node="Seq Scan on alumni.gift",
        evidence={"rows_removed": 59_999},
    ),
    # 0.002 ms x 3,999 loops / 8.378 ms
    "correlated-subplan": RuleCase(
        fires="subplan_correlated",
        silent="subplan_once",
        advice="GROUP BY",
        node="Index Scan using person_pkey on alumni.person p",
        evidence={"loops": 3_999, "share": 0.95, "subplan": "Aggregate"},
    ),
    "heap-fetches": RuleCase(
        fires="heap_fetches",
        silent="heap_fetches_none",
        advice="VACUUM (ANALYZE) alumni.gift;",
        node="Index Only Scan using gift_given_on on alumni.gift",
        evidence={"heap_fetches": 33_690, "rows": 27_090},
    ),
    "index-filter": RuleCase(
        fires="index_filter_loss",
        silent="index_scan",
        node="Index Scan using gift_given_on on alumni.gift",
        evidence={
            "rows_kept": 0,
            "rows_removed": 21_900,
            "loops": 1,
            "blocks": 27_443,
            "index": "gift_given_on",
        },
        advice="CREATE INDEX CONCURRENTLY ON alumni.gift (note, given_on);",
    ),
    # Of the servers that made the goldens only that of 15 could compile.
    "jit-time": RuleCase(
        fires="jit",
        silent="aggregate_memory",
        advice="SET jit = off;",
        major=15,
        node="",
        evidence={"jit_ms": 54.39, "execution_ms": 56.27, "functions": 8},
    ),
    "large-offset": RuleCase(
        fires="offset_large",
        silent="offset_small",
        advice="Page by key",
        node="Limit",
        evidence={"rows_read": 30_020, "rows_returned": 20, "rows_skipped": 30_000},
    ),
    "leading-wildcard": RuleCase(
        fires="like_infix",
        silent="limit_order",
        node="Seq Scan on alumni.gift",
        evidence={"rows_removed": 59_989},
        advice="CREATE INDEX CONCURRENTLY ON alumni.gift USING gin (note gin_trgm_ops);",
    ),
    "limit-order-scan": RuleCase(
        fires="limit_order",
        silent="limit_order_cheap",
        node="Index Scan using gift_given_on on alumni.gift",
        evidence={"rows_kept": 3, "rows_removed": 8_706, "blocks": 10_932, "index": "gift_given_on"},
        advice="CREATE INDEX CONCURRENTLY ON alumni.gift (note text_pattern_ops);",
    ),
    "lossy-bitmap": RuleCase(
        fires="bitmap_lossy",
        silent="bitmap_exact",
        advice="work_mem",
        node="Bitmap Heap Scan on alumni.archive",
        evidence={"exact_blocks": 524, "lossy_blocks": 1_032, "rows_removed_by_recheck": 0},
    ),
    # 0.008 ms x 2,999 loops / 37.855 ms
    "nested-loop": RuleCase(
        fires="nested_loop_seq",
        silent="nested_loop_memoize",
        severity=Severity.ERROR,
        node="Nested Loop",
        evidence={"loops": 2_999, "inner_share": 0.63, "outer_rows": 2_999, "outer_rows_expected": 2_999},
        advice='CREATE INDEX CONCURRENTLY ON alumni."Odd Name" ("Key");',
    ),
    "or-join-filter": RuleCase(
        fires="or_join",
        silent="or_join_none",
        advice="UNION",
        node="Nested Loop",
        evidence={"rows_kept": 9, "pairs_removed": 51_831},
    ),
    "partition-pruning": RuleCase(
        fires="partitions_all",
        silent="partitions_index",
        advice="sent_at >= DATE 'day'",
        node="Append",
        evidence={"partitions": 8, "partitions_with_rows": 1},
    ),
    "planning-time": RuleCase(
        fires="planning",
        silent="planning_short",
        advice="join_collapse_limit",
        node="",
        evidence={"planning_ms": 32.28, "execution_ms": 0.07},
    ),
    # 1,667 blocks / 10 rows
    "read-efficiency": RuleCase(
        fires="bloat",
        silent="seq_scan_all",
        advice="VACUUM (VERBOSE, ANALYZE) alumni.staging",
        node="Seq Scan on alumni.staging",
        evidence={"blocks": 1_667, "rows": 10, "blocks_per_row": 166.7},
    ),
    # 60,000 rows / 375 expected
    "row-misestimate": RuleCase(
        fires="misestimate_join",
        silent="seq_scan_all",
        advice="given_on = g.booked_on",
        node="Seq Scan on alumni.gift g",
        evidence={"rows": 60_000, "rows_expected": 375, "q_error": 160, "loops": 1},
    ),
    "seq-scan": RuleCase(
        fires="seq_scan_loss",
        silent="seq_scan_all",
        node="Seq Scan on alumni.gift",
        evidence={"rows_kept": 30, "rows_removed": 59_970, "loops": 1, "blocks": 701},
        advice="CREATE INDEX CONCURRENTLY ON alumni.gift (campaign);",
    ),
    "spill-aggregate": RuleCase(
        fires="aggregate_spill",
        silent="aggregate_memory",
        advice="SET work_mem = '8MB';",
        node="HashAggregate",
        evidence={"disk_kb": 2_152, "batches": 85, "memory_kb": 169, "work_mem": "64kB"},
    ),
    # The join's 333 blocks include the 91 of its Hash.
    "spill-hash": RuleCase(
        fires="hash_spill",
        silent="hash_memory",
        advice="SET work_mem = '4MB';",
        node="Hash",
        evidence={"batches": 8, "memory_kb": 169, "temp_written_blocks": 333, "work_mem": "64kB"},
    ),
    "spill-other": RuleCase(
        fires="materialize_spill",
        silent="recursive",
        advice="NOT MATERIALIZED",
        node="CTE Scan on x b",
        evidence={"temp_written_blocks": 417},
    ),
    "spill-sort": RuleCase(
        fires="sort_spill",
        silent="sort_memory",
        node="Sort",
        evidence={"disk_kb": 3_392, "rows": 60_000, "work_mem": "64kB"},
        advice="CREATE INDEX CONCURRENTLY ON alumni.gift (note);",
    ),
    "stale-statistics": RuleCase(
        fires="misestimate",
        silent="misestimate",
        advice="ANALYZE alumni.gift;",
        node="Seq Scan on alumni.gift",
        evidence={
            "modified_since_analyze": 60_000,
            "table_rows": 75_000,
            "last_analyze": "2026-01-02 03:04",
            "rows": 60_000,
            "rows_expected": 375,
            "q_error": 160,
        },
        facts=gift(modified=60_000),
    ),
    # 90.661 ms / 108.605 ms
    "trigger-time": RuleCase(
        fires="trigger_foreign_key",
        silent="write",
        advice="index on the referencing columns of gift_person_id_fkey",
        node="",
        evidence={"time_ms": 90.66, "calls": 20, "share": 0.83},
    ),
    "workers-missing": RuleCase(
        fires="workers_missing",
        silent="workers",
        advice="max_parallel_workers",
        node="Gather",
        evidence={"workers_planned": 2, "workers_launched": 0},
    ),
}
