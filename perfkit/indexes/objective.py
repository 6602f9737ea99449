"""What a configuration is worth: milliseconds a minute of all cases, and of the writes that must keep its indexes."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from perfkit.indexes import thresholds
from perfkit.indexes.configuration import Candidates, Configuration, numbers
from perfkit.indexes.costs import CostCache
from perfkit.indexes.whatif import WhatIf
from perfkit.indexes.workload import WorkloadCase, table_of
from perfkit.indexes.write_cost import write_ms_per_minute, writes_by_table
from perfkit.syntax.index import IndexDefinition


@dataclass(frozen=True, slots=True)
class _Step:
    """What a step from one configuration to another gains, and how much of it a case would notice, in ms a minute."""

    gain_ms: float
    noticed_ms: float


@dataclass(frozen=True, slots=True)
class _Neighbourhood:
    """The cases that a change of some candidates may matter to, and the candidates beside which it does so differently."""

    cases: tuple[WorkloadCase, ...]
    candidates: Configuration


class Objective:
    """The workload under a configuration, in milliseconds a minute: weight x measured ms x (cost / cost as it is).

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
        self._existing = existing
        self._writes = writes_by_table(cases)
        self._written = {table: self._candidates_on(table) for table in sorted(self._writes)}
        self._write_ms: dict[tuple[str, Configuration], float] = {}
        self._base_cost: dict[str, float] = {}
        self._size_bytes: dict[Configuration, int] = {}
        # What is known of steps, until a plan is news: a search asks for the same ones again and again.
        self._news_known = 0
        self._neighbourhoods: dict[Configuration, _Neighbourhood] = {}
        self._steps: dict[tuple[Configuration, Configuration], _Step] = {}

    def case_ms(self, case: WorkloadCase, configuration: Configuration) -> float:
        """Return what the case takes a minute, as far as its plans are known: at most that."""
        return case.ms_per_minute * self._share(case, self.costs.estimated(case, configuration))

    def case_share(self, case: WorkloadCase, configuration: Configuration) -> float:
        """Return what the case costs as a share of what it costs as it is, 1 at most; planned where that is not known."""
        return self._share(case, self.costs.planned(case, configuration).cost)

    def confirm(self, configuration: Configuration) -> None:
        """Let all that is said of the configuration from now on be the planner's own word."""
        for case in self.cases:
            self.costs.confirm(case, configuration)

    def total_ms(self, configuration: Configuration) -> float:
        """Return what all cases take a minute, and the writes for the new indexes."""
        return sum(self.case_ms(case, configuration) for case in self.cases) + self.write_ms(configuration)

    def gain_ms(self, before: Configuration, after: Configuration) -> float:
        """Return how much less a minute takes after than before."""
        return self._step(before, after).gain_ms

    def is_worth_it(self, before: Configuration, after: Configuration) -> bool:
        """Tell whether `after` is better by what is worth an index, counting only what a case would notice."""
        return self._step(before, after).noticed_ms >= thresholds.LEAST_BENEFIT_MS_PER_MINUTE

    def affected(self, changed: Configuration) -> tuple[WorkloadCase, ...]:
        """Return the cases of which a plan was seen that uses any of the indexes, in the workload's order."""
        return self._neighbourhood(changed).cases

    def write_ms(self, configuration: Configuration) -> float:
        """Return what writes take longer a minute for the new indexes."""
        return sum(self._table_write_ms(table, configuration & on) for table, on in self._written.items())

    def size_bytes(self, configuration: Configuration) -> int:
        """Return what the indexes would take."""
        if configuration not in self._size_bytes:
            self._size_bytes[configuration] = sum(self._sizes[number] for number in numbers(configuration))
        return self._size_bytes[configuration]

    def _step(self, before: Configuration, after: Configuration) -> _Step:
        near = self._neighbourhood(before ^ after)
        key = (before & near.candidates, after & near.candidates)
        if key not in self._steps:
            pairs = [(self.case_ms(case, before), self.case_ms(case, after)) for case in near.cases]
            noticed = (
                was_ms - is_ms
                for was_ms, is_ms in pairs
                if is_ms > was_ms or is_ms < was_ms * (1 - thresholds.LEAST_CASE_BENEFIT)
            )
            writing_ms = self.write_ms(after) - self.write_ms(before)
            gain_ms = sum(was_ms - is_ms for was_ms, is_ms in pairs) - writing_ms
            self._steps[key] = _Step(gain_ms, sum(noticed) - writing_ms)
        return self._steps[key]

    def _neighbourhood(self, changed: Configuration) -> _Neighbourhood:
        if self._news_known != self.costs.news:
            self._news_known = self.costs.news
            self._neighbourhoods.clear()
            self._steps.clear()
        if changed not in self._neighbourhoods:
            useful = self.costs.useful
            cases = tuple(case for case in self.cases if useful[case.id] & changed)
            near = changed
            for case in cases:
                near |= useful[case.id]
            for on in self._written.values():
                near |= on if on & changed else 0
            self._neighbourhoods[changed] = _Neighbourhood(cases, near)
        return self._neighbourhoods[changed]

    def _share(self, case: WorkloadCase, cost: float) -> float:
        base = self._base_cost.get(case.id)
        if base is None:
            base = self._base_cost[case.id] = self.costs.planned(case, 0).cost
        return min(1.0, cost / base) if base > 0 else 1.0

    def _candidates_on(self, table: str) -> Configuration:
        definitions = self.candidates.definitions
        return self.candidates.configuration(each for each in definitions if table_of(each) == table)

    def _table_write_ms(self, table: str, configuration: Configuration) -> float:
        if (table, configuration) not in self._write_ms:
            existing = tuple(self._existing.get(table, ()))
            indexes = (self.candidates.definitions[number] for number in numbers(configuration))
            before = write_ms_per_minute(self._writes[table], existing)
            after = write_ms_per_minute(self._writes[table], (*existing, *indexes))
            self._write_ms[table, configuration] = math.fsum((after, -before))
        return self._write_ms[table, configuration]
