"""Comparison: one case before and now, side by side, with the numbers as people read them."""

from collections.abc import Mapping
from dataclasses import dataclass

from perfkit.baseline.model import AcceptedPlan, CaseBaseline, QueryBaseline, RecordedRelation
from perfkit.baseline.timing import Timing
from perfkit.baseline.verdict import Cause
from perfkit.catalog.model import Case
from perfkit.plan.counters import Counters
from perfkit.plan.facts import Facts
from perfkit.plan.runs import Runs
from perfkit.plan.shape import Shape
from perfkit.units import format_count, format_ms

_WHOLE_FACTOR = 10
_LEAST_FACTOR = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """One case before and now.

    It is held to the accepted plan that it has now (`accepted`), else to the baseline's own. `drifts` tells that equal
    work need not count equally: the case writes, its runs differed among themselves, or parallel workers wrote temporary
    files. `weight` is in calls per minute. In a run that judges a change both sides are measured side by side (`paired`),
    and what was changed around the case is no obstacle but may be the cause (`differences`).
    """

    case: Case
    query: QueryBaseline
    before: CaseBaseline
    accepted: AcceptedPlan | None
    runs: Runs
    shape: Shape
    facts: Facts
    writes: bool
    weight: float
    timing: Timing
    paired: bool = False
    differences: tuple[tuple[Cause, str], ...] = ()

    @property
    def reference(self) -> Counters:
        """Return what the plan that it is held to counted when it was recorded or accepted."""
        return (self.accepted or self.before).counters

    @property
    def relations(self) -> Mapping[str, RecordedRelation]:
        """Return the relations of the plan that it is held to, as they were then."""
        if self.accepted:
            return self.accepted.relations
        recorded = self.query.relations
        return {name: recorded[name] for name in self.before.relations if name in recorded}

    @property
    def indexes(self) -> tuple[str, ...]:
        """Return the indexes of the plan that it is held to."""
        return (self.accepted or self.before).indexes

    @property
    def functions(self) -> Mapping[str, str]:
        """Return the digests of the functions that it called then; of an accepted plan they are not recorded."""
        return {} if self.accepted else self.before.functions

    @property
    def drifts(self) -> bool:
        """Tell whether equal work need not count equally."""
        repeats = self.before.repeats and self.runs.counters_repeat
        return (
            self.writes or not repeats or any(map(_spills_in_parallel, (self.reference, self.runs.counters)))
        )

    @property
    def blocks(self) -> tuple[int, int]:
        """Return all blocks touched, before and now."""
        return blocks_of(self.reference), blocks_of(self.runs.counters)

    @property
    def rows(self) -> tuple[int, int]:
        """Return the rows returned or changed, before and now."""
        return self.reference.rows, self.runs.counters.rows


def _spills_in_parallel(counters: Counters) -> bool:
    # Who gets how many rows is chance: of three processes that sort, one or two may be over their work_mem.
    return bool(counters.workers_launched and counters.temp_written_blocks)


def blocks_of(counters: Counters) -> int:
    """Return every block of 8 kB that was looked at: shared and local, from cache or disk, and temporary."""
    return (
        counters.shared_blocks
        + counters.local_blocks
        + counters.temp_read_blocks
        + counters.temp_written_blocks
    )


def evidence_of(comparison: Comparison) -> dict[str, int | float | str]:
    """Return the numbers of both sides, for JSON."""
    timing = comparison.timing
    return {
        "blocks_before": comparison.blocks[0],
        "blocks_now": comparison.blocks[1],
        "rows_before": comparison.rows[0],
        "rows_now": comparison.rows[1],
        "median_before_ms": round(timing.before_ms, 3),
        "median_now_ms": round(timing.now_ms, 3),
        "time_ratio": round(timing.ratio, 3),
        "time_ratio_low": round(timing.low, 3),
        "time_ratio_high": round(timing.high, 3),
        "sessions": timing.sessions,
        "machine_ratio": round(timing.machine_ratio, 2),
        "impact_ms_per_minute": round(impact_ms_per_minute(comparison), 3),
    }


def impact_ms_per_minute(comparison: Comparison) -> float:
    """Return how much more database time the case takes each minute, by its weight: change x calls."""
    timing = comparison.timing
    return (timing.ratio - 1) * timing.before_ms * comparison.weight


def numbers_of(comparison: Comparison) -> str:
    """Return blocks, rows if they differ, and median: "blocks 34 -> 4,120 (121x), median 0.40 ms -> 38.1 ms"."""
    parts = [f"blocks {_change(*comparison.blocks)}"]
    if comparison.rows[0] != comparison.rows[1]:
        parts.append(f"rows {_change(*comparison.rows)}")
    timing = comparison.timing
    parts.append(f"median {format_ms(timing.before_ms)} -> {format_ms(timing.now_ms)}")
    return ", ".join(parts)


def format_factor(before: float, now: float) -> str:
    """Return how many times more, or less below 1: "121x", "1.3x", "0.5x", "<0.01x"."""
    factor = now / before
    if factor < _LEAST_FACTOR:
        return f"<{_LEAST_FACTOR}x"
    return f"{factor:,.0f}x" if factor >= _WHOLE_FACTOR else f"{factor:.2g}x"


def _change(before: int, now: int) -> str:
    if before == now:
        return format_count(now)
    factor = f" ({format_factor(before, now)})" if before else ""
    return f"{format_count(before)} -> {format_count(now)}{factor}"
