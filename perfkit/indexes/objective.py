"""What a configuration is worth: milliseconds a minute of all cases, and of the writes that must keep its indexes."""

import math
from collections.abc import Mapping, Sequence

from perfkit.indexes import thresholds
from perfkit.indexes.configuration import Candidates, Configuration, numbers
from perfkit.indexes.costs import CostCache
from perfkit.indexes.whatif import WhatIf
from perfkit.indexes.workload import WorkloadCase, table_of
from perfkit.indexes.write_cost import write_ms_per_minute, writes_by_table
from perfkit.syntax.index import IndexDefinition


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
        # What is known of steps, until another plan is: a search asks for the same ones again and again.
        self._plans_known = 0
        self._neighbourhoods: dict[Configuration, Configuration] = {}
        self._gains_ms: dict[tuple[Configuration, Configuration], float] = {}

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
        near = self._neighbourhood(before ^ after)
        step = (before & near, after & near)
        if step not in self._gains_ms:
            reading = sum(
                self.case_ms(case, before) - self.case_ms(case, after)
                for case in self.affected(before ^ after)
            )
            self._gains_ms[step] = reading - self.write_ms(after) + self.write_ms(before)
        return self._gains_ms[step]

    def is_worth_it(self, before: Configuration, after: Configuration) -> bool:
        """Tell whether `after` is better by what is worth an index, counting only what a case would notice."""
        pairs = (
            (self.case_ms(case, before), self.case_ms(case, after)) for case in self.affected(before ^ after)
        )
        noticed = sum(
            was_ms - is_ms
            for was_ms, is_ms in pairs
            if is_ms > was_ms or is_ms < was_ms * (1 - thresholds.LEAST_CASE_BENEFIT)
        )
        return (
            noticed - self.write_ms(after) + self.write_ms(before) >= thresholds.LEAST_BENEFIT_MS_PER_MINUTE
        )

    def affected(self, changed: Configuration) -> tuple[WorkloadCase, ...]:
        """Return the cases of which a plan was seen that uses any of the indexes, in the workload's order."""
        useful = self.costs.useful
        return tuple(case for case in self.cases if useful[case.id] & changed)

    def write_ms(self, configuration: Configuration) -> float:
        """Return what writes take longer a minute for the new indexes."""
        return sum(self._table_write_ms(table, configuration & on) for table, on in self._written.items())

    def size_bytes(self, configuration: Configuration) -> int:
        """Return what the indexes would take."""
        if configuration not in self._size_bytes:
            self._size_bytes[configuration] = sum(self._sizes[number] for number in numbers(configuration))
        return self._size_bytes[configuration]

    def _neighbourhood(self, changed: Configuration) -> Configuration:
        """Return the candidates beside which a change may be worth more or less: those of its cases and of its tables."""
        if self._plans_known != self.costs.plans:
            self._plans_known = self.costs.plans
            self._neighbourhoods.clear()
            self._gains_ms.clear()
        if changed not in self._neighbourhoods:
            near = changed
            for case in self.affected(changed):
                near |= self.costs.useful[case.id]
            for on in self._written.values():
                near |= on if on & changed else 0
            self._neighbourhoods[changed] = near
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
