"""The room on disk that new indexes need, against what the server's disk has."""

from perfkit.apply.state import Table, Wanted
from perfkit.apply.thresholds import ALIGNMENT_BYTES, BTREE_FILL, ENTRY_OVERHEAD_BYTES

# These keep an entry a row; other methods are held to the table's own size, which they seldom reach.
_ENTRY_A_ROW = frozenset({"btree", "hash"})


def needed_bytes(table: Table, wanted: Wanted) -> int:
    """Return about how large the index may be, with an entry for every row: by its keys' widths, else as the table."""
    if wanted.method not in _ENTRY_A_ROW or table.rows < 0 or not wanted.key_bytes:
        return table.size_bytes
    key_bytes = -(-wanted.key_bytes // ALIGNMENT_BYTES) * ALIGNMENT_BYTES
    return round(table.rows * (key_bytes + ENTRY_OVERHEAD_BYTES) / BTREE_FILL)
