"""Tally: what the sessions of one side gave so far, and a round of them: a session a case, in an order of chance."""

import random
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime

from perfkit import stats
from perfkit.catalog.workload import WeightedCase, Workload
from perfkit.errors import ConnectError, MeasureError
from perfkit.measure.calibration import calibrate
from perfkit.measure.model import Analysis, Manner, Problem, ProblemKind, Progress, Server
from perfkit.measure.run import analysis_of, problem_of, statement_of, with_relations_of, writes_last
from perfkit.measure.session import Stopwatch, run_case
from perfkit.plan.facts import Facts
from perfkit.plan.runs import Runs, joined

# A server that is gone is not asked a hundred times more.
_LOST_CONNECTIONS = 3


def _nothing() -> None:
    """Leave everything as it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """A workload on a server, and how it is measured there; `tidy` takes away what writes left, where somebody may."""

    server: Server
    workload: Workload
    manner: Manner
    tidy: Callable[[], None] = _nothing

    def cases(self, chosen: Collection[str] | None) -> list[WeightedCase]:
        """Return the cases of these ids, all for None."""
        return [each for each in self.workload.cases if chosen is None or each.case.id in chosen]


@dataclass(slots=True, kw_only=True)
class Tally:
    """What the sessions of one side gave so far: outcomes by case id, the facts around them, the machine's speed."""

    side: Side
    facts: Facts
    started: datetime = field(default_factory=lambda: datetime.now(UTC))
    outcomes: dict[str, list[Runs | Problem]] = field(default_factory=dict)
    calibration: dict[str, list[float]] = field(default_factory=dict)

    def add(self, case: str, outcome: Runs | Problem) -> None:
        """Note what a session of a case gave."""
        self.outcomes.setdefault(case, []).append(outcome)
        if isinstance(outcome, Runs):
            self.facts = with_relations_of(outcome.plan, self.facts, self.side.server)

    def calibrate(self) -> None:
        """Note how fast the machine is now; where that cannot be told, the cases themselves tell."""
        with suppress(MeasureError):
            for name, times in calibrate(self.side.server, self.calibration).items():
                self.calibration.setdefault(name, []).extend(times)

    @property
    def busy_ratio(self) -> float:
        """Return how many times its best the fixed work took, at the median: about 1 on a quiet machine."""
        ratios = [stats.median(times) / min(times) for times in self.calibration.values() if any(times)]
        return max(ratios, default=1.0)

    def analysis(self) -> Analysis:
        """Return what was measured so far."""
        return analysis_of(
            self.side.workload,
            {case: _joined(each) for case, each in self.outcomes.items()},
            self.facts,
            self.side.manner,
            measured_at=self.started,
            calibration={name: stats.median(times) for name, times in self.calibration.items() if times},
        )


def start_tally(side: Side) -> Tally:
    """Return the tally of a side of which nothing was measured; raises ConnectError."""
    return Tally(side=side, facts=side.server.facts(()))


def _joined(outcomes: list[Runs | Problem]) -> Runs | Problem:
    """Return the sessions as one; a case that fails in one of them fails."""
    problem = next((outcome for outcome in outcomes if isinstance(outcome, Problem)), None)
    return problem or joined([outcome for outcome in outcomes if isinstance(outcome, Runs)])


def record_round(
    tally: Tally,
    chosen: Collection[str] | None,
    budget: Stopwatch,
    chance: random.Random,
    progress: Progress,
) -> bool:
    """Add one session of each of these cases to the tally, and the speed of the machine before and after them.

    Return False when the server can no longer be reached.
    """
    side = tally.side
    order = shuffled(side.cases(chosen), chance)
    tally.calibrate()
    lost = 0
    for done, weighted in enumerate(order):
        progress(done, len(order), weighted.case.id)
        problem = reason_to_skip(budget, lost)
        if problem:
            tally.outcomes.setdefault(weighted.case.id, [problem])
            continue
        try:
            statement = statement_of(weighted.query, weighted.case)
            tally.add(weighted.case.id, run_case(side.server, statement, samples=side.manner.samples))
            lost = 0
        except MeasureError as error:
            tally.add(weighted.case.id, problem_of(error))
            lost = lost + 1 if isinstance(error, ConnectError) else 0
    progress(len(order), len(order), "")
    tally.calibrate()
    return not lost


def shuffled(cases: list[WeightedCase], chance: random.Random) -> list[WeightedCase]:
    """Return the cases in an order of chance, those that write after those that read."""
    return writes_last(chance.sample(cases, len(cases)))


def reason_to_skip(budget: Stopwatch, lost: int) -> Problem | None:
    """Return why a case is not measured in this round, None when it is."""
    if lost >= _LOST_CONNECTIONS:
        return Problem(kind=ProblemKind.SKIPPED, message="the server can no longer be reached")
    if budget.is_over():
        return Problem(
            kind=ProblemKind.SKIPPED, message="the time budget was spent", hint="give more: --budget"
        )
    return None
