"""Series: one case over the runs that can be compared with its latest one, oldest first."""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from difflib import get_close_matches
from fnmatch import fnmatchcase
from typing import NamedTuple

from perfkit.errors import UsageError
from perfkit.history.model import CaseRun, Entry


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One run of a case; `time_ms` is its median divided by how many times slower the machine was than at the latest run."""

    at: datetime
    command: str
    revision: str
    median_ms: float
    time_ms: float
    samples: int
    blocks: int
    rows: int
    shape: str
    verdict: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """A case and its points, at least one; `weight` is the latest, in calls per minute.

    `left_out` counts the runs of another statement, other parameters, another database or another major version.
    """

    case: str
    weight: float
    points: tuple[Point, ...]
    left_out: int


class _Seen(NamedTuple):
    entry: Entry
    run: CaseRun

    @property
    def kind(self) -> tuple[str, str, str, int]:
        """Return what must be the same for two runs to be compared."""
        return self.run.sql, self.run.parameters, self.entry.database, self.entry.major


def series_of(entries: Iterable[Entry], patterns: Sequence[str] = ()) -> tuple[Series, ...]:
    """Return the series of every case that any of the patterns chooses, all when there is none, by case.

    Patterns are those of `perfkit.catalog.workload`. UsageError when a pattern chooses nothing.
    """
    seen: defaultdict[str, list[_Seen]] = defaultdict(list)
    for entry in entries:
        for case, run in entry.cases.items():
            seen[case].append(_Seen(entry, run))
    for pattern in patterns:
        if not any(_chooses(pattern, case) for case in seen):
            close = get_close_matches(pattern, [*seen, *(case.partition("/")[0] for case in seen)], n=1)
            hint = f"did you mean {close[0]!r}?" if close else "`perfkit history` alone lists the cases"
            raise UsageError(f"no case {pattern!r} in these runs of the history", hint=hint)
    chosen = (
        case for case in sorted(seen) if not patterns or any(_chooses(pattern, case) for pattern in patterns)
    )
    return tuple(_series(case, seen[case]) for case in chosen)


def _chooses(pattern: str, case: str) -> bool:
    return fnmatchcase(case if "/" in pattern else case.partition("/")[0], pattern)


def _series(case: str, seen: list[_Seen]) -> Series:
    seen = sorted(seen, key=lambda each: each.entry.at)
    latest = seen[-1]
    comparable = [each for each in seen if each.kind == latest.kind]
    return Series(
        case=case,
        weight=latest.run.weight,
        points=tuple(_point(each, latest.entry) for each in comparable),
        left_out=len(seen) - len(comparable),
    )


def _point(seen: _Seen, latest: Entry) -> Point:
    entry, run = seen
    return Point(
        at=entry.at,
        command=entry.command,
        revision=entry.revision,
        median_ms=run.median_ms,
        time_ms=run.median_ms / slowness(entry.calibration_ms, latest.calibration_ms),
        samples=run.samples,
        blocks=run.blocks,
        rows=run.rows,
        shape=run.shape,
        verdict=run.verdict,
    )


def slowness(calibration_ms: Mapping[str, float], reference_ms: Mapping[str, float]) -> float:
    """Return how many times longer the fixed work took than in the reference: the geometric mean over what both have.

    1 when they have nothing in common, as nothing is known then.
    """
    ratios = [
        ms / reference_ms[work] for work, ms in calibration_ms.items() if ms > 0 and reference_ms.get(work)
    ]
    return math.exp(math.fsum(map(math.log, ratios)) / len(ratios)) if ratios else 1.0
