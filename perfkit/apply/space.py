"""The room on disk that new indexes need, against what the server's disk has."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from perfkit import units
from perfkit.apply.state import Table, Wanted
from perfkit.apply.thresholds import ALIGNMENT_BYTES, BTREE_FILL, ENTRY_OVERHEAD_BYTES, HASH_KEY_BYTES

# These keep an entry a row; other methods are held to the table's own size, which they seldom reach.
_ENTRY_A_ROW = frozenset({"btree", "hash"})


@dataclass(frozen=True, slots=True)
class Size:
    """How large an index will be, in bytes: at most, and surely, which is 0 where nobody knows."""

    most_bytes: int
    sure_bytes: int


def size_of(table: Table, wanted: Wanted) -> Size:
    """Return about how large the index will be: by its keys' widths with an entry for every row, else at most as the table."""
    width = HASH_KEY_BYTES if wanted.method == "hash" else wanted.key_bytes
    if wanted.method not in _ENTRY_A_ROW or table.rows < 0 or not width:
        return Size(table.size_bytes, 0)
    key_bytes = -(-width // ALIGNMENT_BYTES) * ALIGNMENT_BYTES
    full_bytes = round(table.rows * (key_bytes + ENTRY_OVERHEAD_BYTES) / BTREE_FILL)
    return Size(full_bytes, 0 if wanted.is_partial else full_bytes)


def most_bytes(sizes: Iterable[Size]) -> int:
    """Return how large indexes will be at most, all together."""
    return sum(size.most_bytes for size in sizes)


def sure_bytes(sizes: Sequence[Size]) -> int:
    """Return what is surely needed to build the indexes one after the other: the largest's entries are sorted on disk."""
    each = [size.sure_bytes for size in sizes]
    return sum(each) + max(each, default=0)


def room_notes(sizes: Sequence[Size], free_bytes: int | None) -> Iterator[str]:
    """Yield a note when the indexes may not fit: no reason not to start, as they seldom get as large as they may."""
    most = most_bytes(sizes)
    if free_bytes is not None and sure_bytes(sizes) <= free_bytes < most:
        yield (
            f"the indexes may not fit: at most about {units.format_bytes(most)}, and {units.format_bytes(free_bytes)}"
            " of disk are free"
        )
