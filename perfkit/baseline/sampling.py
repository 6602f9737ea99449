"""Sampling: cases measured in rounds, against a stored baseline or paired with another side, shuffled, within a budget.

A round is a session a case: a connection of its own, a warm-up, then the runs that count. The order of the cases is
another one in each round, and fixed work runs beside them, so that neither a warm neighbour nor a busy minute is taken
for a change. In a paired round the two sides of a case run in turns, and chance says which of them begins. What writes runs
last, and what it leaves is tidied up, where somebody may, before the next round reads.
"""

import random
from collections.abc import Collection, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from perfkit.baseline.model import QueryBaseline, from_analysis
from perfkit.baseline.tally import Tally, reason_to_skip, record_round, shuffled, start_tally
from perfkit.catalog.workload import WeightedCase
from perfkit.errors import ConnectError, MeasureError
from perfkit.measure.model import Analysis, Prepared, Problem, ProblemKind, Progress
from perfkit.measure.run import may_write, problem_of, statement_of
from perfkit.measure.session import CASE_LIMIT_MS, Stopwatch, run_case, runs_of
from perfkit.plan.model import Plan

# In a paired session a quick case runs a few times, as its times vary most; a slow one once a side.
PAIRS_MOST = 3
PAIRS_MS = 150


class Sampler(Protocol):
    """Measures cases in rounds, and tells what was and what is."""

    @property
    def paired(self) -> bool:
        """Tell whether both sides are measured side by side."""

    def fresh(self) -> "Sampler":
        """Return a sampler of the same that has measured nothing, within the same budget."""

    @property
    def is_spent(self) -> bool:
        """Tell whether the time budget is over."""

    def round(self, chosen: Collection[str] | None = None) -> None:
        """Measure one more session of these cases, all for None; those for which no time is left are skipped."""

    @property
    def busy_ratio(self) -> float:
        """Return how busy the machine was: see Tally."""

    def evidence(self) -> tuple[Mapping[str, QueryBaseline], Analysis]:
        """Return what was, by query, and what is."""


@dataclass(slots=True, kw_only=True)
class StoredSampler:
    """Measures one side, to be held against a stored baseline."""

    baseline: Mapping[str, QueryBaseline]
    tally: Tally
    budget: Stopwatch
    chance: random.Random
    progress: Progress
    paired = False

    def fresh(self) -> "StoredSampler":
        """See Sampler."""
        return StoredSampler(
            baseline=self.baseline,
            tally=start_tally(self.tally.side),
            budget=self.budget,
            chance=self.chance,
            progress=self.progress,
        )

    @property
    def is_spent(self) -> bool:
        """See Sampler."""
        return self.budget.is_over()

    @property
    def busy_ratio(self) -> float:
        """See Sampler."""
        return self.tally.busy_ratio

    def round(self, chosen: Collection[str] | None = None) -> None:
        """See Sampler."""
        record_round(self.tally, chosen, self.budget, self.chance, self.progress)

    def evidence(self) -> tuple[Mapping[str, QueryBaseline], Analysis]:
        """See Sampler."""
        return self.baseline, self.tally.analysis()


@dataclass(slots=True, kw_only=True)
class PairedSampler:
    """Measures two sides in turns."""

    base: Tally
    head: Tally
    budget: Stopwatch
    chance: random.Random
    progress: Progress
    paired = True

    def fresh(self) -> "PairedSampler":
        """See Sampler."""
        return PairedSampler(
            base=start_tally(self.base.side),
            head=start_tally(self.head.side),
            budget=self.budget,
            chance=self.chance,
            progress=self.progress,
        )

    @property
    def is_spent(self) -> bool:
        """See Sampler."""
        return self.budget.is_over()

    @property
    def busy_ratio(self) -> float:
        """See Sampler."""
        return self.head.busy_ratio

    def round(self, chosen: Collection[str] | None = None) -> None:
        """See Sampler."""
        order = shuffled(self.head.side.cases(chosen), self.chance)
        if chosen is None:  # a few cases are over in less time than that
            self.head.calibrate()
        bases = {weighted.case.id: weighted for weighted in self.base.side.cases(chosen)}
        lost = 0
        for done, weighted in enumerate(order):
            case = weighted.case.id
            self.progress(done, len(order), case)
            problem = reason_to_skip(self.budget, lost)
            if problem:
                self.head.outcomes.setdefault(case, [problem])
                continue
            lost = 0 if self._session(bases.get(case), weighted) else lost + 1
        if any(map(may_write, order)):
            self.base.side.tidy()
            self.head.side.tidy()
        self.progress(len(order), len(order), "")

    def evidence(self) -> tuple[Mapping[str, QueryBaseline], Analysis]:
        """See Sampler."""
        return {each.query: each for each in from_analysis(self.base.analysis())}, self.head.analysis()

    def _session(self, base: WeightedCase | None, head: WeightedCase) -> bool:
        """Measure a session of one case on both sides; return False when a server could not be reached."""
        if base is None:
            return self._alone(self.head, head)
        sides = ((self.base, base), (self.head, head))
        opened: list[Prepared] = []
        with ExitStack() as stack:
            for tally, weighted in sides:
                try:
                    statement = statement_of(weighted.query, weighted.case)
                    opened.append(stack.enter_context(tally.side.server.prepared(statement)))
                except MeasureError as error:
                    self._note_failure(tally, weighted.case.id, problem_of(error))
                    if isinstance(error, ConnectError) or not opened:
                        return not isinstance(error, ConnectError)
                    stack.close()
                    return self._alone(self.base, base)  # so that the judge knows that it ran before
            at = datetime.now(UTC)
            plans = _run_in_turns(opened, self.chance)
            for (tally, weighted), prepared, ran in zip(sides, opened, plans, strict=True):
                if isinstance(ran, Problem):
                    self._note_failure(tally, weighted.case.id, ran)
                elif ran:
                    tally.add(weighted.case.id, runs_of(ran, prepared, at=at))
        return True

    def _note_failure(self, tally: Tally, case: str, problem: Problem) -> None:
        """Note that a case failed on one side; when it failed at the base, the head has nothing to be held against."""
        tally.add(case, problem)
        if tally is self.base:
            message = f"it fails before the change: {problem.message}"
            self.head.add(case, Problem(kind=ProblemKind.SKIPPED, message=message, hint=problem.hint))

    def _alone(self, tally: Tally, weighted: WeightedCase) -> bool:
        """Measure a case on one side, which the other does not have or cannot run; False when it could not be reached."""
        try:
            statement = statement_of(weighted.query, weighted.case)
            tally.add(weighted.case.id, run_case(tally.side.server, statement, samples=1))
        except MeasureError as error:
            tally.add(weighted.case.id, problem_of(error))
            return not isinstance(error, ConnectError)
        return True


def _run_in_turns(sides: list[Prepared], chance: random.Random) -> list[list[Plan] | Problem]:
    """Return the plans of both sides, run in turns after a warm-up of each, or a problem in place of one side's.

    Where the warm-ups alone take the case's time, they count.
    """
    clock, pairs_clock = Stopwatch(CASE_LIMIT_MS), Stopwatch(PAIRS_MS)
    ran: list[list[Plan]] = [[], []]
    for turn in range(PAIRS_MOST + 1):
        if turn == 1 and not clock.is_over():
            ran = [[], []]
            pairs_clock = Stopwatch(PAIRS_MS)
        elif turn > 0 and (clock.is_over() or pairs_clock.is_over()):
            break
        for place in chance.sample((0, 1), 2):
            try:
                ran[place].append(sides[place].run())
            except MeasureError as error:
                # The other side has nothing to be paired with.
                return [problem_of(error) if place == side else [] for side in (0, 1)]
    return [ran[0], ran[1]]
