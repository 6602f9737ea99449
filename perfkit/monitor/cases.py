"""A case as the exporter knows it: its budget, what its probes came to since the exporter began, and the newest reading."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from perfkit.findings import Severity
from perfkit.monitor.thresholds import QUERY_BUCKETS_S


@dataclass(frozen=True, slots=True)
class CaseName:
    """The labels of a case."""

    query: str
    case: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Before:
    """What a case's baseline says: its median time and its blocks, and whether the probe's plan is none that it knows."""

    execution_s: float
    shared_blocks: int
    plan_changed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What the newest probe of a case saw; `before` is None without a baseline; `findings` counts them by severity."""

    at: datetime
    execution_s: float
    planning_s: float
    shared_blocks: int
    rows: int
    within_budget: bool
    before: Before | None
    findings: Mapping[Severity, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseNow:
    """A case now; `weight` is in calls a minute.

    Of its probes, `timed` gave a time, `seconds` together, `within` counts those that took no longer than each of
    QUERY_BUCKETS_S, and `missed` those that took longer than the budget or failed. `reading` is None unless the last
    probe gave one; `tried` is whether there was any probe, one that perfkit refused too.
    """

    budget_s: float
    weight: float
    probes: int = 0
    missed: int = 0
    timed: int = 0
    seconds: float = 0.0
    within: tuple[int, ...] = (0,) * len(QUERY_BUCKETS_S)
    reading: Reading | None = None
    tried: bool = False


def probed(case: CaseNow, reading: Reading) -> CaseNow:
    """Return the case after a probe that gave a reading."""
    taken_s = reading.execution_s
    return replace(
        case,
        probes=case.probes + 1,
        missed=case.missed + (not reading.within_budget),
        timed=case.timed + 1,
        seconds=case.seconds + taken_s,
        within=tuple(
            count + (taken_s <= bound_s) for count, bound_s in zip(case.within, QUERY_BUCKETS_S, strict=True)
        ),
        reading=reading,
        tried=True,
    )


def failed(case: CaseNow) -> CaseNow:
    """Return the case after a probe that gave no time: it counts as one that took too long."""
    return replace(refused(case), probes=case.probes + 1, missed=case.missed + 1)


def refused(case: CaseNow) -> CaseNow:
    """Return the case after perfkit refused to run it: no probe, and what it took last says nothing any more."""
    return replace(case, reading=None, tried=True)
