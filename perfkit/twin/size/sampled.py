"""Statistics of what an index holds, made from those of its table's columns: of expressions, of partial indexes."""

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from itertools import pairwise

from perfkit.twin.size.facts import Elements, Sample, Statistics

# An expression's value that so many of the histogram's bounds have is a common one.
COMMON_BOUNDS = 3
# Bounds that show as many different values as this can show how far apart values lie.
GRAIN_BOUNDS = 8
# So few values that are all different prove nothing.
_FEW_BOUNDS = 10
_SAMPLED_ROWS = 300
# The first moment of a month, as date_trunc gives it; months are no steps of equal length.
_MONTH = re.compile(r"\d{4}-\d\d-01( 00:00:00(\+00)?)?\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """One row of pg_stats; `distinct` as it stands there, negative for a share of the rows.

    `parts` are those of a bin of the histogram that have a bound of their own: more than one only in a finer one.
    """

    null_share: float
    width_bytes: float
    distinct: float
    common_values: tuple[str, ...] = ()
    common_shares: tuple[float, ...] = ()
    bounds: tuple[str, ...] = ()
    correlation: float | None = None
    elements: Elements | None = None
    parts: int = 1

    @property
    def values(self) -> tuple[str, ...]:
        """Return the most common values, then the bounds of the histogram."""
        return self.common_values + self.bounds

    @property
    def values_most(self) -> int:
        """Return how many common values ANALYZE keeps, and bins of the histogram, as far as that shows."""
        return max(len(self.common_shares), (len(self.bounds) - 1) // self.parts)

    @property
    def sampled_rows(self) -> float:
        """Return the rows that ANALYZE looked at: 300 for each value that it may keep (analyze.c)."""
        return _SAMPLED_ROWS * self.values_most

    @property
    def shares(self) -> tuple[float, ...]:
        """Return the share of the rows that each of the values stands for."""
        rest = max(0.0, 1 - self.null_share - sum(self.common_shares))
        return self.common_shares + tuple(rest / len(self.bounds) for _ in self.bounds)

    def distinct_in(self, rows: float) -> float:
        """Return the count of distinct values among so many rows, without what ANALYZE is wont to miss."""
        counted = self.distinct if self.distinct >= 0 else -self.distinct * rows
        return corrected(self, counted, rows * (1 - self.null_share))


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What one known value becomes in the index: its text (None for NULL), its size, and whether a partial index keeps it.

    `rank` is its place in the order of the key's type, equal values at the same; 0 where nobody asked.
    """

    text: str | None
    width_bytes: int
    kept: bool = True
    rank: int = 0


def column_statistics(known: Known, outcomes: Sequence[Outcome], rows: float) -> Statistics:
    """Return the statistics of a plain column of a table with so many rows.

    `outcomes` go with `known.values`, the last one with NULL; empty when those say nothing.
    """
    if not outcomes:
        return Statistics(
            null_share=known.null_share,
            width_bytes=known.width_bytes,
            distinct=known.distinct_in(rows),
            common_shares=known.common_shares,
            elements=known.elements,
        )
    common, bounds = len(known.common_shares), len(known.bounds)
    each_bound = max(0.0, known.distinct_in(rows) - common) / max(1, bounds)
    weights = [1.0] * common + [each_bound] * bounds
    kept = [
        (share, outcome, weight)
        for share, outcome, weight in zip(known.shares, outcomes[:-1], weights, strict=True)
        if outcome.kept
    ]
    nulls = known.null_share if outcomes[-1].kept else 0.0
    total = (nulls + sum(share for share, _, _ in kept)) or 1.0
    return Statistics(
        null_share=nulls / total,
        width_bytes=known.width_bytes if len(kept) == common + bounds else mean_width(kept),
        distinct=sum(weight for _, _, weight in kept),
        common_shares=tuple(
            share / total
            for share, outcome in zip(known.common_shares, outcomes, strict=False)
            if outcome.kept
        ),
        samples=_samples(kept, total),
        elements=known.elements,
    )


def expression_statistics(known: Known, outcomes: Sequence[Outcome], rows: float) -> Statistics:
    """Return the statistics of an expression of one column, from what it makes of the column's known values and of NULL."""
    pairs = [
        (share, each)
        for share, each in zip((*known.shares, known.null_share), outcomes, strict=True)
        if each.kept
    ]
    total = sum(share for share, _ in pairs) or 1.0
    kept = [(share / total, each) for share, each in pairs if each.text is not None]
    bounds = [
        each.text for each in outcomes[len(known.common_shares) : -1] if each.kept and each.text is not None
    ]
    common = {each.text for each in (*outcomes[: len(known.common_shares)], outcomes[-1])} | {
        text for text in bounds if bounds.count(text) >= COMMON_BOUNDS
    }
    shares: dict[str | None, float] = defaultdict(float)
    for share, each in kept:
        if each.text in common:
            shares[each.text] += share
    rare = [text for text in bounds if text not in common]
    most = max(0.0, known.distinct_in(rows) - len(known.common_shares))
    rare_count = distinct_of(
        rare, min(most, rows * sum(share for share, each in kept if each.text not in common))
    )
    times = Counter(each.text for _, each in kept)
    weighed = [
        (share, each, 1 / times[each.text] if each.text in common else rare_count / len(rare))
        for share, each in kept
    ]
    return Statistics(
        null_share=1 - sum(share for share, _ in kept),
        width_bytes=mean_width(weighed) if weighed else known.width_bytes,
        distinct=len(shares) + rare_count,
        common_shares=tuple(share for share in shares.values() if share > 0),
        samples=_samples(weighed, 1.0),
    )


def corrected(known: Known, counted: float, rows: float) -> float:
    """Return how many distinct values there are, where ANALYZE counted so many.

    Its estimator (Haas and Stokes 1998, Duj1: n d / (n - f1 + f1 n / N)) takes all values as equally common and counts
    too few where they are not. Where there are most common values, or fewer than two rows a value, the others are taken
    as geometric, and this is the count of which that estimator makes `counted`.
    """
    common = len(known.common_shares)
    sample_share = min(1.0, known.sampled_rows / rows) if rows else 1.0
    uneven = common > 0 or counted * 2 > rows
    if sample_share >= 1 or not known.bounds or not uneven or counted >= rows:
        return counted
    rare_rows = rows * max(0.0, 1 - sum(known.common_shares) / (1 - known.null_share))
    low, high = max(1.0, counted - common), max(1.0, rare_rows)
    for _ in range(40):
        middle = (low + high) / 2
        found = _counted(middle, common, rare_rows, rows, sample_share)
        low, high = (middle, high) if found < counted else (low, middle)
    return common + low


def _counted(rare: float, common: int, rare_rows: float, rows: float, sample_share: float) -> float:
    """Return what ANALYZE would count of common values and of rare ones, each of these in 1, 2, 3 … rows, ever fewer."""
    alone = min(1.0, rare / rare_rows)
    missed = sample_share + alone * (1 - sample_share)
    shown = common + rare * sample_share / missed
    once = rare * sample_share * alone / missed**2
    sampled = rows * sample_share
    return sampled * shown / (sampled - once * (1 - sample_share))


def thinned(statistics: Statistics, *, heap_rows: float, rows: float) -> Statistics:
    """Return the statistics of a partial index whose condition has nothing to do with the column.

    A value of r rows is kept when one of them is: 1 - (1 - share) ** r.
    """
    if rows >= heap_rows or heap_rows <= 0:
        return statistics
    common = len(statistics.common_shares)
    rare = statistics.distinct - common
    left = heap_rows * max(0.0, 1 - statistics.null_share - sum(statistics.common_shares))
    if rare <= 0 or left <= 0:
        return statistics
    chance = 1 - (1 - rows / heap_rows) ** max(1.0, left / rare)
    return replace(statistics, distinct=common + rare * chance)


def without_nulls(statistics: Statistics) -> Statistics:
    """Return the statistics of the rows where the column is not NULL."""
    present = (1 - statistics.null_share) or 1.0
    return replace(
        statistics,
        null_share=0.0,
        common_shares=tuple(share / present for share in statistics.common_shares),
        samples=tuple(replace(sample, share=sample.share / present) for sample in statistics.samples),
    )


def mean_width(kept: Sequence[tuple[float, Outcome, float]]) -> float:
    """Return the mean size of values by their shares, 0 of none."""
    total = sum(share for share, _, _ in kept)
    return sum(share * each.width_bytes for share, each, _ in kept) / total if total else 0.0


def _samples(kept: Iterable[tuple[float, Outcome, float]], total: float) -> tuple[Sample, ...]:
    return tuple(
        Sample(text=each.text, share=share / total, width_bytes=each.width_bytes, distinct=weight)
        for share, each, weight in kept
        if each.text is not None
    )


def distinct_of(texts: Sequence[str], most: float) -> float:
    """Return how many values there are, of which these were drawn at even steps; never more than `most`.

    All different: `most`, or as many as fit between the first and the last at the finest step seen; of very few,
    Chao's estimate (1984) of those not seen, f1 (f1 - 1) / 2. Else the count
    of values, equally likely, of which so many draws show so many: d = D (1 - exp(-k / D)).
    """
    drawn, shown = len(texts), len(set(texts))
    if not drawn:
        return 0.0
    most = max(min(most, _places(set(texts))), shown)
    if shown == drawn:
        return min(most, shown + drawn * (drawn - 1) / 2) if drawn < _FEW_BOUNDS else most
    low, high = float(shown), float(most)
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (middle, high) if middle * -math.expm1(-drawn / middle) < shown else (low, middle)
    return low


def _places(texts: set[str]) -> float:
    """Return how many values fit between the least and the greatest, by the step that all of them keep."""
    months = all(_MONTH.match(text) for text in texts)
    numbers = sorted(number for number in map(_month if months else _number, texts) if number is not None)
    if len(numbers) < len(texts) or len(numbers) < GRAIN_BOUNDS:
        return math.inf
    step = math.gcd(*(after - before for before, after in pairwise(numbers)))
    return (numbers[-1] - numbers[0]) / step + 1


def _month(text: str) -> int:
    return 12 * int(text[:4]) + int(text[5:7])


def _number(text: str) -> int | None:
    """Return an integer, date (days) or time (microseconds) as a number on its own scale."""
    if text.lstrip("-").isdecimal():
        return int(text)
    try:
        if len(text) == 10:
            return date.fromisoformat(text).toordinal()
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return round((moment.replace(tzinfo=None) - datetime.min).total_seconds() * 1_000_000)  # noqa: DTZ901  only differences count
