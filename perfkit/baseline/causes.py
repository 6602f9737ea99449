"""Causes: what may have made a case worse, the surest first, each with a clause that says it in numbers or names."""

from collections.abc import Iterator

from perfkit.baseline.comparison import Comparison
from perfkit.baseline.growth import Growth, common_relations, is_stale
from perfkit.baseline.model import RecordedRelation
from perfkit.baseline.thresholds import Thresholds
from perfkit.baseline.verdict import Cause
from perfkit.plan.counters import Counters
from perfkit.plan.facts import Relation
from perfkit.units import format_count, format_share, listed

Reason = tuple[Cause, str]
_SHOWN = 3


def changes_around(comparison: Comparison) -> Iterator[Reason]:
    """Yield what changed around the case that a person did: an index, SQL, a setting, a column, a function."""
    lost = [name for name, _ in lost_indexes(comparison)]
    if lost:
        yield Cause.INDEX_LOST, f"index {_listed(lost)} {'is' if len(lost) == 1 else 'are'} gone"
    yield from comparison.differences
    columns = [
        text for _, before, now in common_relations(comparison) for text in _changed_columns(before, now)
    ]
    if columns:
        yield Cause.COLUMN_CHANGED, f"column {_listed(columns)}"
    functions = sorted(
        name
        for name, digest in comparison.runs.functions.items()
        if comparison.functions.get(name, digest) != digest
    )
    if functions:
        yield Cause.FUNCTION_CHANGED, f"function {_listed(functions)} is another one"


def lost_statistics(comparison: Comparison) -> Iterator[Reason]:
    """Yield what the planner knew and knows no more, which is no cause where its plan is the same."""
    for _, before, now in common_relations(comparison):
        if unknown := _lost_statistics(before, now):
            yield (
                Cause.STATISTICS_LOST,
                f"the planner has no statistics of {now.qualified_name} ({unknown})",
            )


def _lost_statistics(before: RecordedRelation, now: Relation) -> str:
    """Return which of a relation's statistics the planner had and has no more, '' when none."""
    if now.rows < 0 <= before.rows:
        return "never analyzed"
    known = before.columns_without_statistics
    lost = [c for c in now.columns_without_statistics if known is not None and c not in known]
    return _listed(lost) if now.rows > 0 and set(lost) & before.columns.keys() else ""


def changes_of_plan(comparison: Comparison, thresholds: Thresholds) -> Iterator[Reason]:
    """Yield what in the plan, or in what the planner knows, is for the worse."""
    before, now = comparison.reference, comparison.runs.counters
    if comparison.runs.plan.jit and not _has_jit(comparison.before.shape.text):
        yield Cause.JIT_APPEARED, "JIT compilation appeared"
    if before.workers_planned and not now.workers_planned:
        yield Cause.PARALLEL_LOST, "it no longer runs in parallel"
    if now.temp_written_blocks and not before.temp_written_blocks:
        yield Cause.SPILL_APPEARED, "it spills to temporary files, which it did not"
    for _, _, relation in common_relations(comparison):
        if is_stale(relation, thresholds):
            yield Cause.STATISTICS_STALE, _staleness(relation)


def changes_of_growth(growth: Growth, thresholds: Thresholds) -> Iterator[Reason]:
    """Yield that the data grew, when they did."""
    if growth.ratio > thresholds.growth_margin:
        yield growth.cause, growth.explanation


def changes_of_time(comparison: Comparison, thresholds: Thresholds) -> Iterator[Reason]:
    """Yield what may make the same plan take longer over the same work."""
    before, now = comparison.reference, comparison.runs.counters
    if now.workers_launched < before.workers_launched and now.workers_planned >= before.workers_planned:
        yield (
            Cause.WORKERS_MISSING,
            f"{now.workers_launched} of {now.workers_planned} planned parallel workers were free",
        )
    cold = _share_read(now)
    if cold >= thresholds.cold_share > _share_read(before):
        yield Cause.CACHE_COLD, f"{format_share(cold)} of its blocks came from outside shared buffers"
    yield Cause.TIME_GREW, "the same plan does the same work and takes longer"


def lost_indexes(comparison: Comparison) -> Iterator[tuple[str, str]]:
    """Yield name (schema.index) and definition of each index of the plan then that no longer exists, by whatever name."""
    for _, recorded, relation in common_relations(comparison):
        left = {_unnamed(index.definition) for index in relation.indexes if index.valid}
        for name, index in recorded.indexes.items():
            if name in comparison.indexes and _unnamed(index.definition) not in left:
                yield f"{relation.schema}.{name}", index.definition


def _unnamed(definition: str) -> str:
    """Return an index's definition without its name: "CREATE UNIQUE INDEX name ON …" becomes "CREATE UNIQUE ON …"."""
    head, _, tail = definition.partition(" ON ")
    return f"{head.partition(' INDEX ')[0]} ON {tail}"


def _changed_columns(before: RecordedRelation, now: Relation) -> Iterator[str]:
    for name, kind in before.columns.items():
        if now.columns.get(name, kind) != kind:
            yield f"{now.qualified_name}.{name} is {now.columns[name]}, it was {kind}"


def _staleness(relation: Relation) -> str:
    if relation.rows < 0:
        return f"{relation.qualified_name} was never analyzed: ANALYZE it"
    changed = format_count(relation.modified_since_analyze or 0)
    return f"statistics of {relation.qualified_name} are stale, {changed} rows changed since: ANALYZE it"


def _share_read(counters: Counters) -> float:
    return counters.shared_read_blocks / counters.shared_blocks if counters.shared_blocks else 0.0


def _has_jit(shape: str) -> bool:
    return any(line.startswith("JIT:") for line in shape.splitlines())


def _listed(names: list[str]) -> str:
    return listed(names, _SHOWN, joined=" and ")
