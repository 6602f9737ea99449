"""The size of a freshly built BRIN index.

Sources: brin_page.h (1,360 pointers a revmap page), brin_tuple.c (5 bytes of header, two bits of NULLs a column,
rounded up to 8), brin_minmax.c (two values), brin_minmax_multi.c (32 values by default), brin_inclusion.c (one value
and two flags), brin_bloom.c (a filter for a tenth of a range's possible rows, one in a hundred wrong).
"""

import math

from perfkit.twin.size.facts import IndexColumn, IndexFacts, IndexSize
from perfkit.twin.size.tuples import (
    LINE_POINTER_BYTES,
    PAGE_BYTES,
    PAGE_HEADER_BYTES,
    SHORT_VARLENA_BYTES,
    align,
    value_width,
)

_RANGE_PAGES = 128
_REVMAP_ITEMS = 1360
_HEADER_BYTES = 5
_ROOM_BYTES = PAGE_BYTES - PAGE_HEADER_BYTES - 8
_HEAP_PAGE_ROWS = 291  # MaxHeapTuplesPerPage
_MULTI_VALUES = 32
_MULTI_HEADER_BYTES = 20
_BLOOM_ROWS_SHARE = 0.1
_BLOOM_LEAST_ROWS = 16
_BLOOM_WRONG_SHARE = 0.01
_BLOOM_HEADER_BYTES = 16


def brin_size(facts: IndexFacts) -> IndexSize:
    """Return pages, ranges as tuples, and pages of the range map."""
    range_pages = int(facts.storage.get("pages_per_range", _RANGE_PAGES))
    ranges = math.ceil(facts.heap_pages / range_pages)
    with_nulls = any(column.statistics.null_share for column in facts.columns)
    offset: float = align(_HEADER_BYTES + (math.ceil(len(facts.columns) / 4) if with_nulls else 0))
    for column in facts.columns:
        for width in _widths(column, range_pages, facts):
            short = column.length_bytes < 0 and width <= SHORT_VARLENA_BYTES
            offset = align(offset, 1 if short else column.alignment_bytes) + width
    size = align(offset) + LINE_POINTER_BYTES
    revmap = max(1, math.ceil(ranges / _REVMAP_ITEMS))
    regular = math.ceil(ranges / max(1, _ROOM_BYTES // size))
    return IndexSize(pages=1 + revmap + regular, tuples=ranges, revmap_pages=revmap)


def _widths(column: IndexColumn, range_pages: int, facts: IndexFacts) -> list[float]:
    width = value_width(column)
    if column.operator_class.endswith("_bloom_ops"):
        rows = max(_BLOOM_LEAST_ROWS, _BLOOM_ROWS_SHARE * _HEAP_PAGE_ROWS * range_pages)
        bits = math.ceil(-rows * math.log(_BLOOM_WRONG_SHARE) / math.log(2) ** 2)
        return [min(_BLOOM_HEADER_BYTES + bits / 8, _ROOM_BYTES - 64)]
    if column.operator_class.endswith("_minmax_multi_ops"):
        rows = facts.rows * range_pages / max(1, facts.heap_pages)
        values = min(_MULTI_VALUES, rows, column.statistics.distinct)
        return [_MULTI_HEADER_BYTES + values * width]
    if column.operator_class.endswith("_inclusion_ops"):
        return [width, 1, 1]
    return [width, width]
