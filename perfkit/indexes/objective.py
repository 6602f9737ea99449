"""What a configuration is worth: milliseconds a minute of all cases, and of the writes that must keep its indexes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from perfkit.indexes import thresholds
from perfkit.indexes.configuration import Candidates, Configuration, numbers, of_numbers, parts
from perfkit.indexes.costs import CaseCosts, CostCache
from perfkit.indexes.whatif import WhatIf
from perfkit.indexes.workload import TableWrite, WorkloadCase, table_of
from perfkit.indexes.write_cost import TableWriteCosts, writes_by_table
from perfkit.syntax.index import IndexDefinition


@dataclass(frozen=True, slots=True)
class _Step:
    """What reading gains by a step from one configuration to another, and what a case would notice, in ms a minute.

    `is_felt` when a call of any case gets faster by what somebody feels.
    """

    gain_ms: float
    noticed_ms: float
    is_felt: bool


@dataclass(frozen=True, slots=True)
class _Neighbourhood:
    """The cases that a change of some candidates may matter to, and the candidates beside which it does so differently."""

    cases: tuple[CaseCosts, ...]
    candidates: Configuration


class Objective:
    """The workload under a configuration, in milliseconds a minute: weight x measured ms x (expected cost / that as it is).

    `existing` are the indexes of each qualified table: a new index may end the heap-only updates that spared them.
    """

    def __init__(
        self,
        cases: Sequence[WorkloadCase],
        candidates: Candidates,
        what_if: WhatIf,
        existing: Mapping[str, Sequence[IndexDefinition]],
    ) -> None:
        self.cases = cases
        self.candidates = candidates
        self.costs = CostCache(what_if, cases, candidates)
        self._sizes = [what_if.size_bytes(definition) for definition in candidates.definitions]
        self._size_bytes: dict[Configuration, int] = {}
        workload_ms = sum(case.ms_per_minute for case in cases)
        # What an index must save a minute where nobody feels it.
        self._least_unfelt_ms = max(
            thresholds.LEAST_BENEFIT_MS_PER_MINUTE, thresholds.LEAST_BENEFIT_SHARE * workload_ms
        )
        self._writes = [
            _Writes(writes, existing.get(table, ()), candidates, table)
            for table, writes in sorted(writes_by_table(cases).items())
        ]
        self._write_ms: dict[Configuration, float] = {}
        # What is known of steps, until a plan is news: a search asks for the same ones again and again.
        self._news_known = 0
        self._neighbourhoods: dict[Configuration, _Neighbourhood] = {}
        self._steps: dict[tuple[Configuration, Configuration], _Step] = {}

    def confirm(self, configuration: Configuration) -> None:
        """Let all that is said of the configuration, and of it without any one index, be the planner's own word."""
        for costs in self.costs.cases:
            costs.confirm(configuration)
            for each in parts(costs.planned(configuration).used):
                costs.confirm(configuration & ~each)

    def total_ms(self, configuration: Configuration) -> float:
        """Return what all cases take a minute, as far as their plans are known, and the writes for the new indexes."""
        return sum(costs.ms(configuration) for costs in self.costs.cases) + self.write_ms(configuration)

    def gain_ms(self, before: Configuration, after: Configuration) -> float:
        """Return how much less a minute takes after than before."""
        return self._step(before, after).gain_ms - self._growth_ms(before, after)

    def is_worth_it(self, before: Configuration, after: Configuration) -> bool:
        """Tell whether `after` is better by what is worth an index, counting only what a case would notice."""
        step = self._step(before, after)
        least_ms = thresholds.LEAST_BENEFIT_MS_PER_MINUTE if step.is_felt else self._least_unfelt_ms
        return step.noticed_ms - self._growth_ms(before, after) >= least_ms

    def least_ms(self, case: WorkloadCase) -> float:
        """Return what a case must gain a minute for an index to be worth it for this case alone."""
        felt_ms = max(thresholds.LEAST_BENEFIT_MS_PER_MINUTE, case.weight * thresholds.LEAST_GAIN_FELT_MS)
        return min(felt_ms, self._least_unfelt_ms)

    def write_ms(self, configuration: Configuration) -> float:
        """Return what writes take longer a minute for the new indexes."""
        if configuration not in self._write_ms:
            self._write_ms[configuration] = sum(table.added_ms(configuration) for table in self._writes)
        return self._write_ms[configuration]

    def size_bytes(self, configuration: Configuration) -> int:
        """Return what the indexes would take."""
        if configuration not in self._size_bytes:
            self._size_bytes[configuration] = sum(self._sizes[number] for number in numbers(configuration))
        return self._size_bytes[configuration]

    def _growth_ms(self, before: Configuration, after: Configuration) -> float:
        return self.write_ms(after) - self.write_ms(before)

    def _step(self, before: Configuration, after: Configuration) -> _Step:
        near = self._neighbourhood(before ^ after)
        key = (before & near.candidates, after & near.candidates)
        if key not in self._steps:
            pairs = [(costs.case.weight, costs.ms(before), costs.ms(after)) for costs in near.cases]
            noticed = (
                was_ms - is_ms
                for _, was_ms, is_ms in pairs
                if is_ms > was_ms or is_ms < was_ms * (1 - thresholds.LEAST_CASE_BENEFIT)
            )
            self._steps[key] = _Step(
                gain_ms=sum(was_ms - is_ms for _, was_ms, is_ms in pairs),
                noticed_ms=sum(noticed),
                is_felt=any(
                    was_ms - is_ms >= weight * thresholds.LEAST_GAIN_FELT_MS > 0
                    for weight, was_ms, is_ms in pairs
                ),
            )
        return self._steps[key]

    def _neighbourhood(self, changed: Configuration) -> _Neighbourhood:
        if self._news_known != self.costs.tally.news:
            self._news_known = self.costs.tally.news
            self._neighbourhoods.clear()
            self._steps.clear()
        if changed not in self._neighbourhoods:
            cases = self.costs.using(changed)
            near = changed
            for costs in cases:
                near |= costs.useful
            self._neighbourhoods[changed] = _Neighbourhood(cases, near)
        return self._neighbourhoods[changed]


class _Writes:
    """What new indexes add to the writes of one table, whose existing ones have the numbers after the candidates'."""

    def __init__(
        self,
        writes: Sequence[tuple[float, TableWrite]],
        existing: Sequence[IndexDefinition],
        candidates: Candidates,
        table: str,
    ) -> None:
        new = {number: each for number, each in enumerate(candidates.definitions) if table_of(each) == table}
        old = dict(enumerate(existing, start=len(candidates.definitions)))
        self._new, self._old = of_numbers(new), of_numbers(old)
        self._costs = TableWriteCosts(writes, new | old)
        self._ms = {0: 0.0}
        self._as_it_is_ms = self._costs.ms_per_minute(self._old)

    def added_ms(self, configuration: Configuration) -> float:
        """Return what writes take longer a minute for the configuration's indexes."""
        new = configuration & self._new
        if new not in self._ms:
            self._ms[new] = self._costs.ms_per_minute(self._old | new) - self._as_it_is_ms
        return self._ms[new]
