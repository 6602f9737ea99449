"""The size of a freshly built GiST index, and of any access method that perfkit knows nothing more of.

Sources: gistbuild.c (sorted builds, from PostgreSQL 15 on, split four pages at a time, the others each page), gist.h
(16 bytes of special space), trgm_gist.c (a leaf key is the array of its trigrams, 3 bytes each), rangetypes_gist.c.
"""

import math

from perfkit.twin.size.facts import IndexColumn, IndexFacts, IndexSize
from perfkit.twin.size.tuples import LINE_POINTER_BYTES, PAGE_BYTES, PAGE_HEADER_BYTES, align, value_width

_ROOM_BYTES = PAGE_BYTES - PAGE_HEADER_BYTES - 16
# Measured: pages that were split, by sorted builds too, are two thirds full.
_SPLIT_FILL = 0.66
_TRIGRAM_BYTES = 3
_TRIGRAM_HEADER_BYTES = 2  # of a short varlena, and a flag
_SIGNATURE_BYTES = 12


def gist_size(facts: IndexFacts) -> IndexSize:
    """Return pages and rows of the GiST index."""
    if facts.rows < 0.5:
        return IndexSize(pages=1, tuples=0)
    size = align(8 + sum(map(_key_bytes, facts.columns))) + LINE_POINTER_BYTES
    room = _ROOM_BYTES * _SPLIT_FILL
    leaves = math.ceil(facts.rows * size / room)
    pages, level, height = leaves, leaves, 0
    fanout = max(2, int(room / (align(8 + sum(map(_inner_bytes, facts.columns))) + LINE_POINTER_BYTES)))
    while level > 1:
        level = math.ceil(level / fanout)
        pages += level
        height += 1
    return IndexSize(pages=pages, tuples=facts.rows, height=height)


def _key_bytes(column: IndexColumn) -> float:
    if column.operator_class == "gist_trgm_ops":
        return _TRIGRAM_HEADER_BYTES + _TRIGRAM_BYTES * column.statistics.width_bytes
    return value_width(column)


def _inner_bytes(column: IndexColumn) -> float:
    if column.operator_class == "gist_trgm_ops":
        return _TRIGRAM_HEADER_BYTES + _SIGNATURE_BYTES
    return value_width(column)
