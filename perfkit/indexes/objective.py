"""What a configuration is worth: milliseconds a minute of all cases, and of the writes that must keep its indexes."""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from perfkit.indexes import thresholds
from perfkit.indexes.costs import Configuration, CostCache
from perfkit.indexes.workload import WorkloadCase, table_of
from perfkit.indexes.write_cost import write_ms_per_minute, writes_by_table
from perfkit.syntax.index import IndexDefinition

_NOTHING: Configuration = frozenset()


class Objective:
    """The workload under a configuration, in milliseconds a minute: weight x measured ms x (cost / cost as it is).

    `existing` are the indexes of each qualified table: a new index may end the heap-only updates that spared them.
    """

    def __init__(
        self,
        cases: Sequence[WorkloadCase],
        costs: CostCache,
        existing: Mapping[str, Sequence[IndexDefinition]],
    ) -> None:
        self.cases = cases
        self.costs = costs
        self._existing = existing
        self._writes = writes_by_table(cases)
        self._write_ms: dict[tuple[str, Configuration], float] = {}
        self._cases_of: defaultdict[IndexDefinition, list[WorkloadCase]] = defaultdict(list)
        for case in cases:
            for definition in costs.relevant[case.id]:
                self._cases_of[definition].append(case)

    def case_ms(self, case: WorkloadCase, configuration: Configuration) -> float:
        """Return what the case takes a minute."""
        return case.ms_per_minute * self.case_share(case, configuration)

    def case_share(self, case: WorkloadCase, configuration: Configuration) -> float:
        """Return what the case costs as a share of what it costs as it is, 1 at most."""
        return self._share(case, self.costs.planned(case, configuration).cost)

    def case_ms_at_least(self, case: WorkloadCase, configuration: Configuration) -> float:
        """Return what the case takes a minute at best, without planning."""
        return case.ms_per_minute * self._share(case, self.costs.at_least(case, configuration))

    def total_ms(self, configuration: Configuration) -> float:
        """Return what all cases take a minute, and the writes for the new indexes."""
        return sum(self.case_ms(case, configuration) for case in self.cases) + self.write_ms(configuration)

    def gain_ms(self, before: Configuration, after: Configuration) -> float:
        """Return how much less a minute takes after than before."""
        reading = sum(
            self.case_ms(case, before) - self.case_ms(case, after) for case in self.affected(before ^ after)
        )
        return reading - self.write_ms(after) + self.write_ms(before)

    def gain_ms_at_most(self, before: Configuration, after: Configuration) -> float:
        """Return the most that `gain_ms` can be, without planning `after`."""
        reading = sum(
            self.case_ms(case, before) - self.case_ms_at_least(case, after)
            for case in self.affected(before ^ after)
        )
        return reading - self.write_ms(after) + self.write_ms(before)

    def is_worth_it(self, before: Configuration, after: Configuration) -> bool:
        """Tell whether `after` is better by what is worth an index, and some case would notice."""
        return self.gain_ms(before, after) >= thresholds.LEAST_BENEFIT_MS_PER_MINUTE and any(
            self.case_ms(case, after) < self.case_ms(case, before) * (1 - thresholds.LEAST_CASE_BENEFIT)
            for case in self.affected(before ^ after)
        )

    def affected(self, definitions: Iterable[IndexDefinition]) -> tuple[WorkloadCase, ...]:
        """Return the cases to which any of the indexes may matter, in the workload's order."""
        found = {case.id for definition in definitions for case in self._cases_of[definition]}
        return tuple(case for case in self.cases if case.id in found)

    def write_ms(self, configuration: Configuration) -> float:
        """Return what writes take longer a minute for the new indexes."""
        tables: defaultdict[str, list[IndexDefinition]] = defaultdict(list)
        for definition in configuration:
            tables[table_of(definition)].append(definition)
        return math.fsum(
            self._table_write_ms(table, frozenset(tables[table]))
            for table in tables.keys() & self._writes.keys()
        )

    def size_bytes(self, configuration: Configuration) -> int:
        """Return what the indexes would take."""
        return sum(map(self.costs.size_bytes, configuration))

    def _share(self, case: WorkloadCase, cost: float) -> float:
        base = self.costs.planned(case, _NOTHING).cost
        return min(1.0, cost / base) if base > 0 else 1.0

    def _table_write_ms(self, table: str, indexes: Configuration) -> float:
        if (table, indexes) not in self._write_ms:
            existing = tuple(self._existing.get(table, ()))
            writes = self._writes[table]
            before = write_ms_per_minute(writes, existing)
            self._write_ms[table, indexes] = write_ms_per_minute(writes, (*existing, *indexes)) - before
        return self._write_ms[table, indexes]
