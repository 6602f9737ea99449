"""Statistics of samples: the few numbers that perfkit reports, with their sources."""

import math
from collections.abc import Sequence


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
