"""Sparkline: a sequence of numbers in one line of text (Tufte, "Beautiful Evidence", 2006)."""

from collections.abc import Sequence
from itertools import pairwise

from perfkit import stats

BLOCKS = "▁▂▃▄▅▆▇█"
# For encodings without blocks; heavier is higher.
ASCII = "_.-~=+*#"
_WIDEST_COLUMNS = 24
# The top is at least half as high again as the bottom: noise of 5 % shall not look like mountains.
_LEAST_RANGE = 1.5


def sparkline(values: Sequence[float], ramp: str = BLOCKS) -> str:
    """Return the numbers, none below 0, as characters of the ramp, lowest first; long sequences by medians of groups."""
    columns = _grouped(values)
    if not columns:
        return ""
    bottom = min(columns)
    top = max(*columns, bottom * _LEAST_RANGE)
    steps = len(ramp) - 1
    return "".join(
        ramp[round((value - bottom) / (top - bottom) * steps) if top > bottom else 0] for value in columns
    )


def ramp_for(encoding: str | None) -> str:
    """Return the ramp that text in the encoding can hold."""
    try:
        BLOCKS.encode(encoding or "utf-8")
    except UnicodeEncodeError:
        return ASCII
    return BLOCKS


def _grouped(values: Sequence[float]) -> list[float]:
    count = min(len(values), _WIDEST_COLUMNS)
    edges = [place * len(values) // count for place in range(count + 1)] if count else [0]
    return [stats.median(values[start:end]) for start, end in pairwise(edges)]
