"""Rules about work that did not fit work_mem and went to temporary files."""

from collections.abc import Iterator

from perfkit.findings import Finding, Severity
from perfkit.plan.derive import Tree
from perfkit.plan.facts import Facts
from perfkit.plan.label import kind, label, relation_name
from perfkit.plan.model import Node, result_children
from perfkit.plan.rules import thresholds
from perfkit.plan.rules.estimates import misestimated
from perfkit.plan.rules.rule import Rule, found
from perfkit.plan.rules.statement import skipped_rows
from perfkit.units import format_bytes, format_count

_BLOCK_BYTES = 8192
# Their temporary files have rules of their own; joins write the other half of their Hash's batches.
_REPORTED_ELSEWHERE = frozenset({"Sort", "Incremental Sort", "Hash", "Hash Join", "Aggregate"})


def _check_sort(tree: Tree, _facts: Facts | None) -> Iterator[Finding]:
    for node in tree.nodes:
        disk_kb = _sort_disk_kb(node) if node.type in {"Sort", "Incremental Sort"} else 0.0
        if not disk_kb or _has_cause_above(tree, node):
            continue
        yield found(
            "spill-sort",
            Severity.WARNING,
            node,
            title=f"{kind(node)} of {format_count(tree.numbers[node].rows)} rows went to disk"
            f" with {format_bytes(disk_kb * 1024)} by {', '.join(node.texts('Sort Key'))}",
            evidence={"disk_kb": disk_kb, "rows": tree.numbers[node].rows, "work_mem": _work_mem(tree)},
            fix=_memory_fix(disk_kb * thresholds.MEMORY_PER_DISK) + _order_by_index(node),
            impact=tree.numbers[node].share,
        )


def _has_cause_above(tree: Tree, sort: Node) -> bool:
    """Tell whether a sort is large only for an OFFSET, or for groups that a better estimate would hash."""
    parent = tree.parents.get(sort)
    if parent is None:
        return False
    wrong_groups = parent.type == "Aggregate" and parent in misestimated(tree)
    return wrong_groups or skipped_rows(tree, parent) >= thresholds.OFFSET_ROWS


def _sort_disk_kb(node: Node) -> float:
    """Return the kB that a sort and its workers wrote to disk."""
    used = zip(node.processes, node.each_number("Sort Space Used"), strict=True)
    own = sum(space for process, space in used if process.get("Sort Space Type") == "Disk")
    for groups in ("Full-sort Groups", "Pre-sorted Groups"):
        group = node.extra.get(groups)
        space = group.get("Sort Space Disk") if isinstance(group, dict) else None
        own += _plain_number(space.get("Peak Sort Space Used")) if isinstance(space, dict) else 0.0
    return own


def _plain_number(value: object) -> float:
    return value if isinstance(value, int | float) else 0.0


def _order_by_index(node: Node) -> str:
    """Return the index that would give the order, where a whole table is sorted by its own columns."""
    inputs = result_children(node)
    if len(inputs) != 1 or inputs[0].type != "Seq Scan" or inputs[0].text("Filter"):
        return ""
    prefix = f"{inputs[0].alias}."
    keys = [key.removeprefix(prefix) for key in node.texts("Sort Key")]
    if any("(" in key for key in keys):
        return ""
    return f" Or have the order from an index: CREATE INDEX CONCURRENTLY ON {relation_name(inputs[0])} ({', '.join(keys)});"


def _check_hash(tree: Tree, _facts: Facts | None) -> Iterator[Finding]:
    for node in tree.nodes:
        batches = node.number("Hash Batches")
        if node.type != "Hash" or batches <= 1:
            continue
        memory_kb = node.number("Peak Memory Usage")
        join = tree.parents.get(node, node)
        written = tree.numbers[join].own_temp_written + tree.numbers[node].own_temp_written
        yield found(
            "spill-hash",
            Severity.WARNING,
            node,
            title=f"{kind(join)} did not fit work_mem: {format_count(batches)} batches,"
            f" {format_bytes(written * _BLOCK_BYTES)} of temporary files",
            evidence={"batches": batches, "memory_kb": memory_kb, "temp_written_blocks": written}
            | {"work_mem": _work_mem(tree)},
            fix=_memory_fix(memory_kb * batches) + _hash_multiplier(),
            impact=tree.numbers[join].share + tree.numbers[node].share,
        )


def _check_aggregate(tree: Tree, _facts: Facts | None) -> Iterator[Finding]:
    for node in tree.nodes:
        disks_kb, memories_kb = node.each_number("Disk Usage"), node.each_number("Peak Memory Usage")
        disk_kb = sum(disks_kb)
        if node.type != "Aggregate" or not disk_kb:
            continue
        needed_kb = (
            memory + disk * thresholds.MEMORY_PER_DISK
            for memory, disk in zip(memories_kb, disks_kb, strict=True)
        )
        yield found(
            "spill-aggregate",
            Severity.WARNING,
            node,
            title=f"{kind(node)} into {format_count(tree.numbers[node].rows)} groups went to disk"
            f" with {format_bytes(disk_kb * 1024)}",
            evidence={
                "disk_kb": disk_kb,
                "batches": max(1, *node.each_number("HashAgg Batches")),
                "memory_kb": max(memories_kb),
                "work_mem": _work_mem(tree),
            },
            fix=_memory_fix(max(needed_kb)) + _hash_multiplier(),
            impact=tree.numbers[node].share,
        )


def _check_other(tree: Tree, _facts: Facts | None) -> Iterator[Finding]:
    for node in tree.nodes:
        written = tree.numbers[node].own_temp_written
        if node.type in _REPORTED_ELSEWHERE or not written:
            continue
        yield found(
            "spill-other",
            Severity.WARNING,
            node,
            title=f"{label(node)} kept its rows in {format_bytes(written * _BLOCK_BYTES)} of temporary files",
            evidence={"temp_written_blocks": written, "work_mem": _work_mem(tree)},
            fix=_memory_fix(written * _BLOCK_BYTES / 1024 * thresholds.MEMORY_PER_DISK)
            + (
                " Or let the CTE be merged into the query (NOT MATERIALIZED)."
                if node.type == "CTE Scan"
                else ""
            ),
            impact=tree.numbers[node].share,
        )


def _work_mem(tree: Tree) -> str:
    return tree.plan.settings.get("work_mem", "as the server has it")


def _memory_fix(needed_kb: float) -> str:
    """Return the SET that would keep it in memory, in powers of two, or why memory is not the way."""
    size_kb = 4096
    while size_kb < needed_kb:
        size_kb *= 2
    if size_kb > thresholds.LARGE_WORK_MEM_KB:
        return f"It would need {format_bytes(needed_kb * 1024)}: reduce the rows and columns before it instead of work_mem."
    return f"SET work_mem = '{size_kb // 1024}MB'; for this query or its role, not for all connections."


def _hash_multiplier() -> str:
    return " A hash may use work_mem x hash_mem_multiplier."


SPILL_SORT = Rule(
    id="spill-sort",
    severity=Severity.WARNING,
    title="A sort went to disk",
    why="What does not fit work_mem is written to temporary files and merged: more I/O, and several times slower.",
    bad="Sort\n  Sort Key: gift.note\n  Sort Method: external merge  Disk: 3256kB",
    good="Sort\n  Sort Key: gift.note\n  Sort Method: quicksort  Memory: 7042kB",
    fix="Raise work_mem for the query (each sort and each worker may take as much), sort fewer rows or columns, or have the"
    " order from an index.",
    check=_check_sort,
)
SPILL_HASH = Rule(
    id="spill-hash",
    severity=Severity.WARNING,
    title="A hash join went to disk in batches",
    why="When the hashed side does not fit work_mem x hash_mem_multiplier, both sides are written to temporary files and"
    " joined piece by piece.",
    bad="Hash\n  Buckets: 2048  Batches: 16  Memory Usage: 90kB",
    good="Hash\n  Buckets: 32768  Batches: 1  Memory Usage: 1360kB",
    fix="Raise work_mem for the query, or join fewer rows and columns.",
    check=_check_hash,
)
SPILL_AGGREGATE = Rule(
    id="spill-aggregate",
    severity=Severity.WARNING,
    title="A hash aggregate went to disk",
    why="When the groups do not fit work_mem x hash_mem_multiplier, the rest of the rows is written to temporary files and"
    " grouped later.",
    bad="HashAggregate\n  Batches: 5  Memory Usage: 2097kB  Disk Usage: 1240kB",
    good="HashAggregate\n  Batches: 1  Memory Usage: 10257kB",
    fix="Raise work_mem for the query, group fewer rows, or have the rows in order from an index (GroupAggregate).",
    check=_check_aggregate,
)
SPILL_OTHER = Rule(
    id="spill-other",
    severity=Severity.WARNING,
    title="A CTE, materialized rows or a function's result went to disk",
    why="Rows that are kept to be read again live in work_mem, and beyond it in temporary files.",
    bad="CTE Scan on x\n  Buffers: temp read=440 written=438",
    good="CTE Scan on x\n  Storage: Memory  Maximum Storage: 1037kB",
    fix="Keep fewer rows and columns, raise work_mem for the query, or write the CTE NOT MATERIALIZED.",
    check=_check_other,
)
RULES = (SPILL_SORT, SPILL_HASH, SPILL_AGGREGATE, SPILL_OTHER)
