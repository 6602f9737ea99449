"""BRIN: ranges over a column whose values lie on disk in their order, as times of arrival do."""

from collections.abc import Iterator

from perfkit.indexes import thresholds
from perfkit.indexes.candidates.keys import ranges
from perfkit.indexes.candidates.model import Asked, Idea


def brin_ideas(asked: Asked) -> Iterator[Idea]:
    """Yield the block range indexes that range conditions on a large table ask for."""
    if asked.table.pages < thresholds.BRIN_PAGES_MIN:
        return
    for keys in ranges(asked):
        key = keys[0].key
        names = [name for name in asked.table.columns if name in keys[0].columns]
        correlation = asked.table.columns[names[0]].correlation if names else None
        if key.is_expression or key.operator_class or correlation is None:
            continue
        if abs(correlation) >= thresholds.BRIN_CORRELATION_MIN:
            reason = (
                f"range on {key.text}, which follows the place of the rows (correlation {correlation:.2f})"
            )
            yield Idea(keys=(keys[0],), method="brin", reason=reason)
