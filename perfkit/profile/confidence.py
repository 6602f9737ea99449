"""How sure a share of samples is: an interval that knows that moments which follow one another resemble one another."""

import math
from collections.abc import Sequence
from functools import cache
from itertools import pairwise
from statistics import NormalDist
from typing import NamedTuple

from perfkit.profile.thresholds import CONFIDENCE, PARTS
from perfkit.stats import student_t_quantile


class Interval(NamedTuple):
    """The ends between which a quantity lies, in CONFIDENCE of all windows."""

    low: float
    high: float


def share_interval(parts: Sequence[float], wholes: Sequence[float], sessions: int) -> Interval:
    """Return the interval of sum(parts) / sum(wholes), which are a share's and all time, a sample each, in order.

    The wider one of two: batch means of the ratio (Law, "Simulation Modeling and Analysis", 9.5.3; the ratio's variance
    by its residuals, Cochran, "Sampling Techniques", 6.4), which sees that time comes in stretches; and Wilson's interval
    of a proportion of `sessions` (1927), which holds where all batches are the same.
    """
    total = math.fsum(wholes)
    if total <= 0:
        return Interval(0.0, 1.0)
    share = math.fsum(parts) / total
    wilson = wilson_interval(share, sessions)
    half = _half_width([p - share * w for p, w in zip(parts, wholes, strict=True)]) / total
    return Interval(
        max(0.0, min(wilson.low, share - half)),
        min(1.0, max(wilson.high, share + half)),
    )


def mean_interval(values: Sequence[float], weights: Sequence[float]) -> Interval:
    """Return the interval of a mean over the window, values and the seconds that they stand for a sample each."""
    total = math.fsum(weights)
    if total <= 0:
        return Interval(0.0, math.inf)
    mean = math.fsum(v * w for v, w in zip(values, weights, strict=True)) / total
    half = _half_width([(v - mean) * w for v, w in zip(values, weights, strict=True)]) / total
    return Interval(max(0.0, mean - half), mean + half)


def wilson_interval(share: float, count: int) -> Interval:
    """Return Wilson's score interval of a share of `count` independent draws."""
    if count <= 0:
        return Interval(0.0, 1.0)
    z = NormalDist().inv_cdf(0.5 + CONFIDENCE / 2)
    middle = (share + z * z / (2 * count)) / (1 + z * z / count)
    half = z / (1 + z * z / count) * math.sqrt(share * (1 - share) / count + z * z / (4 * count * count))
    return Interval(max(0.0, middle - half), min(1.0, middle + half))


def _half_width(residuals: Sequence[float]) -> float:
    """Return how far the sum of residuals, which is 0, would stray: from how much its batches' sums do."""
    batches = min(PARTS, len(residuals))
    if batches < 2:
        return 0.0
    edges = [round(number * len(residuals) / batches) for number in range(batches + 1)]
    sums = [math.fsum(residuals[start:end]) for start, end in pairwise(edges)]
    variance = math.fsum(value * value for value in sums) * batches / (batches - 1)
    return _t_quantile(batches - 1) * math.sqrt(variance)


@cache
def _t_quantile(degrees: int) -> float:
    return student_t_quantile(0.5 + CONFIDENCE / 2, degrees)
