"""The statistics that ANALYZE would keep of a computed key, made from those of the one column it is computed from."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from perfkit.twin.size.sampled import COMMON_BOUNDS, Known, Outcome, distinct_of, mean_width

# More distinct values than this share of the rows are kept as a share, which grows with the table (analyze.c).
_GROWING_SHARE = 0.1
# A histogram needs two bounds.
_FEWEST_BOUNDS = 2


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

    A value is common when one of the column's common values becomes it, or several bounds of the histogram do.
    """
    values, null_share = _values(known, outcomes)
    common = _common(values)
    rare = sorted((each for each in values if each.text not in common), key=lambda each: each.outcome.rank)
    rare_share = sum(each.share for each in rare)
    counted = known.distinct if known.distinct >= 0 else -known.distinct * heap_rows
    most = max(0.0, counted - len(known.common_shares))
    rare_count = distinct_of([each.text for each in rare], min(most, rows * rare_share))
    distinct = len(common) + rare_count
    ordered = sorted(common.items(), key=lambda item: -item[1])
    return Computed(
        null_share=null_share,
        width_bytes=mean_width([(each.share, each.outcome, 1.0) for each in values]),
        distinct=-min(1.0, distinct / rows) if distinct > _GROWING_SHARE * rows else distinct,
        common_values=tuple(text for text, _ in ordered),
        common_shares=tuple(share for _, share in ordered),
        bounds=tuple(each.text for each in rare) if len(rare) >= _FEWEST_BOUNDS else (),
        correlation=_correlation(known, values, common, rare_share**2 / max(1.0, rare_count)),
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


def _common(values: Sequence[_Value]) -> Mapping[str, float]:
    """Return the common values with their shares."""
    times = Counter(each.text for each in values if each.is_bound)
    names = {each.text for each in values if not each.is_bound or times[each.text] >= COMMON_BOUNDS}
    shares: defaultdict[str, float] = defaultdict(float)
    for each in values:
        if each.text in names:
            shares[each.text] += each.share
    return shares


def _correlation(
    known: Known, values: Sequence[_Value], common: Mapping[str, float], rare_ties: float
) -> float | None:
    """Return how the key's order goes with that of the rows: as the column's does, as far as both are in one order.

    Equal values lie in the order of their rows, which by itself makes a correlation of the sum of squared shares.
    """
    if known.correlation is None:
        return None
    ranks = [float(each.outcome.rank) for each in values if each.is_bound]
    ties = sum(share**2 for share in common.values()) + rare_ties
    column_ties = sum(share**2 for share in known.common_shares)
    own = (known.correlation - column_ties) / (1 - column_ties) if column_ties < 1 else 0.0
    return max(-1.0, min(1.0, ties + (1 - ties) * own * _steadiness(ranks)))


def _steadiness(ranks: Sequence[float]) -> float:
    """Return the correlation of ranks with their places; 1 where there is only one rank."""
    count = len(ranks)
    places, mean = [place - (count - 1) / 2 for place in range(count)], sum(ranks) / max(1, count)
    spread = sum(place**2 for place in places) * sum((rank - mean) ** 2 for rank in ranks)
    covered = sum(place * (rank - mean) for place, rank in zip(places, ranks, strict=True))
    return covered / spread**0.5 if spread else 1.0
