"""The statistics that ANALYZE would keep of a computed key, made from those of the one column it is computed from.

Source: analyze.c, compute_scalar_stats and analyze_mcv_list.
"""

import math
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate

from perfkit.twin.size.sampled import COMMON_BOUNDS, Known, Outcome, distinct_of, mean_width

# More distinct values than this share of the rows are kept as a share, which grows with the table (analyze.c).
_GROWING_SHARE = 0.1
# A histogram needs two bounds.
_FEWEST_BOUNDS = 2
# A value that was sampled once is not common.
_FEWEST_SAMPLED = 2

# More values than any table has rows.
_NO_LIMIT = 1e15


@dataclass(frozen=True, slots=True, kw_only=True)
class Computed:
    """What pg_statistic would hold of a computed key; `distinct` is negative for a share of the rows, as there."""

    null_share: float
    width_bytes: float
    distinct: float
    common_values: tuple[str, ...]
    common_shares: tuple[float, ...]
    bounds: tuple[str, ...]
    correlation: float | None


@dataclass(frozen=True, slots=True)
class _Value:
    """One known value of the column that is in the index: its share of the index's rows, what it becomes, if a bound."""

    share: float
    outcome: Outcome
    is_bound: bool

    @property
    def text(self) -> str:
        return self.outcome.text or ""


def computed_statistics(
    known: Known, outcomes: Sequence[Outcome], *, rows: float, heap_rows: float
) -> Computed:
    """Return what ANALYZE would find in an index of so many rows, where `outcomes` go with `known.values`, the last with NULL.

    A value may be common when one of the column's common values becomes it, or several bounds of the histogram do.
    """
    values, null_share = _values(known, outcomes)
    weights = _weights(values)
    left = [each for each in values if each.text not in weights]
    left_share = sum(each.share for each in left)
    left_count = _rare_count(known, [each.text for each in left], rows * left_share, heap_rows)
    distinct = _present(known, weights, rows) + left_count
    common = _kept(weights, known, rows=rows, distinct=distinct, null_share=null_share)
    rare = sorted((each for each in values if each.text not in common), key=lambda each: each.outcome.rank)
    ties = sum(share**2 for share in weights.values()) + left_share**2 / max(1.0, left_count)
    present = sum(each.share for each in values) or 1.0
    return Computed(
        null_share=null_share,
        width_bytes=mean_width([(each.share, each.outcome, 1.0) for each in values]),
        distinct=-min(1.0, distinct / rows) if distinct > _GROWING_SHARE * rows else distinct,
        common_values=tuple(common),
        common_shares=tuple(common.values()),
        bounds=_bounds(rare, min(len(rare), known.values_most + 1)),
        correlation=_correlation(known, values, ties / present**2),
    )


def _values(known: Known, outcomes: Sequence[Outcome]) -> tuple[list[_Value], float]:
    """Return the values that are in the index and not NULL, and the share of those that are NULL."""
    shares = (*known.shares, known.null_share)
    bounds = range(len(known.common_shares), len(known.values))
    kept = [
        _Value(share, outcome, place in bounds)
        for place, (share, outcome) in enumerate(zip(shares, outcomes, strict=True))
        if outcome.kept and share > 0
    ]
    total = sum(each.share for each in kept) or 1.0
    present = [
        _Value(each.share / total, each.outcome, each.is_bound)
        for each in kept
        if each.outcome.text is not None
    ]
    return present, max(0.0, 1 - sum(each.share for each in present))


def _weights(values: Sequence[_Value]) -> Mapping[str, float]:
    """Return the values that may be common, with their shares.

    A single bound that becomes one of them tells that such bounds there are, not of which value: all share in it.
    """
    times = Counter(each.text for each in values if each.is_bound)
    shares: defaultdict[str, float] = defaultdict(float)
    stray_share = 0.0
    for each in values:
        if not each.is_bound or times[each.text] >= COMMON_BOUNDS:
            shares[each.text] += each.share
    for each in values:
        if each.is_bound and each.text in shares and times[each.text] < COMMON_BOUNDS:
            stray_share += each.share
    grown = 1 + stray_share / (sum(shares.values()) or 1.0)
    return {text: share * grown for text, share in shares.items()}


def _rare_count(known: Known, texts: Sequence[str], rows: float, heap_rows: float) -> float:
    """Return how many values there are in so many rows, of which these were drawn; never more than the column has.

    Of values that are only possible, as those between bounds are, some have no row.
    """
    counted = known.distinct if known.distinct >= 0 else -known.distinct * heap_rows
    most = min(max(0.0, counted - len(known.common_shares)), rows)
    if known.parts == 1 or not texts:
        return distinct_of(texts, most)
    possible = distinct_of(texts, _NO_LIMIT)
    return min(most, possible * -math.expm1(-rows / possible))


def _present(known: Known, weights: Mapping[str, float], rows: float) -> float:
    """Return how many of the values have a row: all that a server has seen, and of those that are only possible some."""
    if known.parts == 1:
        return len(weights)
    return sum(-math.expm1(-rows * share) for share in weights.values())


def _kept(
    weights: Mapping[str, float], known: Known, *, rows: float, distinct: float, null_share: float
) -> dict[str, float]:
    """Return the values that ANALYZE keeps as common, the most common first: those that it would not take for rare ones."""
    sampled = min(rows, known.sampled_rows)
    ordered = sorted(weights.items(), key=lambda item: -item[1])
    if distinct <= len(ordered) <= known.values_most:  # all values there are
        return dict(ordered)
    kept = [item for item in ordered[: known.values_most] if item[1] * sampled >= _FEWEST_SAMPLED]
    left = 1 - null_share - sum(share for _, share in kept)
    while kept and sampled < rows:
        share = kept[-1][1]
        left += share
        rare_share = max(0.0, left) / max(1.0, distinct - len(kept) + 1)
        deviation = math.sqrt(sampled * share * (1 - share) * (rows - sampled) / (rows - 1))
        if share * sampled > rare_share * sampled + 2 * deviation + 0.5:
            break
        kept.pop()
    return dict(kept)


def _bounds(rare: Sequence[_Value], count: int) -> tuple[str, ...]:
    """Return so many bounds that have the same share between them."""
    if count < _FEWEST_BOUNDS:
        return ()
    reached = list(accumulate(each.share for each in rare))
    steps = (reached[-1] * place / (count - 1) for place in range(count))
    return tuple(rare[min(bisect_right(reached, step), len(rare) - 1)].text for step in steps)


def _correlation(known: Known, values: Sequence[_Value], ties: float) -> float | None:
    """Return how the key's order goes with that of the rows, which is known of the column's.

    `ties` is the sum of squared shares of what is not NULL: equal values lie in the order of their rows, which by itself correlates so much.
    """
    if known.correlation is None:
        return None
    column_ties = sum(share**2 for share in known.common_shares)
    own = (known.correlation - column_ties) / (1 - column_ties) if column_ties < 1 else 0.0
    ranks = [each.outcome.rank for each in values if each.is_bound]
    ordered = _steadiness(ranks if own >= 0 else ranks[::-1])
    return max(-1.0, min(1.0, abs(own) * ordered + (1 - abs(own)) * ties))


def _steadiness(ranks: Sequence[int]) -> float:
    """Return the correlation that ANALYZE finds where rows lie in the order of these ranks; 1 of fewer than two."""
    count = len(ranks)
    if count < _FEWEST_BOUNDS:
        return 1.0
    moved = sum((was - now) ** 2 for now, was in enumerate(sorted(range(count), key=ranks.__getitem__)))
    return 1 - 6 * moved / (count * (count**2 - 1))
