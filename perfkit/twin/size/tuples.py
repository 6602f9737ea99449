"""The tuples of an index: how large they are, from the layout that PostgreSQL gives them.

Sources: itup.h (8 bytes of header, a bitmap of 4 when there is a NULL), indextuple.c and heaptuple.c
(heap_compute_data_size: columns at their alignment, short varlenas unaligned), bufpage.h (24 bytes of page header,
4 of line pointer).
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate

from perfkit.twin.size.facts import IndexColumn

PAGE_BYTES = 8192
PAGE_HEADER_BYTES = 24
LINE_POINTER_BYTES = 4
HEADER_BYTES = 8
HEADER_WITH_NULLS_BYTES = 16
# A varlena up to this long, its one byte of header included, is stored with that short header and unaligned.
SHORT_VARLENA_BYTES = 127

# So many tuples are laid out to know how their sizes spread.
_TUPLES = 256
# Steps of the columns' sequences through their samples; irrational and unlike, so that all combinations come.
_STEPS = (0.6180339887, 0.7548776662, 0.8191725134, 0.8566748839, 0.8812714616, 0.8986537127)


def align(size_bytes: float, to: int = 8) -> int:
    """Return the size rounded up to a multiple (MAXALIGN when none is said)."""
    return -int(-size_bytes // to) * to


def tuple_bytes(columns: Sequence[IndexColumn], widths: Sequence[float | None]) -> int:
    """Return the size of an index tuple with values so wide; None is NULL."""
    offset: float = HEADER_WITH_NULLS_BYTES if None in widths else HEADER_BYTES
    for column, width in zip(columns, widths, strict=True):
        if width is None:
            continue
        varies = column.length_bytes < 0
        alignment = 1 if varies and width <= SHORT_VARLENA_BYTES else column.alignment_bytes
        offset = align(offset, alignment) + width
    return align(offset)


def typical_sizes(columns: Sequence[IndexColumn]) -> list[int]:
    """Return sizes of tuples, as they spread in the index; columns are taken as independent."""
    if all(column.length_bytes > 0 and not column.statistics.null_share for column in columns):
        return [tuple_bytes(columns, [column.length_bytes for column in columns])]
    drawn = [list(_widths(column, _STEPS[n % len(_STEPS)])) for n, column in enumerate(columns)]
    return [tuple_bytes(columns, widths) for widths in zip(*drawn, strict=True)]


def mean_size(columns: Sequence[IndexColumn]) -> float:
    """Return the mean size of an index tuple of these columns."""
    sizes = typical_sizes(columns)
    return sum(sizes) / len(sizes)


def mean_group_size(columns: Sequence[IndexColumn]) -> float:
    """Return the mean size of a tuple when each combination of values counts once, and NULL not at all."""
    drawn = [list(_group_widths(column, _STEPS[n % len(_STEPS)])) for n, column in enumerate(columns)]
    sizes = [tuple_bytes(columns, widths) for widths in zip(*drawn, strict=True)]
    return sum(sizes) / len(sizes)


def value_width(column: IndexColumn) -> float:
    """Return the mean size of the column's values, NULL not among them."""
    return column.length_bytes if column.length_bytes > 0 else column.statistics.width_bytes


def _widths(column: IndexColumn, step: float) -> Iterator[float | None]:
    statistics = column.statistics
    shares = [statistics.null_share]
    widths: list[float | None] = [None]
    if column.length_bytes < 0 and statistics.samples:
        shares += [sample.share for sample in statistics.samples]
        widths += _corrected(column)
    else:
        shares.append(1 - statistics.null_share)
        widths.append(value_width(column))
    return _drawn(widths, shares, step)


def _group_widths(column: IndexColumn, step: float) -> Iterator[float | None]:
    if column.length_bytes > 0 or not column.statistics.samples:
        return _drawn([value_width(column)], [1.0], step)
    return _drawn(_corrected(column), [sample.distinct for sample in column.statistics.samples], step)


def _drawn(widths: Sequence[float | None], shares: Sequence[float], step: float) -> Iterator[float | None]:
    """Yield widths as often as their shares say, in an order that goes evenly through them."""
    ends = list(accumulate(shares))
    for n in range(1, _TUPLES + 1):
        point = n * step % 1 * ends[-1]
        yield widths[min(bisect_right(ends, point), len(widths) - 1)]


def _corrected(column: IndexColumn) -> list[float | None]:
    """Return the samples' widths, moved so that their mean is the column's, which rests on many more rows."""
    samples = column.statistics.samples
    total = sum(sample.share for sample in samples) or 1
    mean = sum(sample.share * sample.width_bytes for sample in samples) / total
    error = column.statistics.width_bytes - mean
    move = round(error) if abs(error) > 1 else 0  # pg_stats has whole bytes only
    return [max(1, sample.width_bytes + move) for sample in samples]
