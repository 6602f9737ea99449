"""The indexes to make, each with what it gives and costs, and the cases that got none, each with the reason."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from perfkit.indexes import thresholds
from perfkit.indexes.configuration import Candidates, Configuration, parts
from perfkit.indexes.costs import CaseCosts
from perfkit.indexes.existing import ExistingIndex, definitions_by_table
from perfkit.indexes.objective import Objective
from perfkit.indexes.screening import Screened
from perfkit.indexes.search import Choice, Clock, Limits, choose, without_the_idle
from perfkit.indexes.whatif import WhatIf
from perfkit.indexes.why_not import WithoutIndex, why_not
from perfkit.indexes.workload import WorkloadCase
from perfkit.syntax.index import IndexDefinition


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseEffect:
    """What one call of a case takes before and after, in ms: what was measured, and what the costs let expect."""

    case_id: str
    before_ms: float
    after_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ChosenIndex:
    """An index to make: what would be lost without it beside all the others, in ms a minute, and what it takes.

    `benefit_ms_per_minute` is net of `write_ms_per_minute`; `helps` are the cases that use it and are faster.
    """

    definition: IndexDefinition
    benefit_ms_per_minute: float
    write_ms_per_minute: float
    size_bytes: int
    helps: tuple[CaseEffect, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """The answer: `chosen` by falling benefit, the cases `without_index`, and the workload in ms a minute.

    `before_ms` and `after_ms` are for all cases, the latter with the writes' `write_ms` for the new indexes. `questions`
    were asked of the costs, `plans` of the planner. Not `complete`: time ran out, and more may be found.
    """

    chosen: tuple[ChosenIndex, ...]
    without_index: tuple[WithoutIndex, ...]
    before_ms: float
    after_ms: float
    write_ms: float
    size_bytes: int
    candidates: int
    questions: int
    plans: int
    complete: bool

    @property
    def configuration(self) -> frozenset[IndexDefinition]:
        """Return the definitions of the chosen indexes."""
        return frozenset(index.definition for index in self.chosen)


def select(
    cases: Sequence[WorkloadCase],
    screened: Screened,
    existing: Sequence[ExistingIndex],
    what_if: WhatIf,
    limits: Limits,
    clock: Clock,
) -> Selection:
    """Return the indexes to make for the cases, out of what is left of those that were offered to them."""
    candidates = Candidates(screened.candidates)
    objective = Objective(cases, candidates, what_if, definitions_by_table(existing))
    kept = candidates.configuration(limits.kept)
    choice = _confirmed(choose(objective, limits, clock), objective, kept)
    return _answer(objective, screened, choice, limits)


def _confirmed(choice: Choice, objective: Objective, kept: Configuration) -> Choice:
    """Return what is worth it of the choice when the planner itself is asked for each case's plan with it."""
    configuration = choice.configuration
    while True:
        objective.confirm(configuration)
        worthy = without_the_idle(objective, configuration, kept)
        if worthy == configuration:
            return replace(choice, configuration=configuration)
        configuration = worthy


def _answer(objective: Objective, screened: Screened, choice: Choice, limits: Limits) -> Selection:
    configuration = choice.configuration
    chosen = [_chosen(objective, configuration, each) for each in parts(configuration)]
    chosen.sort(key=lambda index: (-index.benefit_ms_per_minute, index.definition.create()))
    helped = {effect.case_id for index in chosen for effect in index.helps}
    without = [
        why_not(case, objective, screened, choice, limits)
        for case in _main_parts(objective.cases)
        if case.whole not in helped
    ]
    return Selection(
        chosen=tuple(chosen),
        without_index=tuple(without),
        before_ms=objective.total_ms(0),
        after_ms=objective.total_ms(configuration),
        write_ms=objective.write_ms(configuration),
        size_bytes=objective.size_bytes(configuration),
        candidates=len(screened.candidates),
        questions=objective.costs.tally.questions,
        plans=objective.costs.tally.plans,
        complete=choice.complete,
    )


def _main_parts(cases: Sequence[WorkloadCase]) -> Iterable[WorkloadCase]:
    """Return the cases, of one that is split the part that takes longest."""
    longest: dict[str, WorkloadCase] = {}
    for case in cases:
        known = longest.setdefault(case.whole, case)
        longest[case.whole] = max(known, case, key=lambda each: each.measured_ms)
    return longest.values()


def _chosen(objective: Objective, configuration: Configuration, index: Configuration) -> ChosenIndex:
    """Return what one index does beside the others."""
    rest = configuration & ~index
    effects = (_effect(costs, configuration, index) for costs in objective.costs.using(index))
    (definition,) = objective.candidates.chosen(index)
    return ChosenIndex(
        definition=definition,
        benefit_ms_per_minute=objective.gain_ms(rest, configuration),
        write_ms_per_minute=objective.write_ms(configuration) - objective.write_ms(rest),
        size_bytes=objective.size_bytes(index),
        helps=tuple(effect for effect in effects if effect),
    )


def _effect(costs: CaseCosts, configuration: Configuration, index: Configuration) -> CaseEffect | None:
    """Return what the configuration does for a case whose plan uses the index, None when it is not much faster."""
    share = costs.share(configuration)
    if not costs.planned(configuration).used & index or share > 1 - thresholds.LEAST_CASE_BENEFIT:
        return None
    case = costs.case
    return CaseEffect(
        case_id=case.whole,
        before_ms=case.rest_ms + case.measured_ms,
        after_ms=case.rest_ms + case.measured_ms * share,
    )
