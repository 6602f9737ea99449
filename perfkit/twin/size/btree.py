"""The size of a freshly built b-tree, deduplication and all.

Sources: nbtsort.c (_bt_load deduplicates when the index is not unique and all keys are image-equal), nbtutils.c
(_bt_allequalimage: no INCLUDE; _bt_truncate: pivots keep the keys that tell neighbours apart), nbtree.h
(BTREE_DEFAULT_FILLFACTOR 90, BTREE_NONLEAF_FILLFACTOR 70).
"""

import math
from collections.abc import Iterable, Iterator, Sequence

from perfkit.twin.size.facts import IndexFacts, IndexSize
from perfkit.twin.size.groups import Groups, groups_of, occupied
from perfkit.twin.size.leaves import Items, Run, fanout, one_size_pages, pages_of_runs, spare_bytes
from perfkit.twin.size.tuples import (
    HEADER_WITH_NULLS_BYTES,
    mean_group_size,
    mean_size,
    typical_sizes,
)

_LEAF_FILLFACTOR = 90
_INTERNAL_FILLFACTOR = 70
_HEAP_ROW_KEY_BYTES = 8  # MAXALIGN(ItemPointer), on a pivot between equal keys
# Sums of shares are a little off; that much more than full is not one leaf more.
_ROUNDING = 1e-6


def btree_size(facts: IndexFacts) -> IndexSize:
    """Return pages, rows and height of the b-tree."""
    if facts.rows < 0.5:
        return IndexSize(pages=1, tuples=0)
    spare = spare_bytes(int(facts.storage.get("fillfactor", _LEAF_FILLFACTOR)))
    prefixes = [groups_of(facts, count) for count in range(1, facts.key_count + 1)]
    if _deduplicates(facts):
        leaves, items = _posted_leaves(facts, prefixes[-1], spare)
    else:
        leaves, items = _plain_leaves(facts, spare), facts.rows
    whole = max(1, math.ceil(leaves - _ROUNDING))
    pages, height = _levels(whole, fanout(_pivot_bytes(facts, prefixes, items), _INTERNAL_FILLFACTOR))
    return IndexSize(pages=1 + pages, tuples=facts.rows, height=height)


def _deduplicates(facts: IndexFacts) -> bool:
    allowed = facts.storage.get("deduplicate_items", "on") not in {"off", "false", "no", "0"}
    covers = len(facts.columns) > facts.key_count
    return allowed and not facts.unique and not covers and all(key.can_deduplicate for key in facts.keys)


def _plain_leaves(facts: IndexFacts, spare: int) -> float:
    sizes = typical_sizes(facts.columns)
    if len(set(sizes)) == 1:
        return one_size_pages(facts.rows, sizes[0], spare)
    items = Items()
    for size in sizes:
        items.add(facts.rows / len(sizes), size)
    return items.pages(spare)


def _posted_leaves(facts: IndexFacts, groups: Iterable[Groups], spare: int) -> tuple[float, float]:
    """Return leaves and items after deduplication: large groups are laid out, small ones added up."""
    items, large = Items(), []
    for run in _runs(facts, groups):
        if run.rows > run.list_rows:
            large.append(run)
        else:
            size = run.list_bytes(run.rows)
            items.add(run.count, size, size - run.base_bytes)
    leaves = items.pages(spare) + pages_of_runs(large, spare)
    return leaves, items.count + sum(run.count * run.lists for run in large)


def _runs(facts: IndexFacts, groups: Iterable[Groups]) -> Iterator[Run]:
    """Yield the groups by their rows; a key between two multiples of 8 bytes is some of the one, some of the other."""
    base = mean_group_size(facts.columns)
    low = int(base // 8) * 8
    upper_share = (base - low) / 8
    for each in groups:
        for rows, chance in each.chances():
            count = each.count * chance
            if each.null:
                yield Run(count, rows, HEADER_WITH_NULLS_BYTES)
            else:
                yield Run(count * (1 - upper_share), rows, low)
                if upper_share:
                    yield Run(count * upper_share, rows, low + 8)


def _levels(leaves: int, fanout: int) -> tuple[int, int]:
    """Return the pages of all levels, and how many levels are above the leaves."""
    pages, height, level = leaves, 0, leaves
    while level > 1:
        level = math.ceil(level / fanout)
        pages += level
        height += 1
    return pages, height


def _pivot_bytes(facts: IndexFacts, prefixes: Sequence[Sequence[Groups]], items: float) -> float:
    """Return the mean size of a pivot: the fewest leading keys that differ between neighbours, else all and the row."""
    size, unsettled = 0.0, 1.0
    for count, groups in enumerate(prefixes, start=1):
        apart = min(1.0, occupied(groups) / max(items, 1.0))
        settled = max(0.0, apart - (1 - unsettled))
        size += settled * mean_group_size(facts.columns[:count])
        unsettled -= settled
    return size + unsettled * (mean_size(facts.keys) + _HEAP_ROW_KEY_BYTES)
