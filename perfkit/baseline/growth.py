"""Growth: how much the relations of a plan grew since it was recorded or accepted, in rows or only in space."""

from collections.abc import Iterator
from dataclasses import dataclass

from perfkit.baseline.comparison import Comparison, format_factor
from perfkit.baseline.model import RecordedRelation, relations_of
from perfkit.baseline.thresholds import Thresholds
from perfkit.baseline.verdict import Cause
from perfkit.plan.facts import Relation
from perfkit.units import format_bytes, format_count


@dataclass(frozen=True, slots=True, kw_only=True)
class Growth:
    """The growth of the relation that grew most, at least 1; `cause` is DATA_GREW, or BLOAT for space without rows."""

    ratio: float
    cause: Cause
    explanation: str


NO_GROWTH = Growth(ratio=1.0, cause=Cause.NONE, explanation="")


def growth_of(comparison: Comparison, thresholds: Thresholds) -> Growth:
    """Return the growth of the relation that grew most, of those that both plans read.

    Work that grows as its data do is no regression: a plan over n rows may count as much more as the largest of its
    relations grew, and no more. A relation that only the new plan reads allows nothing: it may be a partition that is
    no longer pruned.
    """
    growths = (
        _relation_growth(name, before, now, comparison.indexes, thresholds)
        for name, before, now in common_relations(comparison)
    )
    return max(growths, key=lambda growth: growth.ratio, default=NO_GROWTH)


def common_relations(comparison: Comparison) -> Iterator[tuple[str, RecordedRelation, Relation]]:
    """Yield those relations of the plan that the case is held to that the run reads too: name, as it was, as it is."""
    for name, before in comparison.relations.items():
        now = comparison.facts.relations.get(name)
        if now:
            yield name, before, now


def new_relations(comparison: Comparison) -> tuple[str, ...]:
    """Return the relations that the plan reads now and did not read before."""
    return tuple(
        name for name in relations_of(comparison.runs.plan) if name not in comparison.before.relations
    )


def dead_rows_in_the_way(comparison: Comparison) -> dict[str, int]:
    """Return how many dead rows may add to the work on each relation that both plans read, where the server counts them.

    Those that are more than before; all where the plan uses a GIN index, as VACUUM may have emptied its pending list
    after the dead rows of the baseline were counted, and before its blocks were.
    """
    return {
        name: max(0, now.dead_rows - (0 if _uses_gin(now, comparison.indexes) else before.dead_rows))
        for name, before, now in common_relations(comparison)
        if now.dead_rows is not None and before.dead_rows is not None
    }


def _uses_gin(relation: Relation, used: tuple[str, ...]) -> bool:
    return any(index.name in used and " USING gin " in index.definition for index in relation.indexes)


def is_stale(relation: Relation, thresholds: Thresholds) -> bool:
    """Tell whether so many rows changed since the last ANALYZE that the planner's numbers are wrong."""
    limit = max(thresholds.stale_least_rows, thresholds.stale_share * relation.rows)
    return relation.rows < 0 or (relation.modified_since_analyze or 0) >= limit


def _relation_growth(
    name: str, before: RecordedRelation, now: Relation, indexes: tuple[str, ...], thresholds: Thresholds
) -> Growth:
    grown = max(_sizes(name, before, now, indexes), key=lambda size: size.ratio(thresholds))
    space = grown.ratio(thresholds)
    counted = before.rows >= 0 and now.rows >= 0
    rows = _ratio(before.rows, now.rows, thresholds.growth_least_rows) if counted else space
    if max(space, rows) <= 1:
        return NO_GROWTH
    sizes = f"{format_bytes(grown.before_bytes)} -> {format_bytes(grown.now_bytes)}"
    if rows * thresholds.growth_margin < space and not is_stale(now, thresholds):
        explanation = f"{grown.name} takes {format_factor(1, space)} the space for {format_count(now.rows)} rows (bloat): {sizes}"
        return Growth(ratio=space, cause=Cause.BLOAT, explanation=explanation)
    explanation = f"{grown.name} grew as much: {sizes}"
    if counted and rows > 1:
        explanation += f", {format_count(before.rows)} -> {format_count(round(now.rows))} rows"
    return Growth(ratio=max(space, rows), cause=Cause.DATA_GREW, explanation=explanation)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Size:
    """The size of a relation or of an index, before and now."""

    name: str
    before_bytes: int
    now_bytes: int

    def ratio(self, thresholds: Thresholds) -> float:
        return _ratio(self.before_bytes, self.now_bytes, thresholds.growth_least_bytes)


def _sizes(name: str, before: RecordedRelation, now: Relation, indexes: tuple[str, ...]) -> Iterator[_Size]:
    """Yield the sizes of the relation and of those of its indexes that the plan uses."""
    yield _Size(name=name, before_bytes=before.size_bytes, now_bytes=now.size_bytes)
    for index in now.indexes:
        if index.name in indexes and index.name in before.indexes:
            then = before.indexes[index.name].size_bytes
            yield _Size(
                name=f"index {now.schema}.{index.name}", before_bytes=then, now_bytes=index.size_bytes
            )


def _ratio(before: float, now: float, least: float) -> float:
    return now / max(before, least)
