"""The size of a freshly built hash index.

Sources: hashpage.c (_hash_init: buckets for the rows at 75 % of a page), hashutil.c (_hash_spareindex: from 1,024 on,
the buckets grow by a quarter of a doubling), hash.h (16 bytes of special space), hashovfl.c (overflow pages).
"""

import math

from perfkit.twin.size.facts import IndexFacts, IndexSize
from perfkit.twin.size.tuples import PAGE_BYTES, PAGE_HEADER_BYTES

_FILLFACTOR = 75
_ITEM_BYTES = 20  # header, hash code at 8 bytes, line pointer
_PAGE_ITEMS = (PAGE_BYTES - PAGE_HEADER_BYTES - 16) // _ITEM_BYTES
_PLAIN_GROUPS = 10  # HASH_SPLITPOINT_GROUPS_WITH_ONE_PHASE
_PHASES = 4
_BITMAP_ITEMS = 4096 * 8


def hash_size(facts: IndexFacts) -> IndexSize:
    """Return pages and rows of the hash index: metapage, buckets, bitmap, overflow."""
    statistics = facts.columns[0].statistics
    rows = facts.rows * (1 - statistics.null_share)
    buckets = _buckets(facts.heap_rows, int(facts.storage.get("fillfactor", _FILLFACTOR)))
    overflow = sum(_overflow(share * facts.rows) for share in statistics.common_shares)
    left = rows - facts.rows * sum(statistics.common_shares)
    each = max(1.0, left / max(1.0, statistics.distinct - len(statistics.common_shares)))
    if statistics.common_shares:
        each = 2 * each - 1  # values that are not equally common, taken as geometric, weigh so much more
    overflow += buckets * _mean_overflow(left, each, buckets)
    bitmaps = 1 + math.floor(overflow / _BITMAP_ITEMS)
    return IndexSize(pages=round(1 + buckets + bitmaps + overflow), tuples=rows)


def _buckets(rows: float, fillfactor: int) -> int:
    """Return the buckets made at first; at least two."""
    needed = rows / max(10, PAGE_BYTES * fillfactor // 100 // _ITEM_BYTES)
    if needed <= 2:
        return 2
    power = math.ceil(math.log2(needed))
    if power < _PLAIN_GROUPS:
        return 1 << power
    below = 1 << (power - 1)
    return below + below // _PHASES * math.ceil((needed - below) / (below / _PHASES))


def _overflow(rows: float) -> float:
    """Return the overflow pages of a bucket with so many rows."""
    return max(0, math.ceil(rows / _PAGE_ITEMS) - 1)


def _mean_overflow(rows: float, each: float, buckets: int) -> float:
    """Return the mean overflow pages a bucket, when values of `each` rows fall into it about normally."""
    if rows <= 0:
        return 0.0
    if each > _PAGE_ITEMS:  # a bucket has one of them or none
        return rows / each * _overflow(each) / buckets
    mean = rows / buckets
    deviation = math.sqrt(mean * each)
    most = int((mean + 6 * deviation) // _PAGE_ITEMS) + 1
    return sum(_above((page * _PAGE_ITEMS - mean) / deviation) for page in range(1, most + 1))


def _above(deviations: float) -> float:
    return math.erfc(deviations / math.sqrt(2)) / 2
