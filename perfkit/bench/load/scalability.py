"""How throughput grows with users: the Universal Scalability Law, and the knee that it has.

Gunther, "Guerrilla Capacity Planning" (2007), chapter 4: X(N) = lambda N / (1 + sigma (N - 1) + kappa N (N - 1)), where
lambda is what one user gets, sigma the share that is serial (contention), kappa the price of agreeing (coherency).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations


@dataclass(frozen=True, slots=True, kw_only=True)
class Scalability:
    """The law's parameters: `rate_alone` in calls/s; `error` is the mean relative distance of what was measured."""

    rate_alone: float
    contention: float
    coherency: float
    error: float

    def rate(self, users: float) -> float:
        """Return the calls/s that so many users get."""
        return (
            self.rate_alone
            * users
            / (1 + self.contention * (users - 1) + self.coherency * users * (users - 1))
        )

    @property
    def peak_users(self) -> float:
        """Return how many users get the most; infinite where more never get less."""
        if self.coherency <= 0:
            return math.inf
        return max(1.0, math.sqrt(max(0.0, 1 - self.contention) / self.coherency))


def fit(measured: Sequence[tuple[float, float]]) -> Scalability:
    """Return the law that fits the (users, calls/s) best; at least one, all above 0.

    N / X is linear in 1, N - 1 and N (N - 1): least squares of relative distances, no parameter below 0. Of the
    solutions on each set of parameters that may be above 0, the best that keeps to that (as Lawson and Hanson's NNLS).
    """
    rows = [((1.0, users - 1, users * (users - 1)), users / rate) for users, rate in measured]
    most = min(len({users for users, _ in measured}), 3)
    best = min(
        (
            solved
            for size in range(1, most + 1)
            for chosen in combinations(range(3), size)
            if 0 in chosen and (solved := _solved(rows, chosen)) is not None
        ),
        key=lambda solved: _distance(rows, solved),
    )
    alone, serial, agreeing = best
    law = Scalability(rate_alone=1 / alone, contention=serial / alone, coherency=agreeing / alone, error=0.0)
    error = sum(abs(law.rate(users) / rate - 1) for users, rate in measured) / len(measured)
    return Scalability(
        rate_alone=law.rate_alone, contention=law.contention, coherency=law.coherency, error=error
    )


_Row = tuple[tuple[float, float, float], float]


def _solved(rows: Sequence[_Row], chosen: tuple[int, ...]) -> tuple[float, float, float] | None:
    """Return the coefficients of least squares with only the chosen ones above 0, None when one would be below."""
    weighted = [([terms[place] / value for place in chosen], 1.0) for terms, value in rows]
    size = len(chosen)
    matrix = [
        [
            *(sum(terms[row] * terms[column] for terms, _ in weighted) for column in range(size)),
            sum(terms[row] * one for terms, one in weighted),
        ]
        for row in range(size)
    ]
    for pivot in range(size):
        largest = max(range(pivot, size), key=lambda row: abs(matrix[row][pivot]))
        if abs(matrix[largest][pivot]) < 1e-12:
            return None
        matrix[pivot], matrix[largest] = matrix[largest], matrix[pivot]
        for row in range(size):
            if row != pivot:
                factor = matrix[row][pivot] / matrix[pivot][pivot]
                matrix[row] = [a - factor * b for a, b in zip(matrix[row], matrix[pivot], strict=True)]
    values = {place: matrix[row][size] / matrix[row][row] for row, place in enumerate(chosen)}
    if values[0] <= 0 or min(values.values()) < 0:
        return None
    return values[0], values.get(1, 0.0), values.get(2, 0.0)


def _distance(rows: Sequence[_Row], solved: tuple[float, float, float]) -> float:
    return sum(
        (sum(a * b for a, b in zip(terms, solved, strict=True)) / value - 1) ** 2 for terms, value in rows
    )
