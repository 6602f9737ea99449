"""The size of a freshly built GIN index.

Sources: ginentrypage.c (GinFormTuple: key and posting list, each at 8 bytes), ginpostinglist.c (varbyte deltas of
block and offset, 11 bits for the offset), ginblock.h (GinMaxItemSize, GinDataPageMaxDataSize), gindatapage.c (segments
of 256 bytes; pages of a posting tree that grows at its end are full). The pending list of a fresh index is empty.
"""

import math

from perfkit.twin.size.facts import GinPages, IndexFacts, IndexSize
from perfkit.twin.size.gin_keys import Keys, keys_of
from perfkit.twin.size.tuples import HEADER_BYTES, LINE_POINTER_BYTES, PAGE_BYTES, PAGE_HEADER_BYTES, align

_ROOM_BYTES = PAGE_BYTES - PAGE_HEADER_BYTES - 8
_ITEM_MOST_BYTES = (_ROOM_BYTES // 3 - LINE_POINTER_BYTES) // 8 * 8
_DATA_ROOM_BYTES = _ROOM_BYTES - 8
_SEGMENT_BYTES = 256
_SEGMENT_HEADER_BYTES = 8  # the first row in full, and the length
_COLUMN_NUMBER_BYTES = 2
# Keys come in order and a full page is split in the middle, so that all but the last are left half full.
_ENTRY_FILL = 0.55
_ENTRY_FANOUT = 150


def gin_size(facts: IndexFacts) -> IndexSize:
    """Return pages, rows, and what the metapage would count."""
    entry_bytes, data_pages, entries = 0.0, 0.0, 0.0
    for column in facts.keys:
        for keys in keys_of(column, facts.rows):
            size, pages = _entry(keys, facts)
            entry_bytes += keys.count * (size + LINE_POINTER_BYTES)
            data_pages += keys.count * pages
            entries += keys.count
    leaves = math.ceil(entry_bytes / (_ROOM_BYTES * _ENTRY_FILL)) if entry_bytes > _ROOM_BYTES else 1
    pages, level = leaves, leaves
    while level > 1:
        level = math.ceil(level / _ENTRY_FANOUT)
        pages += level
    gin = GinPages(entry_pages=pages, data_pages=round(data_pages), entries=round(entries))
    return IndexSize(pages=1 + gin.entry_pages + gin.data_pages, tuples=facts.rows, gin=gin)


def _entry(keys: Keys, facts: IndexFacts) -> tuple[int, float]:
    """Return the size of one entry's tuple, and the pages of its posting tree."""
    start = HEADER_BYTES + (_COLUMN_NUMBER_BYTES if facts.key_count > 1 else 0)
    key = align(align(start, keys.alignment_bytes) + keys.width_bytes)
    rows = max(1.0, keys.share * facts.rows)
    row_bytes = _row_bytes(rows, max(1, facts.heap_pages))
    posting = _SEGMENT_HEADER_BYTES + align((rows - 1) * row_bytes, 2)
    if align(key + posting) <= _ITEM_MOST_BYTES:
        return align(key + posting), 0
    in_segment = 1 + (_SEGMENT_BYTES - _SEGMENT_HEADER_BYTES) / row_bytes
    leaves = math.ceil(rows / in_segment * _SEGMENT_BYTES / _DATA_ROOM_BYTES)
    return key, leaves + (1 if leaves > 1 else 0)


def _row_bytes(rows: float, heap_pages: int) -> float:
    """Return the mean bytes of a row in a posting list whose rows lie anywhere in the table.

    The next row of a page takes one byte, the first of a page that is less than 8 pages on two, 1,024 three, else four.
    """
    chance = -math.expm1(-rows / heap_pages)
    firsts = heap_pages * chance
    beyond = 1 - chance
    first_bytes = 2 + beyond**8 + beyond**1024
    return (firsts * first_bytes + max(0.0, rows - firsts)) / max(rows, firsts)
