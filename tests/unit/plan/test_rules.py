"""What each rule says in numbers: severity, place and evidence, worked out by hand from what the server printed."""

from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from perfkit.findings import Finding, Severity
from perfkit.plan.facts import Facts, Relation
from perfkit.plan.parse import parse_plan
from perfkit.plan.rules import RULES, find_problems
from tests.unit.plan.goldens import FOLDER, document

MAJORS = (14, 15, 16, 17, 18)


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a rule says of a golden plan; `index` is the statement in its fix, on every version that has the golden."""

    golden: str
    node: str
    evidence: dict[str, int | float | str]
    severity: Severity = Severity.WARNING
    index: str = ""
    major: int = 18
    facts: Facts | None = None


_STALE = Facts(
    version=180_006,
    version_text="18.6",
    database="alumni",
    in_recovery=False,
    settings={},
    relations={
        "alumni.gift": Relation(
            schema="alumni",
            name="gift",
            rows=75_000,
            size_bytes=5_742_592,
            modified_since_analyze=60_000,
            dead_rows=None,
            last_analyze=datetime(2026, 1, 2, 3, 4, tzinfo=UTC),
            indexes=(),
        )
    },
)

# Evidence has two decimals at most; shares are of execution time, each worked out in the comment above it.
TABLE = {
    "column-cast": Said(
        golden="column_cast", node="Seq Scan on alumni.gift", evidence={"rows_removed": 59_999}
    ),
    # 0.002 ms x 3,999 loops / 8.378 ms
    "correlated-subplan": Said(
        golden="subplan_correlated",
        node="Index Scan using person_pkey on alumni.person p",
        evidence={"loops": 3_999, "share": 0.95, "subplan": "Aggregate"},
    ),
    "heap-fetches": Said(
        golden="heap_fetches",
        node="Index Only Scan using gift_given_on on alumni.gift",
        evidence={"heap_fetches": 33_690, "rows": 27_090},
    ),
    "index-filter": Said(
        golden="index_filter_loss",
        node="Index Scan using gift_given_on on alumni.gift",
        evidence={
            "rows_kept": 0,
            "rows_removed": 21_900,
            "loops": 1,
            "blocks": 27_443,
            "index": "gift_given_on",
        },
        index="CREATE INDEX CONCURRENTLY ON alumni.gift (note, given_on);",
    ),
    # Of the servers that made the goldens only that of 15 could compile.
    "jit-time": Said(
        golden="jit", major=15, node="", evidence={"jit_ms": 54.39, "execution_ms": 56.27, "functions": 8}
    ),
    "large-offset": Said(
        golden="offset_large",
        node="Limit",
        evidence={"rows_read": 30_020, "rows_returned": 20, "rows_skipped": 30_000},
    ),
    "leading-wildcard": Said(
        golden="like_infix",
        node="Seq Scan on alumni.gift",
        evidence={"rows_removed": 59_989},
        index="CREATE INDEX CONCURRENTLY ON alumni.gift USING gin (note gin_trgm_ops);",
    ),
    "limit-order-scan": Said(
        golden="limit_order",
        node="Index Scan using gift_given_on on alumni.gift",
        evidence={"rows_kept": 3, "rows_removed": 8_706, "blocks": 10_932, "index": "gift_given_on"},
        index="CREATE INDEX CONCURRENTLY ON alumni.gift (note text_pattern_ops);",
    ),
    "lossy-bitmap": Said(
        golden="bitmap_lossy",
        node="Bitmap Heap Scan on alumni.archive",
        evidence={"exact_blocks": 524, "lossy_blocks": 1_032, "rows_removed_by_recheck": 0},
    ),
    # 0.008 ms x 2,999 loops / 37.855 ms
    "nested-loop": Said(
        golden="nested_loop_seq",
        severity=Severity.ERROR,
        node="Nested Loop",
        evidence={"loops": 2_999, "inner_share": 0.63, "outer_rows": 2_999, "outer_rows_expected": 2_999},
        index='CREATE INDEX CONCURRENTLY ON alumni."Odd Name" ("Key");',
    ),
    "or-join-filter": Said(
        golden="or_join", node="Nested Loop", evidence={"rows_kept": 9, "pairs_removed": 51_831}
    ),
    "partition-pruning": Said(
        golden="partitions_all", node="Append", evidence={"partitions": 8, "partitions_with_rows": 1}
    ),
    "planning-time": Said(golden="planning", node="", evidence={"planning_ms": 32.28, "execution_ms": 0.07}),
    # 1,667 blocks / 10 rows
    "read-efficiency": Said(
        golden="bloat",
        node="Seq Scan on alumni.staging",
        evidence={"blocks": 1_667, "rows": 10, "blocks_per_row": 166.7},
    ),
    # 60,000 rows / 375 expected
    "row-misestimate": Said(
        golden="misestimate_join",
        node="Seq Scan on alumni.gift g",
        evidence={"rows": 60_000, "rows_expected": 375, "q_error": 160, "loops": 1},
    ),
    "seq-scan": Said(
        golden="seq_scan_loss",
        node="Seq Scan on alumni.gift",
        evidence={"rows_kept": 30, "rows_removed": 59_970, "loops": 1, "blocks": 701},
        index="CREATE INDEX CONCURRENTLY ON alumni.gift (campaign);",
    ),
    "spill-aggregate": Said(
        golden="aggregate_spill",
        node="HashAggregate",
        evidence={"disk_kb": 2_152, "batches": 85, "memory_kb": 169, "work_mem": "64kB"},
    ),
    # The join's 333 blocks include the 91 of its Hash.
    "spill-hash": Said(
        golden="hash_spill",
        node="Hash",
        evidence={"batches": 8, "memory_kb": 169, "temp_written_blocks": 333, "work_mem": "64kB"},
    ),
    "spill-other": Said(
        golden="materialize_spill", node="CTE Scan on x b", evidence={"temp_written_blocks": 417}
    ),
    "spill-sort": Said(
        golden="sort_spill",
        node="Sort",
        evidence={"disk_kb": 3_392, "rows": 60_000, "work_mem": "64kB"},
        index="CREATE INDEX CONCURRENTLY ON alumni.gift (note);",
    ),
    "stale-statistics": Said(
        golden="misestimate",
        node="Seq Scan on alumni.gift",
        evidence={
            "modified_since_analyze": 60_000,
            "table_rows": 75_000,
            "last_analyze": "2026-01-02 03:04",
            "rows": 60_000,
            "rows_expected": 375,
            "q_error": 160,
        },
        facts=_STALE,
    ),
    # 90.661 ms / 108.605 ms
    "trigger-time": Said(
        golden="trigger_foreign_key", node="", evidence={"time_ms": 90.66, "calls": 20, "share": 0.83}
    ),
    "workers-missing": Said(
        golden="workers_missing", node="Gather", evidence={"workers_planned": 2, "workers_launched": 0}
    ),
}


def _findings(rule: str, major: int) -> list[Finding]:
    said = TABLE[rule]
    text = (FOLDER / str(major) / f"{said.golden}.json").read_text("utf-8")
    return [finding for finding in find_problems(parse_plan(text), said.facts) if finding.rule == rule]


def _versions(rules: list[str]) -> list[tuple[str, int]]:
    return [
        (rule, major)
        for rule in rules
        for major in MAJORS
        if (FOLDER / str(major) / f"{TABLE[rule].golden}.json").exists()
    ]


def test_every_rule_has_its_numbers_checked() -> None:
    assert sorted(TABLE) == [rule.id for rule in RULES]


@pytest.mark.parametrize("rule", sorted(TABLE))
def test_a_finding_says_where_and_how_much(rule: str) -> None:
    said = TABLE[rule]
    worst = _findings(rule, said.major)[0]
    assert worst.node == said.node
    assert {name: worst.evidence[name] for name in said.evidence} == said.evidence


@pytest.mark.parametrize(("rule", "major"), _versions(sorted(TABLE)))
def test_a_finding_is_as_severe_on_every_version(rule: str, major: int) -> None:
    assert {finding.severity for finding in _findings(rule, major)} == {TABLE[rule].severity}


@pytest.mark.parametrize(("rule", "major"), _versions([rule for rule in sorted(TABLE) if TABLE[rule].index]))
def test_an_index_is_advised_on_the_table_and_columns_that_lack_it(rule: str, major: int) -> None:
    assert all(TABLE[rule].index in finding.fix for finding in _findings(rule, major))


def test_what_a_filter_removes_is_counted_over_all_loops() -> None:
    """Edit a real plan for this: no golden has a filter loss in a scan that ran more than once."""
    plan = document("seq_scan_loss")
    plan[0]["Plan"]["Actual Loops"] = 3
    (finding,) = (one for one in find_problems(parse_plan(plan)) if one.rule == "seq-scan")
    assert (finding.evidence["rows_kept"], finding.evidence["rows_removed"]) == (90, 179_910)
