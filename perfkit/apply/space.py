"""The room on disk that new indexes need, against what the server's disk has."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from perfkit import units
from perfkit.apply.state import Table, Wanted
from perfkit.apply.thresholds import (
    ALIGNMENT_BYTES,
    BTREE_FILL,
    ENTRY_OVERHEAD_BYTES,
    HASH_KEY_BYTES,
    ROW_PLACE_BYTES,
)

# These keep an entry a row; other methods are held to the table's own size, which they seldom reach.
_ENTRY_A_ROW = frozenset({"btree", "hash"})


@dataclass(frozen=True, slots=True)
class Size:
    """How large an index will be, in bytes: at most, and surely, which is 0 where nobody knows."""

    most_bytes: int
    sure_bytes: int


def size_of(table: Table, wanted: Wanted) -> Size:
    """Return about how large the index will be: at most with an entry for every row by its keys' widths, else as the table.

    Sure is what a row takes that shares its key with others.
    """
    width = HASH_KEY_BYTES if wanted.method == "hash" else wanted.key_bytes
    if wanted.method not in _ENTRY_A_ROW or table.rows < 0 or not width:
        return Size(table.size_bytes, 0)
    key_bytes = -(-width // ALIGNMENT_BYTES) * ALIGNMENT_BYTES
    full_bytes = round(table.rows * (key_bytes + ENTRY_OVERHEAD_BYTES) / BTREE_FILL)
    least_bytes = ENTRY_OVERHEAD_BYTES + ALIGNMENT_BYTES if wanted.definition.unique else ROW_PLACE_BYTES
    return Size(full_bytes, 0 if wanted.is_partial else round(table.rows * least_bytes))


def most_bytes(sizes: Iterable[Size]) -> int:
    """Return how large indexes will be at most, all together."""
    return sum(size.most_bytes for size in sizes)


def sure_bytes(sizes: Sequence[Size]) -> int:
    """Return what is surely needed to build the indexes one after the other."""
    return _peak_bytes([size.sure_bytes for size in sizes])


def room_notes(sizes: Sequence[Size], free_bytes: int | None) -> Iterator[str]:
    """Yield a note when the indexes may not fit: no reason not to start, as they seldom get as large as they may."""
    most = _peak_bytes([size.most_bytes for size in sizes])
    if free_bytes is not None and sure_bytes(sizes) <= free_bytes < most:
        yield (
            f"the indexes may not fit: at most about {units.format_bytes(most)} of disk are needed to build, and"
            f" {units.format_bytes(free_bytes)} are free"
        )


def _peak_bytes(each: Sequence[int]) -> int:
    """Return what building takes at its peak: all indexes, and the largest's entries once more, sorted on disk."""
    return sum(each) + max(each, default=0)
