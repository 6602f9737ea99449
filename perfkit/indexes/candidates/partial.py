"""Partial indexes: only the rows that a rare constant leaves, searched by what else the statement asks."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from math import prod

from perfkit.indexes import thresholds
from perfkit.indexes.candidates.keys import ordered_key
from perfkit.indexes.candidates.model import Asked, Idea
from perfkit.indexes.candidates.share import rows_of, share_of
from perfkit.indexes.candidates.volatility import typed
from perfkit.syntax.usage.model import Comparison, Predicate
from perfkit.units import format_share

_Ideas = Callable[[Asked], Iterable[Idea]]
_Chosen = tuple[Predicate, ...]
# A limit of a range is seldom the same in the next call.
_CONSTANT = frozenset({
    Comparison.EQUAL, Comparison.IN, Comparison.NULL, Comparison.NOT_NULL, Comparison.TRUE, Comparison.FALSE,
    Comparison.NOT_EQUAL, Comparison.TEST,
})  # fmt: skip


def partial_ideas(asked: Asked, ideas_of: _Ideas) -> Iterator[Idea]:
    """Yield what `ideas_of` makes of the rest of the conditions, on the rows that the statement's constants leave."""
    for chosen in _choices(asked):
        rest, predicate = _without(asked, chosen), " AND ".join(each.text for each in chosen)
        share = _share(asked, chosen)
        is_rare = share <= thresholds.PARTIAL_SHARE_MAX
        reason = f"only the {share * 100:.2g} % of the rows that have {predicate}"
        ideas = [idea for idea in ideas_of(rest) if is_rare or idea.ordered]
        for idea in ideas:
            yield replace(idea, predicate=predicate, reason=f"{idea.reason}; {reason}")
        if is_rare and not ideas:
            yield from _by_itself(asked, chosen, predicate, reason)
    for idea in ideas_of(asked):
        yield from _without_nulls(asked, idea)


def _without_nulls(asked: Asked, idea: Idea) -> Iterator[Idea]:
    """Yield the index without the NULLs of a column that is mostly NULL, which no comparison finds."""
    name = next(iter(idea.keys[0].columns))
    column = asked.table.columns.get(name)
    is_compared = idea.keys[0].share < 1 and all(
        predicate.comparison is not Comparison.NULL
        for predicate in asked.predicates
        if name in predicate.expression.columns
    )
    if column is None or idea.keys[0].key.is_expression or idea.ordered or idea.method != "btree":
        return
    if is_compared and column.null_share >= 1 - thresholds.PARTIAL_SHARE_MAX:
        predicate = f"{idea.keys[0].key.text} IS NOT NULL"
        reason = (
            f"{idea.reason}; without the {format_share(column.null_share)} of the rows that have no {name}"
        )
        yield replace(idea, predicate=predicate, reason=reason)


def _choices(asked: Asked) -> Iterator[_Chosen]:
    """Yield what may be left to the predicate: all constants, the rare ones of them, and the rarest alone."""
    # The arms of an OR may all say the same.
    constant = tuple(
        {each.text: each for each in asked.predicates if _may_be_predicate(asked, each)}.values()
    )
    rare = sorted(
        (each for each in constant if share_of(each, asked.table) <= thresholds.PARTIAL_SHARE_MAX),
        key=lambda each: share_of(each, asked.table),
    )
    kept = tuple(each for each in constant if each in rare)
    choices = [constant, kept, tuple(rare[:1])]
    yield from dict.fromkeys(choice for choice in choices if choice)


def _share(asked: Asked, chosen: _Chosen) -> float:
    return prod(share_of(each, asked.table) for each in chosen)


def _may_be_predicate(asked: Asked, predicate: Predicate) -> bool:
    return (
        predicate.comparison in _CONSTANT
        and bool(predicate.text)
        and not predicate.is_join
        and predicate.expression.columns <= asked.table.columns.keys()
        and share_of(predicate, asked.table) <= thresholds.PARTIAL_SHARE_LIMITED_MAX
        and _has_few_values(asked, predicate)
        and typed(predicate.expression, asked.table, asked.tables).immutable
    )


def _has_few_values(asked: Asked, predicate: Predicate) -> bool:
    """Tell whether the next call will hardly ask for another constant: one of few values, or a test."""
    if predicate.comparison not in (Comparison.EQUAL, Comparison.IN, Comparison.NOT_EQUAL):
        return True
    column = asked.table.columns.get(predicate.expression.column)
    return (
        column is not None
        and column.analyzed
        and column.distinct_values(rows_of(asked.table)) <= thresholds.PARTIAL_VALUES_MAX
    )


def _without(asked: Asked, chosen: _Chosen) -> Asked:
    """Return what is asked without these predicates, whose columns an index on their rows need not have."""
    texts = {each.text for each in chosen}
    predicates = tuple(each for each in asked.predicates if each.text not in texts)
    fixed = frozenset[str]().union(*(each.expression.columns for each in chosen))
    return replace(
        asked, predicates=predicates, needed=None if asked.needed is None else asked.needed - fixed
    )


def _by_itself(asked: Asked, chosen: _Chosen, predicate: str, reason: str) -> Iterator[Idea]:
    """Yield an index on the rare column itself, where nothing else is asked; a test of two columns has none."""
    key = ordered_key(asked, chosen[0].expression)
    if key and chosen[0].comparison is not Comparison.TEST:
        yield Idea(keys=(key,), reason=reason, predicate=predicate, whole=True)
