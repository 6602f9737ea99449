"""What measuring a workload gives: a result a case, a summary, and the server it was measured on."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from perfkit import stats
from perfkit.catalog.model import Case, Query
from perfkit.findings import Finding
from perfkit.plan.facts import Facts
from perfkit.plan.model import Plan
from perfkit.plan.runs import Runs, Statement

Progress = Callable[[int, int, str], None]
"""Called with cases done, cases in all, and the case that is next."""


class ProblemKind(StrEnum):
    """Why a case has no runs: it failed, perfkit refused it, or it was left out on purpose."""

    ERROR = "error"
    REFUSED = "refused"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Why a case has no runs; `sqlstate` is the server's code or ''."""

    kind: ProblemKind
    message: str
    hint: str = ""
    sqlstate: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseResult:
    """One case: its runs and findings, or the problem that kept it from running.

    `weight` is the case's share of its query's weight, in calls per minute; `budget_ms` the p95 it should keep.
    `findings` are ranked, worst first.
    """

    case: Case
    query: Query
    weight: float
    budget_ms: float
    runs: Runs | None
    problem: Problem | None
    findings: tuple[Finding, ...]

    @property
    def median_ms(self) -> float | None:
        """Return the median execution time, None when the case did not run."""
        return stats.median(self.runs.execution_ms) if self.runs else None

    @property
    def p95_ms(self) -> float | None:
        """Return the 95th percentile of the execution times, None when the case did not run."""
        return stats.quantile(self.runs.execution_ms, 0.95) if self.runs else None

    @property
    def within_budget(self) -> bool | None:
        """Return whether p95 keeps the budget, None when the case did not run."""
        return None if self.p95_ms is None else self.p95_ms <= self.budget_ms


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """The workload as a whole: `mean_ms` of the case medians by weight, and the share of calls within budget."""

    measured: int
    failed: int
    refused: int
    skipped: int
    mean_ms: float
    target_ms: float
    share_within_budget: float

    @property
    def target_met(self) -> bool:
        """Return whether the workload's mean keeps the target."""
        return self.mean_ms <= self.target_ms


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How a workload is measured: runs a case in a session, plans for the values or for all, and the mean's limit in ms."""

    samples: int
    plan_mode: str
    target_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Analysis:
    """A measured workload; `results` in the catalog's order.

    `calibration` holds the median times, in ms, of the fixed work that ran beside it, if any did.
    """

    measured_at: datetime
    samples: int
    plan_mode: str
    facts: Facts
    results: tuple[CaseResult, ...]
    summary: Summary
    calibration: Mapping[str, float] = field(default_factory=dict)


class Prepared(Protocol):
    """A statement ready to run on a connection of its own; `functions` as in Runs."""

    @property
    def functions(self) -> Mapping[str, str]:
        """Return the users' functions that it calls."""

    def run(self, *, timing: bool = False) -> Plan:
        """Return the plan of one run, rolled back, with the times of its nodes if asked; raises MeasureError."""


class Server(Protocol):
    """A server that runs statements safely; perfkit.db has the one that is real."""

    def prepared(self, statement: Statement) -> AbstractContextManager[Prepared]:
        """Hold a statement ready to run; raises MeasureError."""

    def facts(self, plans: Iterable[Plan]) -> Facts:
        """Return the facts of the server and of the relations in the plans."""

    def rows(self, sql: str) -> Iterator[Mapping[str, str | None]]:
        """Yield the rows of a read-only SELECT, values as text."""
