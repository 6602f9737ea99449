"""The size of a freshly built b-tree, deduplication and all.

Sources: nbtsort.c (_bt_buildadd fills a leaf until less than 100 - fillfactor per cent are free, and moves the last
tuple to the next page; _bt_load deduplicates when the index is not unique and all keys are image-equal), nbtdedup.c
(a posting list is at most a tenth of a page), nbtree.h (BTREE_DEFAULT_FILLFACTOR 90, BTREE_NONLEAF_FILLFACTOR 70, 16
bytes of special space), nbtutils.c (_bt_truncate: pivots keep the keys that tell neighbours apart).
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from perfkit.twin.size.facts import IndexFacts, IndexSize
from perfkit.twin.size.groups import SURE_ROWS, Groups, groups_of, occupied
from perfkit.twin.size.tuples import (
    HEADER_WITH_NULLS_BYTES,
    LINE_POINTER_BYTES,
    PAGE_BYTES,
    PAGE_HEADER_BYTES,
    align,
    mean_group_size,
    mean_size,
    typical_sizes,
)

_SPECIAL_BYTES = 16
# What a page has for tuples beside the line pointer of its high key; PageGetFreeSpace sets one more pointer aside.
_ROOM_BYTES = PAGE_BYTES - PAGE_HEADER_BYTES - _SPECIAL_BYTES - 2 * LINE_POINTER_BYTES
_LEAF_FILLFACTOR = 90
_INTERNAL_FILLFACTOR = 70
_ROW_BYTES = 6  # an ItemPointer of a posting list
_HEAP_ROW_KEY_BYTES = 8  # MAXALIGN(ItemPointer), on a pivot between equal keys
# A tenth of the page less a line pointer, both rounded down to 8 bytes.
_POSTING_MOST_BYTES = (PAGE_BYTES // 10 // 8 * 8 - LINE_POINTER_BYTES) // 8 * 8
# Sums of shares are a little off; that much more than full is not one leaf more.
_ROUNDING = 1e-6


@dataclass(slots=True)
class _Items:
    """What the leaves hold, added up: items, bytes with line pointers, their squares, and bytes of posting lists."""

    count: float = 0
    total: float = 0
    squares: float = 0
    postings: float = 0
    full_pages: float = 0

    def add(self, count: float, size_bytes: float, posting_bytes: float = 0) -> None:
        size = size_bytes + LINE_POINTER_BYTES
        self.count += count
        self.total += count * size
        self.squares += count * size * size
        self.postings += count * size * posting_bytes


def btree_size(facts: IndexFacts) -> IndexSize:
    """Return pages, rows and height of the b-tree."""
    if facts.rows < 0.5:
        return IndexSize(pages=1, tuples=0)
    spare = _spare_bytes(int(facts.storage.get("fillfactor", _LEAF_FILLFACTOR)))
    prefixes = [groups_of(facts, count) for count in range(1, facts.key_count + 1)]
    if _deduplicates(facts):
        items = _posted(facts, prefixes[-1])
        leaves = items.full_pages + _pages_of(items, spare)
    else:
        items, leaves = _plain(facts, spare)
    leaves = max(1, math.ceil(leaves - _ROUNDING))
    pages, height = _levels(leaves, _fanout(_pivot_bytes(facts, prefixes, items.count)))
    return IndexSize(pages=1 + pages, tuples=facts.rows, height=height)


def _spare_bytes(fillfactor: int) -> int:
    """Return what must stay free on a page (BTGetTargetPageFreeSpace)."""
    return PAGE_BYTES * (100 - fillfactor) // 100


def _deduplicates(facts: IndexFacts) -> bool:
    allowed = facts.storage.get("deduplicate_items", "on") not in {"off", "false", "no", "0"}
    covers = len(facts.columns) > facts.key_count
    return allowed and not facts.unique and not covers and all(key.can_deduplicate for key in facts.keys)


def _plain(facts: IndexFacts, spare: int) -> tuple[_Items, float]:
    sizes = typical_sizes(facts.columns)
    items = _Items()
    for size in sizes:
        items.add(facts.rows / len(sizes), size)
    if len(set(sizes)) == 1:
        return items, facts.rows / _capacity(sizes[0], 0, spare)
    return items, _pages_of(items, spare)


def _posted(facts: IndexFacts, groups: Iterable[Groups]) -> _Items:
    """Return the items after deduplication; a size between two multiples of 8 is some of the one, some of the other."""
    spare = _spare_bytes(int(facts.storage.get("fillfactor", _LEAF_FILLFACTOR)))
    base = mean_group_size(facts.columns)
    low = int(base // 8) * 8
    upper_share = (base - low) / 8
    items = _Items()
    for each in groups:
        if each.null:
            _add_groups(items, each, 1, HEADER_WITH_NULLS_BYTES, spare)
            continue
        _add_groups(items, each, 1 - upper_share, low, spare)
        if upper_share:
            _add_groups(items, each, upper_share, low + 8, spare)
    return items


def _add_groups(items: _Items, groups: Groups, share: float, base: int, spare: int) -> None:
    count = groups.count * share
    if groups.alone:
        items.add(count, base)
        return
    if groups.mean_rows > SURE_ROWS:
        _add_group(items, count, round(groups.mean_rows), base, spare)
        return
    for rows, chance in groups.chances():
        _add_group(items, count * chance, rows, base, spare)


def _add_group(items: _Items, count: float, rows: int, base: int, spare: int) -> None:
    """Add groups of so many rows: full posting lists, and one with the rest."""
    most = max(1, (_POSTING_MOST_BYTES - base) // _ROW_BYTES)
    full, rest = divmod(rows, most)
    if full:
        size = align(base + _ROW_BYTES * most) if most > 1 else base
        capacity = _capacity(size, size - base, spare)
        items.count += count * full
        items.full_pages += count * full / capacity
    if rest:
        size = align(base + _ROW_BYTES * rest) if rest > 1 else base
        items.add(count, size, size - base)


def _capacity(size: int, posting_bytes: int, spare: int) -> int:
    """Return how many items of one size a leaf keeps; the last posting list of a page is counted as free space."""
    held = 1
    while True:
        free = _ROOM_BYTES - held * (size + LINE_POINTER_BYTES)
        if free < size + 8 or (held > 1 and free + posting_bytes < spare):
            return max(held - 1, 1)
        held += 1


def _pages_of(items: _Items, spare: int) -> float:
    """Return the leaves of items of many sizes: a page ends with the item that crosses the line, half of it over."""
    if not items.total:
        return 0
    crossing = items.squares / items.total
    content = _ROOM_BYTES - spare + items.postings / items.total - crossing / 2
    return items.total / max(min(content, _ROOM_BYTES - crossing / 2), crossing)


def _levels(leaves: int, fanout: int) -> tuple[int, int]:
    """Return the pages of all levels, and how many levels are above the leaves."""
    pages, height, level = leaves, 0, leaves
    while level > 1:
        level = math.ceil(level / fanout)
        pages += level
        height += 1
    return pages, height


def _fanout(pivot_bytes: float) -> int:
    """Return the children of an internal page; its first item has no key."""
    room = _ROOM_BYTES - _spare_bytes(_INTERNAL_FILLFACTOR)
    return max(2, int((room - 12) / (pivot_bytes + LINE_POINTER_BYTES)) + 1)


def _pivot_bytes(facts: IndexFacts, prefixes: Sequence[Sequence[Groups]], items: float) -> float:
    """Return the mean size of a pivot: the fewest leading keys that differ between neighbours, else all and the row."""
    size, unsettled = 0.0, 1.0
    for count, groups in enumerate(prefixes, start=1):
        apart = min(1.0, occupied(groups) / max(items, 1.0))
        settled = max(0.0, apart - (1 - unsettled))
        size += settled * mean_size(facts.columns[:count])
        unsettled -= settled
    return size + unsettled * (mean_size(facts.keys) + _HEAP_ROW_KEY_BYTES)
