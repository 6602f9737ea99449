"""Change points: where the level of a sequence changes, and how likely chance alone would look like it.

The statistic is the largest standardised sum of normal scores over all splits of the sequence: a maximally selected rank
statistic (Lausen and Schumacher, "Maximally Selected Rank Statistics", Biometrics 48, 1992) with van der Waerden's scores
in Blom's form. It is Pettitt's test (Applied Statistics 28, 1979) but for two things: each split is divided by its
standard deviation, so that a change near either end is seen too, and scores tell clear changes from mere order. As it
takes nothing but ranks, its distribution without a change depends on the length alone: `critical` has it. Several
changes are found by binary segmentation (Vostrikova, "Detecting disorder in multidimensional random processes", 1981),
which may miss a level that was left and returned to: it is for changes that stay.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from statistics import NormalDist

from perfkit import stats
from perfkit.history.critical import GREATEST_LENGTH, LEAST_LENGTH, LEAST_SEGMENT, chance_of

# A case whose plan flips between two on a tie of cost looks like a step in 1 of 50 sequences of 8, in 1 of 500 of 12.
_LEAST_EXACT_LENGTH = 12
_NORMAL = NormalDist()
_GOLDEN_RATIO = (1 + math.sqrt(5)) / 2  # its multiples' fractions are scattered evenly


@dataclass(frozen=True, slots=True)
class Split:
    """The first index after a change, and the chance of one so clear where there is none."""

    position: int
    chance: float


Finder = Callable[[Sequence[float]], Split | None]


def likeliest_split(values: Sequence[float]) -> Split | None:
    """Return where the level of noisy values is likeliest to have changed; None for fewer than 8 or when all are equal."""
    length = len(values)
    if length < LEAST_LENGTH or min(values) == max(values):
        return None
    scores = normal_scores(values)
    deviation = math.sqrt(math.fsum(score * score for score in scores) / (length - 1))
    sums = list(accumulate(scores))
    clearest, position = max(
        (abs(sums[place - 1]) / math.sqrt(place * (length - place) / length), place)
        for place in range(LEAST_SEGMENT, length - LEAST_SEGMENT + 1)
    )
    return Split(position, chance_of(clearest / deviation, length))


def least_length(chance: float) -> int:
    """Return the least number of values among which the clearest change has as small a chance, at most 1,000."""
    for length in range(LEAST_LENGTH, GREATEST_LENGTH):
        clearest = likeliest_split(range(length))
        if clearest and clearest.chance <= chance:
            return length
    return GREATEST_LENGTH


def exact_split(values: Sequence[float]) -> Split | None:
    """Return the same for values that repeat exactly but for changes, for which fewer say as much.

    A split is certain when most values of either side are the same, and the gap between the sides is wider than what
    they vary by.
    """
    if len(values) >= _LEAST_EXACT_LENGTH:
        # Such a gap is wider than any step within a side, so that it can be nowhere but at the widest step.
        widest = max(
            range(LEAST_SEGMENT, len(values) - LEAST_SEGMENT + 1),
            key=lambda place: abs(values[place] - values[place - 1]),
        )
        if _is_certain(values[:widest], values[widest:]):
            return Split(widest, 0.0)
    return likeliest_split(values)


def change_points(values: Sequence[float], find: Finder, largest_chance: float) -> tuple[int, ...]:
    """Return the indexes at which a new level begins, ascending: of each segment the likeliest, then of its two sides."""
    return tuple(_changes(values, 0, find, largest_chance))


def _changes(values: Sequence[float], offset: int, find: Finder, largest_chance: float) -> Iterator[int]:
    split = find(values)
    if split is None or split.chance > largest_chance:
        return
    yield from _changes(values[: split.position], offset, find, largest_chance)
    yield offset + split.position
    yield from _changes(values[split.position :], offset + split.position, find, largest_chance)


def normal_scores(values: Sequence[float]) -> list[float]:
    """Return each value's expected place in a normal sample of that size; they sum to 0.

    Blom, "Statistical Estimates and Transformed Beta-Variables" (1958). Equal values are ranked in an order that is
    scattered over the sequence: a shared rank would make the statistic larger than the table, made without any, allows.
    """
    length = len(values)
    scores = [0.0] * length
    order = sorted(range(length), key=lambda place: (values[place], place * _GOLDEN_RATIO % 1))
    for rank, place in enumerate(order, 1):
        scores[place] = _NORMAL.inv_cdf((rank - 0.375) / (length + 0.25))
    return scores


def _is_certain(before: Sequence[float], after: Sequence[float]) -> bool:
    if not (_repeats(before) and _repeats(after)):
        return False
    gap = max(min(after) - max(before), min(before) - max(after))
    return gap > max(max(before) - min(before), max(after) - min(after))


def _repeats(values: Sequence[float]) -> bool:
    return 2 * values.count(stats.median(values)) > len(values)
