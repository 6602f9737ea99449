"""Ends: leaves that hold the lowest and the highest value of an index, cut from b-trees that hold those of many.

The format is PostgreSQL's: bufpage.h (line pointers), itup.h (index tuples) and nbtree.h (opaque data).
"""

import struct
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from perfkit.twin.pages import BLOCK_BYTES, LEAF, OPAQUE, leaf_page
from perfkit.twin.restored import RelationFile

_LINE_POINTERS_AT = 24  # after PageHeaderData, of which the end of line pointers is at 12
_LINE_POINTERS_END_AT = 12
_ROW = struct.Struct("<HHH")  # ItemPointerData: block, high and low half, and offset
_Key = tuple[str, str]
# The item of each row, by its place "(block,offset)" as text, and which one it is in the order of the index.
_Items = Mapping[str, tuple[int, bytes]]


def leaves_of(data: Path, files: Iterable[RelationFile]) -> dict[_Key, bytes]:
    """Return the leaf of each index whose ends are known, by schema and name; all are on disk below `data`."""
    trees: dict[str, _Items] = {}
    leaves = {}
    for file in files:
        if file.ends is None:
            continue
        if file.ends.path not in trees:
            trees[file.ends.path] = leaf_items((data / file.ends.path).read_bytes())
        found = sorted(trees[file.ends.path][row] for row in (file.ends.lowest, file.ends.highest))
        leaves[file.schema, file.name] = leaf_page([item for _, item in found])
    return leaves


def leaf_items(tree: bytes) -> _Items:
    """Return the items of a b-tree's leaves by their rows. It was built at once, so that its leaves lie in order."""
    items = (item for start in range(BLOCK_BYTES, len(tree), BLOCK_BYTES) for item in _items(tree, start))
    return {_row(item): (place, item) for place, item in enumerate(items)}


def _items(tree: bytes, start: int) -> Iterator[bytes]:
    page = tree[start : start + BLOCK_BYTES]
    _, following, _, flags, _ = OPAQUE.unpack_from(page, BLOCK_BYTES - OPAQUE.size)
    if not flags & LEAF:
        return
    (end,) = struct.unpack_from("<H", page, _LINE_POINTERS_END_AT)
    pointers = struct.unpack_from(f"<{(end - _LINE_POINTERS_AT) // 4}I", page, _LINE_POINTERS_AT)
    # On all pages but the last, the first item is no row's: it bounds the page.
    for pointer in pointers[1 if following else 0 :]:
        offset, length = pointer & 0x7FFF, pointer >> 17
        yield page[offset : offset + length]


def _row(item: bytes) -> str:
    high, low, offset = _ROW.unpack_from(item)
    return f"({high << 16 | low},{offset})"
