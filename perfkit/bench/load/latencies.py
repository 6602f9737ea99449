"""Latencies: how long calls took, in buckets, so that a million of them take no more memory than a thousand.

Buckets grow by 1 %, so that a quantile is within 1 % of the true one, as in HdrHistogram with two digits.
"""

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

_GROWTH = math.log(1.01)
_LEAST_MS = 0.001


@dataclass(slots=True)
class Latencies:
    """Counts by bucket, and the exact sum and largest, in ms."""

    counts: Counter[int] = field(default_factory=Counter)
    total_ms: float = 0.0
    largest_ms: float = 0.0

    def add(self, latency_ms: float) -> None:
        """Count one call."""
        self.counts[round(math.log(max(latency_ms, _LEAST_MS)) / _GROWTH)] += 1
        self.total_ms += latency_ms
        self.largest_ms = max(self.largest_ms, latency_ms)

    @property
    def count(self) -> int:
        """Return how many calls there were."""
        return self.counts.total()

    @property
    def mean_ms(self) -> float:
        """Return the mean; 0 of none."""
        return self.total_ms / self.count if self.count else 0.0

    def quantile_ms(self, q: float) -> float:
        """Return the latency that a share `q` of the calls does not exceed, within 1 %; 0 of none."""
        wanted = math.ceil(q * self.count)
        seen = 0
        for bucket in sorted(self.counts):
            seen += self.counts[bucket]
            if seen >= wanted:
                return min(math.exp(bucket * _GROWTH), self.largest_ms)
        return 0.0


def merged(several: Iterable[Latencies]) -> Latencies:
    """Return the latencies of several in one."""
    whole = Latencies()
    for each in several:
        whole.counts.update(each.counts)
        whole.total_ms += each.total_ms
        whole.largest_ms = max(whole.largest_ms, each.largest_ms)
    return whole
