"""Items are found on the leaves of a b-tree by their rows, and make a leaf of their own."""

import struct

from perfkit.twin.ends import leaf_items
from perfkit.twin.pages import BLOCK_BYTES, OPAQUE, leaf_page


def _item(value: int) -> bytes:
    return struct.pack("<HHHHq", 0, 0, 1, 16, value)


def _value(item: bytes) -> int:
    return int.from_bytes(item[8:], "little")


def _page(items: list[bytes], *, block: int, following: int = 0, level: int = 0) -> bytes:
    """Return a page whose items are those of rows in a block of the table."""
    page = bytearray(leaf_page(items))
    for number in range(1, len(items) + 1):
        place = BLOCK_BYTES - OPAQUE.size - number * len(items[0])
        struct.pack_into("<HHH", page, place, block >> 16, block & 0xFFFF, number)
    OPAQUE.pack_into(page, BLOCK_BYTES - OPAQUE.size, 0, following, level, 0 if level else 1, 0)
    return bytes(page)


def test_a_leaf_holds_its_items_in_order_as_those_of_the_first_rows() -> None:
    page = leaf_page([_item(70), _item(30)])
    assert len(page) == BLOCK_BYTES
    found = leaf_items(bytes(BLOCK_BYTES) + page)
    assert {row: (place, _value(item)) for row, (place, item) in found.items()} == {
        "(0,1)": (0, 70),
        "(0,2)": (1, 30),
    }


def test_neither_bounds_of_pages_nor_pages_above_the_leaves_are_items() -> None:
    # The first leaf goes on in block 3, so that its first item is where that begins; block 2 is the root.
    pages = [
        bytes(BLOCK_BYTES),
        _page([_item(50), _item(10), _item(20)], block=70_000, following=3),
        _page([_item(0), _item(50)], block=0, level=1),
        _page([_item(50)], block=8),
    ]
    found = leaf_items(b"".join(pages))
    assert {row: (place, _value(item)) for row, (place, item) in found.items()} == {
        "(70000,2)": (0, 10),
        "(70000,3)": (1, 20),
        "(8,1)": (2, 50),
    }
