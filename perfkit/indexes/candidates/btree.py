"""B-trees: equality first, then one range or the order; joins alone and beside them; orders that end early."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import product
from math import prod

from perfkit.indexes import thresholds
from perfkit.indexes.candidates.keys import equalities, joins, named, order_keys, ranges
from perfkit.indexes.candidates.model import Asked, Idea, Key
from perfkit.indexes.candidates.share import rows_of
from perfkit.indexes.candidates.spelling import existing_definitions
from perfkit.syntax.usage.model import Order, Purpose

_Keys = tuple[Key, ...]
_ANY_ORDER = frozenset({Purpose.GROUP, Purpose.DISTINCT})
_AFTER_ALL_ROWS = _ANY_ORDER | {Purpose.WINDOW}


def btree_ideas(asked: Asked) -> Iterator[Idea]:
    """Yield the b-trees that conditions and orders ask for, each once or more."""
    equal = equalities(asked)
    strong = _enough(asked, tuple(key for key in equal if key.share <= thresholds.WEAK_SHARE))
    joined = tuple(dict.fromkeys(_enough(asked, group) for group in _joins(asked, strong)))
    searches = tuple(keys for keys in _searches(asked, strong, joined) if not _finds_one_row(asked, keys))
    ranged = ranges(asked)
    for keys in searches:
        is_all = keys == strong or any({*strong, *group} <= set(keys) for group in joined)
        yield Idea(keys=keys, reason=_search_reason(keys, joined), whole=is_all and not ranged)
    for keys in joined:
        if _finds_one_row(asked, keys):  # then only a narrower copy of the rows can be better
            yield Idea(keys=keys, reason=_search_reason(keys, joined), whole=True, alone=False)
    if not _finds_one_row(asked, equal):
        yield from _ranges(asked, searches, ranged, joined)
        for order in asked.orders:
            yield from _orders(asked, order, equal)


def _joins(asked: Asked, strong: _Keys) -> Iterator[_Keys]:
    """Yield what a nested loop may look rows up by; only a block around does so where equalities leave a page of rows."""
    is_page = _rows_left(asked, strong) <= thresholds.PAGE_ROWS
    for group in joins(asked, outer=is_page):
        if prod(key.share for key in group) <= thresholds.JOIN_SHARE_MAX:
            yield group


def _enough(asked: Asked, keys: _Keys) -> _Keys:
    """Return the most selective keys, no more of them than leave a few rows, in the order that they came in."""
    taken: list[Key] = []
    for key in sorted(keys, key=lambda each: each.share):
        if len(taken) < thresholds.EQUAL_KEYS_MAX and not _leaves_few(asked, taken):
            taken.append(key)
    return tuple(key for key in keys if key in taken)


def _leaves_few(asked: Asked, keys: Iterable[Key]) -> bool:
    """Tell whether these keys leave so few rows, even for the most common values, that no further key is felt."""
    return _rows_left(asked, keys) <= thresholds.FEW_ROWS


def _rows_left(asked: Asked, keys: Iterable[Key]) -> float:
    return rows_of(asked.table) * prod(key.worst_share for key in keys)


def _searches(asked: Asked, strong: _Keys, joined: tuple[_Keys, ...]) -> Iterator[_Keys]:
    """Yield what rows are looked up by: the equalities, each join, and a join with them from either side."""
    if strong:
        yield strong
    yield from ((key,) for key in strong if len(strong) > 1 and key.share <= thresholds.SINGLE_SHARE_MAX)
    for group in joined:
        yield group
        others = tuple(key for key in strong if key.key not in {each.key for each in group})
        if others and not _leaves_few(asked, group):
            yield (*group, *others)
        if others and not _leaves_few(asked, others):
            yield (*others, *group)
        yield from ((key,) for key in group if len(group) > 1 and key.share <= thresholds.SINGLE_SHARE_MAX)


def _search_reason(keys: _Keys, joined: tuple[_Keys, ...]) -> str:
    by_join = {key for group in joined for key in group}
    compared = [key for key in keys if key not in by_join]
    looked_up = [key for key in keys if key in by_join]
    parts = [f"equality on {named(compared)}"] if compared else []
    parts += [f"join on {named(looked_up)}"] if looked_up else []
    return ", then ".join(parts if keys[0] in compared else reversed(parts))


def _ranges(
    asked: Asked, searches: tuple[_Keys, ...], ranged: tuple[_Keys, ...], joined: tuple[_Keys, ...]
) -> Iterator[Idea]:
    """Yield a range alone and after each search; a second range would be read through, not searched."""
    for keys, rest in product(searches, ranged):
        taken = {key.key.text for key in keys}
        if rest[0].key.text not in taken and not _leaves_few(asked, keys):
            reason = f"{_search_reason(keys, joined)}, then range on {named(rest)}"
            yield Idea(keys=(*keys, *rest), reason=reason, whole=keys is searches[0])
    for rest in ranged:
        yield Idea(keys=rest, reason=f"range on {named(rest)}", whole=not searches)


def _orders(asked: Asked, order: Order, equal: _Keys) -> Iterator[Idea]:
    fixed = tuple(key for key in equal if not key.is_list)
    strong = tuple(key for key in fixed if key.share <= thresholds.WEAK_SHARE)
    outer = joins(asked, outer=True)
    bases = [(*group, *(key for key in strong if key not in group)) for group in outer] or [fixed, strong, ()]
    for base in dict.fromkeys(bases):
        keys = order_keys(asked, order, base)[: thresholds.ORDER_KEYS_MAX]
        if keys and _is_worth_it(asked, order, base, keys):
            yield Idea(
                keys=(*base, *keys),
                reason=_order_reason(order, base, keys),
                alone=order.purpose not in _AFTER_ALL_ROWS,
                whole=True,
                ordered=order.limited,
            )


def _is_worth_it(asked: Asked, order: Order, base: _Keys, keys: _Keys) -> bool:
    """Tell whether so many rows come in this order that it is worth not to sort them."""
    if order.purpose is Purpose.DISTANCE or _finds_one_row(asked, base) or _leaves_few(asked, base):
        return False
    if order.purpose in _ANY_ORDER and _finds_one_row(asked, keys):
        return False
    if not base and any(key.share <= thresholds.SINGLE_SHARE_MAX for key in equalities(asked)):
        return False
    if order.limited:
        return True
    rows = rows_of(asked.table) * prod(key.share for key in base)
    is_whole = order.complete and len(order.keys) <= thresholds.ORDER_KEYS_MAX
    needs_all = order.purpose in _AFTER_ALL_ROWS
    return is_whole and rows >= thresholds.SORTED_ROWS_MIN and (needs_all or bool(base))


def _order_reason(order: Order, base: _Keys, keys: _Keys) -> str:
    first = f"equality on {named(base)}, then " if base else ""
    ends = ", which LIMIT ends early" if order.limited else ""
    asks = f"in the order of {order.purpose}{ends}"
    if order.purpose is Purpose.EXTREME:
        asks = "in order, the first of which is the answer"
    return f"{first}{named(keys)} {asks}"


def _finds_one_row(asked: Asked, keys: Iterable[Key]) -> bool:
    """Tell whether a unique index finds the row by some of these keys already."""
    columns = {key.key.text for key in keys}
    return any(
        definition.unique and not definition.predicate and columns >= {key.text for key in definition.keys}
        for definition in existing_definitions(asked.table)
    )


def covering_ideas(asked: Asked, ideas: Iterable[Idea]) -> Iterator[Idea]:
    """Yield the whole ideas with the rest of the columns that the statement needs, where these are few and narrow."""
    for idea in ideas:
        if not idea.whole or asked.needed is None or idea.method != "btree":
            continue
        rest = [name for name in asked.table.columns if name in asked.needed - idea.columns]
        width_bytes = sum(asked.table.columns[name].width_bytes for name in rest)
        if asked.needed - idea.columns - set(rest):
            continue
        if not rest:
            yield replace(idea, alone=True)
        elif (
            len(rest) <= thresholds.INCLUDE_COLUMNS_MAX
            and width_bytes <= thresholds.INCLUDE_WIDTH_BYTES_MAX
            and not any(asked.table.may_be_long(asked.table.columns[name]) for name in rest)
        ):
            reason = f"{idea.reason}; INCLUDE makes it index-only"
            yield replace(idea, include=tuple(rest), reason=reason, alone=True)
