"""Two commands measured in turn, so that what the machine does meanwhile meets both alike."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from perfkit import stats


@dataclass(frozen=True, slots=True, kw_only=True)
class Ratio:
    """The ratio of the medians of two interleaved series, and the spread of the ratios of their pairs."""

    of_medians: float
    least: float
    most: float
    ours_s: float
    theirs_s: float
    pairs: int

    def __str__(self) -> str:
        spread = f"pairs {self.least:.3f} to {self.most:.3f}"
        return f"{self.ours_s:.3f} s against {self.theirs_s:.3f} s, {self.pairs} pairs, {spread}"


def ratio(ours_s: Sequence[float], theirs_s: Sequence[float]) -> Ratio:
    """Return the ratio of two series of seconds, of which the n-th of each were measured side by side."""
    each = [ours / theirs for ours, theirs in zip(ours_s, theirs_s, strict=True)]
    medians = stats.median(ours_s), stats.median(theirs_s)
    return Ratio(
        of_medians=medians[0] / medians[1],
        least=min(each),
        most=max(each),
        ours_s=medians[0],
        theirs_s=medians[1],
        pairs=len(each),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class GeometricRatio:
    """The geometric mean of the ratios of pairs, and the interval that holds the true one in 95 of 100 such runs."""

    mean: float
    low: float
    high: float
    pairs: int

    @property
    def apart(self) -> float:
        """Return how far the mean is from 1, whichever of the two is larger."""
        return abs(self.mean - 1)

    def __str__(self) -> str:
        return f"ratio {self.mean:.3f} ({self.low:.3f} to {self.high:.3f}), {self.pairs} pairs"


def geometric_ratio(ours: Sequence[float], theirs: Sequence[float]) -> GeometricRatio:
    """Return the ratio of two series of positive numbers, of which the n-th of each were measured side by side.

    By Student's t on the logarithms of at least two pairs.
    """
    logs = [math.log(one / other) for one, other in zip(ours, theirs, strict=True)]
    degrees = len(logs) - 1
    mean = math.fsum(logs) / len(logs)
    deviation = math.sqrt(math.fsum((each - mean) ** 2 for each in logs) / degrees)
    reach = stats.student_t_quantile(0.975, degrees) * deviation / math.sqrt(len(logs))
    return GeometricRatio(
        mean=math.exp(mean), low=math.exp(mean - reach), high=math.exp(mean + reach), pairs=len(logs)
    )


def interleaved(rounds: int, measures: Sequence[Callable[[], float]]) -> list[list[float]]:
    """Return the results of every measure, a list each; every other round goes backwards, as A B C C B A."""
    results: list[list[float]] = [[] for _ in measures]
    for number in range(rounds):
        order = range(len(measures)) if number % 2 == 0 else reversed(range(len(measures)))
        for place in order:
            results[place].append(measures[place]())
    return results
