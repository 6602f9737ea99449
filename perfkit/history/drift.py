"""Drift: the levels that each case's time and blocks went through, and whether it is now worse than it was."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from itertools import pairwise

from perfkit import stats
from perfkit.baseline.thresholds import Margin
from perfkit.history.changepoint import (
    Finder,
    Split,
    change_points,
    exact_split,
    least_length,
    likeliest_split,
)
from perfkit.history.holm import rejected
from perfkit.history.series import Point, Series
from perfkit.history.thresholds import THRESHOLDS, Thresholds


class Direction(StrEnum):
    """Where a case went."""

    WORSE = "worse"
    BETTER = "better"
    STEADY = "steady"


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """The median of the sessions from the point with index `start` on, up to the next level."""

    start: int
    value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Trend:
    """The levels of one number of a case, at least one, oldest first.

    `reference` is the level that the latest one is held against: when worse the lowest before it, else the first.
    """

    direction: Direction
    levels: tuple[Level, ...]
    reference: Level

    @property
    def now(self) -> Level:
        """Return the latest level."""
        return self.levels[-1]

    @property
    def since(self) -> int:
        """Return the index of the point at which the reference's level was left."""
        place = self.levels.index(self.reference)
        return self.levels[min(place + 1, len(self.levels) - 1)].start

    @property
    def ratio(self) -> float:
        """Return how many times the reference the latest level is, 1 when the reference is 0."""
        return self.now.value / self.reference.value if self.reference.value else 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseHistory:
    """A case over time: its series of so many `sessions`, and the trends of its time in ms and of its blocks."""

    series: Series
    sessions: int
    time: Trend
    blocks: Trend

    @property
    def direction(self) -> Direction:
        """Return worse when either is, else better when either is, else steady."""
        both = {self.time.direction, self.blocks.direction}
        return next(direction for direction in Direction if direction in both)

    @property
    def impact(self) -> float:
        """Return what ranks the case: the change of its time in ms a minute, by its weight, whichever way it went."""
        return abs(self.time.now.value - self.time.reference.value) * self.series.weight


@dataclass(frozen=True, slots=True, kw_only=True)
class Histories:
    """All cases, the worse first, then the better, by impact and then by ratio; `machine_suspected` as in `find_drift`.

    `sessions_needed` is how many a case takes until a change of its time can be told from chance.
    """

    cases: tuple[CaseHistory, ...]
    machine_suspected: bool
    sessions_needed: int

    @property
    def sessions(self) -> int:
        """Return the most that a case has."""
        return max((case.sessions for case in self.cases), default=0)

    @property
    def too_short(self) -> tuple[CaseHistory, ...]:
        """Return the cases that have fewer sessions than it takes."""
        return tuple(case for case in self.cases if case.sessions < self.sessions_needed)

    def going(self, direction: Direction) -> tuple[CaseHistory, ...]:
        """Return the cases that went that way."""
        return tuple(case for case in self.cases if case.direction is direction)


def find_drift(series: Sequence[Series], thresholds: Thresholds = THRESHOLDS) -> Histories:
    """Return each case's levels and where it went.

    The chance that any steady case is called otherwise is at most `family_error`, by Holm over all cases and both
    numbers. Runs of one session count as one, by their median: they share the machine's mood. The machine is suspected when most cases became slower together without more work.
    """
    starts = [session_starts(each.points, thresholds.session) for each in series]
    times = [
        _by_session([point.time_ms for point in each.points], own)
        for each, own in zip(series, starts, strict=True)
    ]
    blocks = [
        _by_session([point.blocks for point in each.points], own)
        for each, own in zip(series, starts, strict=True)
    ]
    tests = [*((each, likeliest_split) for each in times), *((each, exact_split) for each in blocks)]
    splits = [find(values) for values, find in tests]
    segments = _changes(tests, splits, thresholds)
    cases = [
        CaseHistory(
            series=each,
            sessions=len(own),
            time=_trend(_levels(time, time_changes, own), thresholds.time),
            blocks=_trend(_levels(count, block_changes, own), thresholds.blocks),
        )
        for each, own, time, time_changes, count, block_changes in zip(
            series, starts, times, segments[: len(times)], blocks, segments[len(times) :], strict=True
        )
    ]
    return Histories(
        cases=tuple(sorted(cases, key=_rank)),
        machine_suspected=_is_machine(cases, thresholds),
        # Numbers that never vary are not asked, and times always do.
        sessions_needed=least_length(
            thresholds.family_error / max(len(cases), sum(split is not None for split in splits), 1)
        ),
    )


def session_starts(points: Sequence[Point], longest: timedelta) -> list[int]:
    """Return the index of the first point of each session: those that follow it within the time belong to it."""
    starts: list[int] = []
    for index, point in enumerate(points):
        if not starts or point.at - points[starts[-1]].at > longest:
            starts.append(index)
    return starts


def _by_session(values: Sequence[float], starts: Sequence[int]) -> list[float]:
    ends = [*starts[1:], len(values)]
    return [stats.median(values[start:end]) for start, end in zip(starts, ends, strict=True)]


def _changes(
    tests: Sequence[tuple[list[float], Finder]], splits: Sequence[Split | None], thresholds: Thresholds
) -> list[tuple[int, ...]]:
    """Return where the level of each list of values changes, nowhere where its likeliest split is not certain enough."""
    limits = iter(rejected([split.chance for split in splits if split], thresholds.family_error))
    changed = [split is not None and next(limits) for split in splits]
    return [
        change_points(values, find, thresholds.further_error) if certain else ()
        for (values, find), certain in zip(tests, changed, strict=True)
    ]


def _levels(values: Sequence[float], changes: Sequence[int], starts: Sequence[int]) -> tuple[Level, ...]:
    """Return the levels between the changes; `starts` has the point at which each of the values begins."""
    edges = [0, *changes, len(values)]
    return tuple(
        Level(start=starts[begin], value=stats.median(values[begin:end])) for begin, end in pairwise(edges)
    )


def _trend(levels: tuple[Level, ...], margin: Margin) -> Trend:
    first, now = levels[0], levels[-1]
    lowest = min(levels, key=lambda level: (level.value, -level.start))
    if margin.exceeded(lowest.value, now.value):
        return Trend(direction=Direction.WORSE, levels=levels, reference=lowest)
    better = margin.exceeded(now.value, first.value)
    return Trend(direction=Direction.BETTER if better else Direction.STEADY, levels=levels, reference=first)


def _is_machine(cases: list[CaseHistory], thresholds: Thresholds) -> bool:
    slower = [
        case
        for case in cases
        if case.time.direction is Direction.WORSE and case.blocks.direction is not Direction.WORSE
    ]
    return len(slower) >= max(thresholds.machine_least_cases, thresholds.machine_share * len(cases))


def _rank(case: CaseHistory) -> tuple[int, float, float, str]:
    order = list(Direction).index(case.direction)
    if case.direction is Direction.STEADY:
        return order, 0.0, 0.0, case.series.case
    return order, -case.impact, -max(case.time.ratio, case.blocks.ratio), case.series.case
