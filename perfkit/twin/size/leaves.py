"""How items fill the leaves of a b-tree that is built in order.

Source: nbtsort.c, _bt_buildadd: a page ends when an item does not fit, or when less than the fillfactor leaves free
would be free without the posting list of its last item; that last item then moves to the next page.
"""

import math
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from perfkit.twin.size.tuples import LINE_POINTER_BYTES, PAGE_BYTES, PAGE_HEADER_BYTES, align

SPECIAL_BYTES = 16
ROW_BYTES = 6  # an ItemPointer of a posting list
# What a page has for tuples beside the line pointer of its high key; PageGetFreeSpace sets one more pointer aside.
ROOM_BYTES = PAGE_BYTES - PAGE_HEADER_BYTES - SPECIAL_BYTES - 2 * LINE_POINTER_BYTES
# A posting list is a tenth of the page less a line pointer, both rounded down to 8 bytes (nbtdedup.c, _bt_load).
_POSTING_MOST_BYTES = (PAGE_BYTES // 10 // 8 * 8 - LINE_POINTER_BYTES) // 8 * 8
_HIGH_KEY_BYTES = 8
# So many groups of rows are laid out; more of them fill pages alike.
_GROUPS_MOST = 1_000
# A longer run of full posting lists goes on as it began.
_RUN_MOST = 40


@dataclass(slots=True)
class Items:
    """What the leaves hold, added up: items, bytes with line pointers, their squares, and bytes of posting lists."""

    count: float = 0
    total: float = 0
    squares: float = 0
    postings: float = 0

    def add(self, count: float, size_bytes: float, posting_bytes: float = 0) -> None:
        """Add so many items of one size, `posting_bytes` of which are the rows of its key."""
        size = size_bytes + LINE_POINTER_BYTES
        self.count += count
        self.total += count * size
        self.squares += count * size * size
        self.postings += count * size * posting_bytes

    def pages(self, spare_bytes: int) -> float:
        """Return the leaves that they fill: a page ends with the item that crosses the line, half of it over."""
        if not self.total:
            return 0
        room, mean, crossing = ROOM_BYTES - spare_bytes, self.total / self.count, self.squares / self.total
        if crossing - mean < 1e-9 and not self.postings:  # all of one size
            return self.count / max(1, room // mean)
        content = room + self.postings / self.total - crossing / 2
        return self.total / max(min(content, ROOM_BYTES - crossing / 2), crossing)


@dataclass(frozen=True, slots=True)
class Run:
    """`count` groups of equal keys with so many rows each; without rows its key alone takes `base_bytes`."""

    count: float
    rows: int
    base_bytes: int

    @property
    def list_rows(self) -> int:
        """Return the rows of a full posting list."""
        return max(1, (_POSTING_MOST_BYTES - self.base_bytes) // ROW_BYTES)

    @property
    def lists(self) -> int:
        """Return the items of one group."""
        return -(-self.rows // self.list_rows)

    def list_bytes(self, rows: int) -> int:
        """Return the size of the item that holds so many rows."""
        return align(self.base_bytes + ROW_BYTES * rows) if rows > 1 else self.base_bytes


def spare_bytes(fillfactor: int) -> int:
    """Return what must stay free on a page (BTGetTargetPageFreeSpace)."""
    return PAGE_BYTES * (100 - fillfactor) // 100


def pages_of_runs(runs: Sequence[Run], spare: int) -> float:
    """Return the leaves of groups larger than a posting list, laid out one after the other in any order."""
    groups = sum(run.count for run in runs)
    share = min(1.0, _GROUPS_MOST / groups) if groups else 1.0
    laid: list[Run] = []
    due, more_pages = 0.0, 0.0
    for run in runs:
        due += run.count * share
        laid += [run] * round(due)
        due -= round(due)
        more_pages += run.count * _pages_beyond(run, spare)
    random.Random(len(laid)).shuffle(laid)
    return more_pages + _laid_pages(laid, spare) / share


def _pages_beyond(run: Run, spare: int) -> float:
    beyond = run.rows // run.list_rows - _RUN_MOST
    size = run.list_bytes(run.list_rows)
    return beyond / _capacity(size, size - run.base_bytes, spare) if beyond > 0 else 0.0


def _laid_pages(runs: Iterable[Run], spare: int) -> float:
    """Return the pages that the runs fill, the last one in part."""
    pages, free, last, posting = 0, ROOM_BYTES, 0, 0
    for run in runs:
        full, rest = divmod(run.rows, run.list_rows)
        sizes = [run.list_bytes(run.list_rows)] * min(full, _RUN_MOST) + [run.list_bytes(rest)] * (rest > 0)
        for size in sizes:
            if free < size + _HIGH_KEY_BYTES or (free + posting < spare and last < ROOM_BYTES - free):
                pages += 1
                free = ROOM_BYTES - last
            last = size + LINE_POINTER_BYTES
            posting = size - run.base_bytes
            free -= last
    return pages + (ROOM_BYTES - free) / (ROOM_BYTES - spare)


def _capacity(size: int, posting_bytes: int, spare: int) -> int:
    """Return how many items of one size a leaf keeps."""
    items = 1
    while True:
        free = ROOM_BYTES - items * (size + LINE_POINTER_BYTES)
        if free < size + _HIGH_KEY_BYTES or (items > 1 and free + posting_bytes < spare):
            return max(items - 1, 1)
        items += 1


def one_size_pages(count: float, size: int, spare: int) -> float:
    """Return the leaves of items of one size without posting lists."""
    return count / _capacity(size, 0, spare)


def fanout(pivot_bytes: float, fillfactor: int) -> int:
    """Return the children of an internal page; its first item has no key."""
    room = ROOM_BYTES - spare_bytes(fillfactor)
    return max(2, math.floor((room - 12) / (pivot_bytes + LINE_POINTER_BYTES)) + 1)
