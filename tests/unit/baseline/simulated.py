"""A simulated server: statements whose plans and typical times are given, and whose noise is drawn from a seed."""

import math
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from random import Random

import tests.unit.baseline.workloads as w
from perfkit.baseline.sampling import PairedSampler, StoredSampler
from perfkit.baseline.tally import Side, start_tally
from perfkit.catalog.model import Case
from perfkit.catalog.workload import WeightedCase, Workload
from perfkit.errors import MeasureError, StatementError
from perfkit.measure.calibration import WORK
from perfkit.measure.model import Manner, Prepared
from perfkit.measure.session import Stopwatch
from perfkit.plan.facts import Facts
from perfkit.plan.model import Plan
from perfkit.plan.runs import Statement

Log = list[tuple[str, str]]
"""The name of the server and the text of the statement, of each run."""

Fails = Callable[[str, int], None]
"""Gets a statement's text and the number of its session, from 0; may raise MeasureError."""

MANNER = Manner(samples=3, plan_mode="custom", target_ms=100.0)
PLAN = w.index_plan()
FIXED_WORK_MS = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Timed:
    """What a statement does: its plan, and its typical time."""

    plan: Plan = PLAN
    time_ms: float


@dataclass(slots=True)
class Simulated:
    """Perfkit's Server over given statements, by text; `log` gets each run, `sessions` counts them by text.

    Each session and each run takes longer or shorter than typical, by logarithms of deviation `noise`, and all of them
    `slower` times as long. `fails` is called before each session; runs fail from the
    `breaks_at_run`-th on (from 0).
    """

    name: str
    statements: Mapping[str, Timed]
    chance: Random
    noise: float = 0.0
    slower: float = 1.0
    around: Facts = field(default_factory=w.facts)
    fails: Fails = lambda *_: None
    log: Log = field(default_factory=list)
    sessions: dict[str, int] = field(default_factory=dict)
    breaks_at_run: int | None = None
    fixed_work_fails: bool = False

    @contextmanager
    def prepared(self, statement: Statement) -> Iterator[Prepared]:
        """See Server."""
        text = statement.text
        if text in WORK.values():
            if self.fixed_work_fails:
                raise StatementError("permission denied")
            yield _Prepared(self, text, Timed(time_ms=FIXED_WORK_MS), 1.0, logged=False)
            return
        number = self.sessions.get(text, 0)
        self.sessions[text] = number + 1
        self.fails(text, number)
        yield _Prepared(self, text, self.statements[text], self.drawn(), logged=True)

    def facts(self, plans: Iterable[Plan]) -> Facts:  # noqa: ARG002  the Protocol's
        """See Server."""
        return self.around

    def rows(self, sql: str) -> Iterator[Mapping[str, str | None]]:
        """See Server."""
        raise AssertionError(sql)

    def drawn(self) -> float:
        """Return a factor of the noise."""
        return math.exp(self.chance.gauss(0.0, self.noise)) if self.noise else 1.0


@dataclass(slots=True)
class _Prepared:
    server: Simulated
    text: str
    timed: Timed
    session_factor: float
    logged: bool
    functions: Mapping[str, str] = field(default_factory=dict)

    def run(self, *, timing: bool = False) -> Plan:  # noqa: ARG002  the Protocol's
        """See Prepared."""
        breaks_at = self.server.breaks_at_run
        if self.logged and breaks_at is not None and len(self.server.log) >= breaks_at:
            raise StatementError("canceling statement due to conflict with recovery")
        if self.logged:
            self.server.log.append((self.server.name, self.text))
        factor = self.session_factor * self.server.slower * self.server.drawn()
        return replace(self.timed.plan, execution_ms=self.timed.time_ms * factor, planning_ms=0.1)


def failing(error: MeasureError, name: str, *, sessions: Collection[int] = range(1_000)) -> Fails:
    """Return what raises the error for the statement, in these of its sessions."""

    def fails(text: str, session: int) -> None:
        if text == name and session in sessions:
            raise error

    return fails


def workload(names: Iterable[str], *, writing: Iterable[str] = ()) -> Workload:
    """Return one case of each query; its statement's text is the query's name."""
    writes = set(writing)
    queries = [w.query(name, statement=name, allowed=["write"] if name in writes else []) for name in names]
    cases = [Case(query=query.name, name="typical", values={"year": "1998"}, line=3) for query in queries]
    return Workload(
        cases=tuple(
            WeightedCase(query=query, case=case, weight=40.0)
            for query, case in zip(queries, cases, strict=True)
        ),
        undrawn=(),
    )


@dataclass(slots=True, kw_only=True)
class Limit(Stopwatch):
    """A time budget that is over after so many runs of the logs."""

    logs: tuple[Log, ...]
    runs: float = math.inf

    def is_over(self) -> bool:
        """See Stopwatch."""
        return sum(map(len, self.logs)) >= self.runs


def paired(
    base: Simulated, head: Simulated, work: Workload, *, seed: int = 0, runs: float = math.inf
) -> PairedSampler:
    """Return the sampler of a change, whose budget is so many runs."""
    return PairedSampler(
        base=start_tally(Side(server=base, workload=work, manner=MANNER)),
        head=start_tally(Side(server=head, workload=work, manner=MANNER)),
        budget=Limit(logs=_once(base.log, head.log), runs=runs),
        chance=Random(seed),
        progress=lambda *_: None,
    )


def stored(
    before: Simulated,
    now: Simulated,
    work: Workload,
    *,
    seed: int = 0,
    sessions: int = 3,
    runs: float = math.inf,
) -> StoredSampler:
    """Return the sampler of a run against the baseline that is recorded here, in so many sessions."""
    recording = _alone(before, work, seed=seed)
    for _ in range(sessions):
        recording.round()
    baseline = w.baseline(recording.evidence()[1])
    sampler = _alone(now, work, seed=seed)
    sampler.baseline = baseline
    sampler.budget = Limit(logs=(now.log,), runs=runs)
    return sampler


def _alone(server: Simulated, work: Workload, *, seed: int) -> StoredSampler:
    return StoredSampler(
        baseline={},
        tally=start_tally(Side(server=server, workload=work, manner=MANNER)),
        budget=Limit(logs=()),
        chance=Random(seed),
        progress=lambda *_: None,
    )


def _once(*logs: Log) -> tuple[Log, ...]:
    """Return the logs, one that both sides share once."""
    return tuple({id(log): log for log in logs}.values())
