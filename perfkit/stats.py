"""Statistics of samples: the few numbers that perfkit reports, with their sources."""

import math
from collections.abc import Sequence
from functools import lru_cache


def median(values: Sequence[float]) -> float:
    """Return the median of at least one value."""
    return quantile(values, 0.5)


def quantile(values: Sequence[float], q: float) -> float:
    """Return the q-quantile (0 to 1) of at least one value.

    Linear interpolation between order statistics, definition 7 of Hyndman and Fan, "Sample Quantiles in
    Statistical Packages" (1996), which numpy and R use by default.
    """
    ordered = sorted(values)
    position = q * (len(ordered) - 1)
    lower = math.floor(position)
    upper = math.ceil(position)
    return ordered[lower] + (ordered[upper] - ordered[lower]) * (position - lower)


def weighted_mean(values: Sequence[float], weights: Sequence[float]) -> float:
    """Return the mean of values under weights that sum to more than 0."""
    return math.fsum(value * weight for value, weight in zip(values, weights, strict=True)) / math.fsum(
        weights
    )


@lru_cache(maxsize=4096)  # the judge asks for few of them, a hundred times each
def student_t_quantile(p: float, degrees: int) -> float:
    """Return the p-quantile (0 < p < 1) of Student's t with a whole number of degrees of freedom, at least 1.

    By bisection of `student_t_probability`, to 1e-9 of its value.
    """
    if p < 0.5:
        return -student_t_quantile(1 - p, degrees)
    low, high = 0.0, 1.0
    while student_t_probability(high, degrees) < p:
        low, high = high, high * 2
    while high - low > 1e-9 * high:
        middle = (low + high) / 2
        if student_t_probability(middle, degrees) < p:
            low = middle
        else:
            high = middle
    return high


def student_t_probability(t: float, degrees: int) -> float:
    """Return the probability that Student's t with a whole number of degrees of freedom is at most `t`.

    The finite series of Abramowitz and Stegun, "Handbook of Mathematical Functions" (1964), 26.7.3 and 26.7.4.
    """
    angle = math.atan2(t, math.sqrt(degrees))
    sine, squared = math.sin(angle), math.cos(angle) ** 2
    total = term = 1.0
    for place in range(2 + degrees % 2, degrees - 1, 2):
        term *= squared * (place - 1) / place
        total += term
    if degrees % 2 == 0:
        return 0.5 + sine * total / 2
    within = angle + sine * math.cos(angle) * total if degrees > 1 else angle
    return 0.5 + within / math.pi
