"""What the times of a case say beside its counters: clearly slower, clearly faster, or nothing."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from perfkit import stats
from perfkit.baseline.thresholds import Thresholds


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """Medians before and now, as measured; how much slower the machine is; whether the difference is beyond doubt."""

    before_ms: float
    now_ms: float
    machine_ratio: float
    slower: bool
    faster: bool


def compare_times(
    before_ms: Sequence[float], now_ms: Sequence[float], *, machine_ratio: float, thresholds: Thresholds
) -> Timing:
    """Return what the samples say; `machine_ratio` is how much slower the machine is now, at least 1.

    Clear is a difference when no sample of one side reaches the other side, and the medians differ by the margin.
    """
    adjusted = [time / machine_ratio for time in now_ms]
    medians = stats.median(before_ms), stats.median(adjusted)
    return Timing(
        before_ms=medians[0],
        now_ms=stats.median(now_ms),
        machine_ratio=machine_ratio,
        slower=min(adjusted) > max(before_ms) and thresholds.time.exceeded(*medians),
        faster=max(adjusted) < min(before_ms) and thresholds.time.exceeded(*reversed(medians)),
    )


def machine_ratio(unchanged: Iterable[tuple[float, float]], thresholds: Thresholds) -> float:
    """Return how many times slower the machine is, from the medians before and now of cases that did the same work.

    At least 1: a faster machine is never held against a case. 1 when too few cases can tell.
    """
    ratios = [now / before for before, now in unchanged if before > 0]
    return max(1.0, stats.median(ratios)) if len(ratios) >= thresholds.machine_least_cases else 1.0
