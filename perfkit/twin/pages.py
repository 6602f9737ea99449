"""Pages: the few that the planner reads in an index, made by hand. All others are holes in a sparse file.

Formats are PostgreSQL's: bufpage.h (page header), nbtree.h (metapage, opaque data, pivot tuples), ginblock.h and
brin_page.h (metapages), visibilitymapdefs.h. They have been the same from 14 to 18.
"""

import struct
from collections.abc import Sequence

BLOCK_BYTES = 8192
_HEADER_BYTES = 24
_LAYOUT_VERSION = 4
OPAQUE = struct.Struct("<IIIHH")  # BTPageOpaqueData: previous, next, level, flags, cycle
LEAF, _ROOT = 1, 2
_POINTER_BYTES = 4
_ROW_BYTES = 6  # ItemPointerData
# A pivot tuple of 8 bytes without attributes stands for minus infinity (INDEX_ALT_TID_MASK).
_PIVOT_BYTES = 8
_ALTERNATIVE_TID = 0x2000
_NORMAL_POINTER = 1 << 15
_ALL_VISIBLE_AND_FROZEN = b"\x03"


def btree_pages(metapage: bytes, height: int, leaf: bytes | None = None) -> list[bytes]:
    """Return the first pages of a b-tree: its metapage, one leaf, and one internal page for each level above it.

    `metapage` is that of an empty index of the same definition; `leaf` holds the lowest and the highest value, None
    stands for an empty one.
    """
    root = 1 + height
    changed = bytearray(metapage)
    # BTMetaPageData after magic and version: root, level, fast root, fast level.
    struct.pack_into("<IIII", changed, _HEADER_BYTES + 8, root, height, root, height)
    lowest = _with_flags(leaf or leaf_page([]), LEAF | (_ROOT if height == 0 else 0))
    above = (_internal(child=level, level=level, is_root=level == height) for level in range(1, height + 1))
    return [bytes(changed), lowest, *above]


def gin_metapage(
    page: bytes, *, entry_pages: int, data_pages: int, entries: int, pending_pages: int
) -> bytes:
    """Return the metapage of an empty GIN index with the counts that VACUUM would have left there."""
    changed = bytearray(page)
    total = 1 + entry_pages + data_pages + pending_pages
    # GinMetaPageData: head, tail, tailFreeSize, nPendingPages, nPendingHeapTuples, nTotalPages, nEntryPages,
    # nDataPages, nEntries.
    struct.pack_into("<I", changed, _HEADER_BYTES + 12, pending_pages)
    struct.pack_into("<III", changed, _HEADER_BYTES + 24, total, entry_pages, data_pages)
    struct.pack_into("<q", changed, _HEADER_BYTES + 40, entries)
    return bytes(changed)


def brin_metapage(page: bytes, *, last_revmap_page: int) -> bytes:
    """Return the metapage of an empty BRIN index whose range map ends at that page."""
    changed = bytearray(page)
    # BrinMetaPageData: magic, version, pages per range, last page of the map.
    struct.pack_into("<I", changed, _HEADER_BYTES + 12, last_revmap_page)
    return bytes(changed)


def visibility_page() -> bytes:
    """Return a page of a visibility map on which every page is all-visible."""
    header = _header(lower=_HEADER_BYTES, upper=BLOCK_BYTES, special=BLOCK_BYTES)
    return header + _ALL_VISIBLE_AND_FROZEN + bytes(BLOCK_BYTES - _HEADER_BYTES - 1)


def _header(*, lower: int, upper: int, special: int) -> bytes:
    # PageHeaderData: position in the log, checksum, flags, lower, upper, special, size and version, oldest prunable.
    return struct.pack("<QHHHHHHI", 0, 0, 0, lower, upper, special, BLOCK_BYTES | _LAYOUT_VERSION, 0)


def leaf_page(items: Sequence[bytes]) -> bytes:
    """Return a leaf of a b-tree with these items in their order, as those of the first rows of the table's first page."""
    special = upper = BLOCK_BYTES - OPAQUE.size
    pointers, content = b"", b""
    for number, item in enumerate(items, start=1):
        upper -= len(item)
        pointers += struct.pack("<I", upper | _NORMAL_POINTER | len(item) << 17)
        content = struct.pack("<HHH", 0, 0, number) + item[_ROW_BYTES:] + content
    lower = _HEADER_BYTES + len(pointers)
    header = _header(lower=lower, upper=upper, special=special)
    return header + pointers + bytes(upper - lower) + content + OPAQUE.pack(0, 0, 0, LEAF, 0)


def _with_flags(page: bytes, flags: int) -> bytes:
    return page[: -OPAQUE.size] + OPAQUE.pack(0, 0, 0, flags, 0)


def _internal(*, child: int, level: int, is_root: bool) -> bytes:
    special = BLOCK_BYTES - OPAQUE.size
    upper, lower = special - _PIVOT_BYTES, _HEADER_BYTES + _POINTER_BYTES
    pointer = struct.pack("<I", upper | _NORMAL_POINTER | _PIVOT_BYTES << 17)
    pivot = struct.pack("<HHHH", child >> 16, child & 0xFFFF, 0, _PIVOT_BYTES | _ALTERNATIVE_TID)
    opaque = OPAQUE.pack(0, 0, level, _ROOT if is_root else 0, 0)
    return (
        _header(lower=lower, upper=upper, special=special) + pointer + bytes(upper - lower) + pivot + opaque
    )
