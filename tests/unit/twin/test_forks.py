"""Files of relations are as long as they should be, in segments of 1 GiB, and take no room; pages are whole."""

from pathlib import Path

import pytest

from perfkit.twin.forks import read_block, set_length, write_blocks, write_fork
from perfkit.twin.pages import (
    BLOCK_BYTES,
    brin_metapage,
    btree_pages,
    gin_metapage,
    visibility_page,
)

GIB_BLOCKS = 131_072


@pytest.mark.parametrize(
    ("blocks", "lengths"),
    [
        (0, [0]),
        (3, [3]),
        (GIB_BLOCKS, [GIB_BLOCKS]),
        (GIB_BLOCKS + 1, [GIB_BLOCKS, 1]),
        (2 * GIB_BLOCKS + 7, [GIB_BLOCKS, GIB_BLOCKS, 7]),
    ],
)
def test_a_fork_is_as_long_as_it_should_be_and_takes_no_room(
    tmp_path: Path, blocks: int, lengths: list[int]
) -> None:
    path = tmp_path / "16384"
    path.touch()
    set_length(path, blocks)
    found = [path, *sorted(tmp_path.glob("16384.*"), key=lambda segment: int(segment.suffix[1:]))]
    assert [segment.stat().st_size for segment in found] == [length * BLOCK_BYTES for length in lengths]
    assert sum(segment.stat().st_blocks for segment in found) == 0


def test_blocks_are_written_from_the_first_on(tmp_path: Path) -> None:
    path = tmp_path / "1"
    path.touch()
    set_length(path, 4)
    write_blocks(path, [b"a" * BLOCK_BYTES, b"b" * BLOCK_BYTES])
    assert [read_block(path, number)[:1] for number in range(3)] == [b"a", b"b", b"\0"]
    write_fork(path, "vm", visibility_page())
    assert (tmp_path / "1_vm").stat().st_size == BLOCK_BYTES


@pytest.mark.parametrize("height", [0, 1, 4])
def test_a_b_tree_has_a_metapage_a_leaf_and_a_page_a_level(height: int) -> None:
    pages = btree_pages(bytes(BLOCK_BYTES), height)
    assert [len(page) for page in pages] == [BLOCK_BYTES] * (2 + height)
    root, level = (int.from_bytes(pages[0][at : at + 4], "little") for at in (32, 36))
    assert (root, level) == (1 + height, height)
    is_root = [bool(int.from_bytes(page[-4:-2], "little") & 2) for page in pages[1:]]
    assert is_root == [False] * height + [True]


def test_metapages_keep_their_length() -> None:
    page = bytes(BLOCK_BYTES)
    assert len(gin_metapage(page, entry_pages=1, data_pages=2, entries=3, pending_pages=4)) == BLOCK_BYTES
    assert len(brin_metapage(page, last_revmap_page=1)) == BLOCK_BYTES
