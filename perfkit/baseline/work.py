"""The verdict on a case whose plan is the baseline's or an accepted one: its counters decide, and then its time."""

from dataclasses import dataclass

from perfkit.baseline.causes import changes_around, changes_of_time
from perfkit.baseline.comparison import Comparison, evidence_of, numbers_of
from perfkit.baseline.growth import Growth, dead_rows_in_the_way, growth_of, new_relations
from perfkit.baseline.model import heap_fetches
from perfkit.baseline.thresholds import Margin, Thresholds
from perfkit.baseline.verdict import Cause, Gate, Verdict, VerdictKind
from perfkit.units import format_count

_BLOCKS = "blocks"
_RELATIONS_SHOWN = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """One thing that is counted, before and now, and how much more of it is too much."""

    name: str
    before: int
    now: int
    margin: Margin

    def grew(self, *, allowed: float = 1.0) -> bool:
        """Tell whether there is too much of it, when `allowed` times as much is none."""
        return self.margin.exceeded(self.before * allowed, self.now)

    @property
    def shrank(self) -> bool:
        """Tell whether there was as much too much of it before."""
        return self.margin.exceeded(self.now, self.before)


def judge_work(comparison: Comparison, thresholds: Thresholds) -> Verdict:
    """Return the verdict on a case whose plan is known."""
    metrics = _metrics(comparison, thresholds)
    grown = [metric for metric in metrics if metric.grew()]
    if not grown:
        return judge_time(comparison, thresholds) or _less_or_same(comparison, metrics)
    growth = growth_of(comparison, thresholds)
    unexplained = [metric for metric in grown if metric.grew(allowed=growth.ratio)]
    if not unexplained:
        # Data that grow by themselves are no regression; those that a change makes grow are its doing.
        gate = Gate.FAILED if comparison.paired and comparison.timing.longer else Gate.WARNING
        return _verdict(comparison, VerdictKind.DATA_GREW, gate, growth.cause, growth.explanation)
    if vacuum_would_do(comparison, unexplained, growth, thresholds):
        why = vacuum_reason(comparison)
        return _verdict(comparison, VerdictKind.MORE_WORK, Gate.WARNING, Cause.VACUUM_NEEDED, why)
    cause, why = next(changes_around(comparison), None) or _cause(comparison, unexplained)
    # Side by side, what clearly takes no longer is for review: with a cold cache it may.
    gate = Gate.WARNING if comparison.paired and comparison.timing.not_longer else Gate.FAILED
    return _verdict(comparison, VerdictKind.MORE_WORK, gate, cause, why)


def judge_time(comparison: Comparison, thresholds: Thresholds) -> Verdict | None:
    """Return the verdict on a case that does what it did, in another time, None when it takes as long."""
    timing = comparison.timing
    if timing.faster:
        why = "the same plan does the same work in less time"
        return _verdict(comparison, VerdictKind.FASTER, Gate.PASSED, Cause.IMPROVED, why)
    if not timing.slower:
        return None
    reasons = (*changes_around(comparison), *changes_of_time(comparison, thresholds))
    cause, why = reasons[0]
    gate = Gate.WARNING if cause in {Cause.CACHE_COLD, Cause.WORKERS_MISSING} else Gate.FAILED
    return _verdict(comparison, VerdictKind.SLOWER, gate, cause, why)


def blocks_metric(comparison: Comparison, thresholds: Thresholds) -> Metric:
    """Return the blocks of a case, with the margin for what it is."""
    before, now = comparison.blocks
    margin = thresholds.drifting_blocks if comparison.drifts else thresholds.blocks
    return Metric(name=_BLOCKS, before=before, now=now, margin=margin)


def _metrics(comparison: Comparison, thresholds: Thresholds) -> tuple[Metric, ...]:
    before, now = comparison.rows
    rows = Metric(name="rows", before=before, now=now, margin=thresholds.rows)
    if not comparison.writes:
        return blocks_metric(comparison, thresholds), rows
    records = Metric(
        name="WAL records",
        before=comparison.reference.wal_records,
        now=comparison.runs.counters.wal_records,
        margin=thresholds.wal_records,
    )
    return blocks_metric(comparison, thresholds), rows, records


def _less_or_same(comparison: Comparison, metrics: tuple[Metric, ...]) -> Verdict:
    shrunk = {metric.name for metric in metrics if metric.shrank}
    if "rows" in shrunk:
        why = "the case returns fewer rows: it no longer measures what it did"
        return _verdict(comparison, VerdictKind.LESS_WORK, Gate.WARNING, Cause.RESULT_SHRANK, why)
    if shrunk:
        why = "the same plan does less"
        return _verdict(comparison, VerdictKind.LESS_WORK, Gate.PASSED, Cause.NONE, why)
    why = "the same rows" if comparison.rows[0] == comparison.rows[1] else "the data changed a little"
    return _verdict(comparison, VerdictKind.SAME, Gate.PASSED, Cause.NONE, f"the same plan, {why}")


def vacuum_would_do(
    comparison: Comparison, unexplained: list[Metric], growth: Growth, thresholds: Thresholds
) -> bool:
    """Tell whether dead rows and pages that are not all-visible may be all the work that nothing else explains."""
    blocks = unexplained[0]
    if len(unexplained) > 1 or blocks.name != _BLOCKS:
        return False
    most = max(blocks.before * (thresholds.dead_rows_ratio - 1), thresholds.dead_rows_least_blocks)
    dead = min(sum(dead_rows_in_the_way(comparison).values()), most)
    fetches = (
        0 if comparison.accepted else heap_fetches(comparison.runs.plan) - comparison.before.heap_fetches
    )
    allowed = blocks.before * growth.ratio + dead + max(0, fetches)
    return not blocks.margin.exceeded(allowed, blocks.now)


def vacuum_reason(comparison: Comparison) -> str:
    """Return the clause that says what VACUUM would do away with."""
    dead = dead_rows_in_the_way(comparison)
    if any(dead.values()):
        name = max(dead, key=lambda each: dead[each])
        return (
            f"{format_count(dead[name])} dead rows of {name} may be in the way: VACUUM it and measure again"
        )
    names = " and ".join(comparison.before.relations)
    return f"index-only scans visit pages that are not marked all-visible: VACUUM {names} and measure again"


def _cause(comparison: Comparison, unexplained: list[Metric]) -> tuple[Cause, str]:
    grown = {metric.name for metric in unexplained}
    if not comparison.reference.temp_written_blocks and comparison.runs.counters.temp_written_blocks:
        return Cause.SPILL_APPEARED, "it spills to temporary files, which it did not"
    added = new_relations(comparison)
    if added and not comparison.accepted:
        names = ", ".join(added[:_RELATIONS_SHOWN]) + (" …" if len(added) > _RELATIONS_SHOWN else "")
        return Cause.MORE_RELATIONS, f"it also reads {names}: new partitions, or pruning was lost"
    if "rows" in grown:
        return Cause.RESULT_GREW, "the same SQL returns more rows, and its tables did not grow as much"
    what = "writes" if grown == {"WAL records"} else "reads"
    return Cause.WORK_GREW, f"the same plan {what} more, and its tables did not grow as much"


def _verdict(comparison: Comparison, kind: VerdictKind, gate: Gate, cause: Cause, why: str) -> Verdict:
    evidence = evidence_of(comparison)
    if comparison.writes:
        evidence["wal_records_before"] = comparison.reference.wal_records
        evidence["wal_records_now"] = comparison.runs.counters.wal_records
    accepted = ", an accepted plan" if comparison.accepted else ""
    return Verdict(
        query=comparison.case.query,
        case=comparison.case.name,
        kind=kind,
        gate=gate,
        cause=cause,
        message=f"{comparison.case.id}: {numbers_of(comparison)}{accepted}; {why}",
        evidence=evidence,
        hint="" if comparison.paired else _hint(kind, gate, comparison.case.query),
    )


def _hint(kind: VerdictKind, gate: Gate, query: str) -> str:
    if gate is Gate.PASSED and kind in {VerdictKind.FASTER, VerdictKind.LESS_WORK}:
        return f"hold it to that: perfkit baseline --only {query}"
    return _HINTS.get(gate, "").format(query=query)


_HINTS = {
    Gate.FAILED: "find what changed, or record it again when it is meant: perfkit baseline --only {query}",
    Gate.WARNING: "when this is how it stays, record it again: perfkit baseline --only {query}",
}
