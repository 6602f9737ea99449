"""How the rows of an index fall into groups of equal keys, which a b-tree stores as one posting list each."""

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from perfkit.twin.size.facts import IndexColumn, IndexFacts

# Shares that differ by less than this factor are taken as one: the cells of several keys stay few.
_CLASS_WIDTH = math.log(1.15)
# Above this mean the number of rows of a group is its mean; uneven groups differ for longer.
_SURE_ROWS = 20
_SURE_UNEVEN_ROWS = 60
# Fewer groups than this change no size.
_LEAST_COUNT = 1e-3
# No share is smaller, no logarithm of zero taken.
_LEAST = 1e-12
# Fewer expected rows than this in a group: nobody shares it.
_ALONE = 1e-4


@dataclass(frozen=True, slots=True)
class Groups:
    """`count` possible groups, each with a Poisson number of rows of this mean.

    Alone, each has its one row. Uneven, the groups have 1, 2, 3 … rows, ever fewer of them (geometric).
    """

    count: float
    mean_rows: float
    alone: bool = False
    null: bool = False
    uneven: bool = False

    @property
    def rows(self) -> float:
        """Return the rows of them all."""
        return self.count * self.mean_rows

    @property
    def occupied(self) -> float:
        """Return how many of the groups have a row."""
        return self.count if self.alone or self.uneven else self.count * -math.expm1(-self.mean_rows)

    def chances(self) -> Iterator[tuple[int, float]]:
        """Yield how likely it is for a group to have 1, 2, 3 … rows, as far as that matters."""
        if self.alone or self.mean_rows > (_SURE_UNEVEN_ROWS if self.uneven else _SURE_ROWS):
            yield max(1, round(self.mean_rows)), 1.0
            return
        ratio = 1 - 1 / self.mean_rows if self.uneven else 0.0
        chance = 1 - ratio if self.uneven else self.mean_rows * math.exp(-self.mean_rows)
        for rows in range(1, 10 * _SURE_UNEVEN_ROWS):
            if chance * self.count < _LEAST_COUNT and rows > self.mean_rows:
                return
            yield rows, chance
            chance *= ratio if self.uneven else self.mean_rows / (rows + 1)


def groups_of(facts: IndexFacts, key_count: int) -> list[Groups]:
    """Return the groups of equal values in the first keys; values of different columns are taken as independent.

    The number of distinct combinations, where statistics know it, corrects that.
    """
    keys = facts.columns[:key_count]
    if len(keys) == 1:
        return list(groups_of_one(keys[0], facts.rows))
    groups = list(_cells(keys, facts.rows))
    if facts.distinct is not None and key_count == facts.key_count:
        return _fewer(groups, facts.distinct)
    return groups


def occupied(groups: Iterable[Groups]) -> float:
    """Return how many groups have a row."""
    return sum(each.occupied for each in groups)


def groups_of_one(column: IndexColumn, rows: float) -> Iterable[Groups]:
    """Yield the groups of equal values of one column: NULL, the most common ones, the others."""
    statistics = column.statistics
    if statistics.null_share:
        yield Groups(1, statistics.null_share * rows, null=True)
    for share in statistics.common_shares:
        yield Groups(1, share * rows)
    left = rows * max(0.0, 1 - statistics.null_share - sum(statistics.common_shares))
    distinct = max(1.0, statistics.distinct - len(statistics.common_shares))
    if left < 0.5:
        return
    if left / distinct < 1.001:
        yield Groups(left, 1, alone=True)
    elif statistics.common_shares:
        yield Groups(distinct, left / distinct, uneven=True)
    else:
        mean = _mean_without_empty(left / distinct)
        yield Groups(left / mean, mean)


def _mean_without_empty(mean: float) -> float:
    """Return the Poisson mean whose groups, the empty ones left out, have this mean."""
    guess = mean
    for _ in range(50):
        guess = mean * -math.expm1(-guess)
    return max(guess, _ALONE)


def _cells(keys: Sequence[IndexColumn], rows: float) -> Iterable[Groups]:
    """Yield the groups of several keys: each value of the one with each of the other.

    A value that has r rows shares a cell with itself r - 1 times, not r times: hence `apart`.
    """
    cells = [_Cells(1, 1, rows)]
    for key in keys:
        values = _merged(_values(key, rows))
        cells = _merged(
            _Cells(
                cell.count * value.count, cell.share * value.share, min(cell.fewest_rows, value.fewest_rows)
            )
            for cell in cells
            for value in values
        )
    for cell in cells:
        held = cell.count * cell.share * rows
        mean = cell.share * rows * (1 - 1 / max(cell.fewest_rows, 1.0))
        yield Groups(held, 1, alone=True) if mean < _ALONE else Groups(held / mean, mean)


@dataclass(frozen=True, slots=True)
class _Cells:
    """Combinations of values: how many, the share of the rows in each, and the rows of the rarest value in them."""

    count: float
    share: float
    fewest_rows: float


def _values(column: IndexColumn, rows: float) -> Iterable[_Cells]:
    for each in groups_of_one(column, rows):
        yield _Cells(each.count, each.mean_rows / rows, each.mean_rows)


def _merged(cells: Iterable[_Cells]) -> list[_Cells]:
    """Put cells of nearly equal shares together; counts and masses stay."""
    found: dict[tuple[int, int], list[_Cells]] = defaultdict(list)
    for cell in cells:
        found[_step(cell.share), _step(cell.fewest_rows)].append(cell)
    return [_one(alike) for alike in found.values()]


def _one(alike: Sequence[_Cells]) -> _Cells:
    count = sum(cell.count for cell in alike)
    mass = sum(cell.count * cell.share for cell in alike)
    return _Cells(count, mass / count, min(cell.fewest_rows for cell in alike))


def _step(value: float) -> int:
    return round(math.log(max(value, _LEAST)) / _CLASS_WIDTH)


def _fewer(groups: Sequence[Groups], distinct: float) -> list[Groups]:
    """Return the groups made fewer and larger, until so many are occupied; more than these they never are."""
    found = occupied(groups)
    if found <= distinct * 1.02:
        return list(groups)
    ratio = found / max(distinct, 1.0)
    for _ in range(20):
        changed = [Groups(each.count / ratio, each.mean_rows * ratio) for each in groups]
        if occupied(changed) <= distinct * 1.02:
            return changed
        ratio *= occupied(changed) / distinct
    return changed
