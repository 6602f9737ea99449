"""What cases cost under configurations: every question that matters is planned once, and most are never planned.

The planner takes the cheapest plan it finds, so more indexes never make a plan dearer, and indexes that a plan leaves aside
do not change it. An answer for configuration S whose plan uses U is therefore a lower bound for every part of S, and an
upper bound for everything that contains U; where both meet, the cost is known (Papadomanolakis, Dash, Ailamaki: "Efficient
Use of the Query Optimizer for Automated Physical Design", VLDB 2007, reuse plans on the same ground).
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from perfkit.indexes.whatif import PlannedCost, WhatIf
from perfkit.indexes.workload import WorkloadCase, relevant
from perfkit.syntax.index import IndexDefinition

Configuration = frozenset[IndexDefinition]
_NOTHING: Configuration = frozenset()


class CostCache:
    """The answers of a what-if planner, by case and by those indexes that may matter to it.

    `questions` counts what was asked of the cache, `plans` what was asked of the planner.
    """

    def __init__(
        self, what_if: WhatIf, cases: Sequence[WorkloadCase], candidates: Iterable[IndexDefinition]
    ) -> None:
        self._what_if = what_if
        candidates = tuple(candidates)
        self.relevant = {case.id: relevant(case, candidates) for case in cases}
        self._known: dict[tuple[str, Configuration], PlannedCost] = {}
        self._answers: defaultdict[str, list[tuple[Configuration, PlannedCost]]] = defaultdict(list)
        self._without: dict[tuple[str, Configuration, frozenset[str]], PlannedCost] = {}
        self._sizes: dict[IndexDefinition, int] = {}
        self.questions = 0
        self.plans = 0

    def planned(self, case: WorkloadCase, configuration: Configuration) -> PlannedCost:
        """Return what the case costs, from what is known where that is enough."""
        self.questions += 1
        asked = configuration & self.relevant[case.id]
        known = self._known.get((case.id, asked)) or self._inferred(case, asked)
        return known or self._ask(case, asked)

    def exactly(self, case: WorkloadCase, configuration: Configuration) -> PlannedCost:
        """Return what the planner itself says of this very configuration."""
        asked = configuration & self.relevant[case.id]
        for configured, answer in self._answers[case.id]:
            if configured == asked:
                return answer
        return self._ask(case, asked)

    def without(
        self, case: WorkloadCase, configuration: Configuration, dropped: frozenset[str]
    ) -> PlannedCost:
        """Return what the case costs when existing indexes are gone; one that its plan does not use is not missed."""
        planned = self.planned(case, configuration)
        if not planned.used_existing & dropped:
            return planned
        key = (case.id, configuration & self.relevant[case.id], dropped)
        if key not in self._without:
            self.plans += 1
            self._without[key] = self._what_if.cost(case, key[1], dropped)
        return self._without[key]

    def at_least(self, case: WorkloadCase, configuration: Configuration) -> float:
        """Return a lower bound of the case's cost that needs no planning; 0 where nothing was asked that contains it."""
        asked = configuration & self.relevant[case.id]
        known = self._known.get((case.id, asked))
        if known:
            return known.cost
        answers = self._answers[case.id]
        return max((answer.cost for configured, answer in answers if asked <= configured), default=0.0)

    def size_bytes(self, definition: IndexDefinition) -> int:
        """Return how large the index would be."""
        if definition not in self._sizes:
            self._sizes[definition] = self._what_if.size_bytes(definition)
        return self._sizes[definition]

    def _ask(self, case: WorkloadCase, asked: Configuration) -> PlannedCost:
        self.plans += 1
        answer = self._what_if.cost(case, asked, frozenset())
        self._answers[case.id].append((asked, answer))
        self._known[case.id, asked] = answer
        return answer

    def _inferred(self, case: WorkloadCase, asked: Configuration) -> PlannedCost | None:
        answers = self._answers[case.id]
        uppers = [answer for _, answer in answers if answer.used <= asked]
        if not uppers:
            return None
        upper = min(uppers, key=lambda answer: answer.cost)
        if self.at_least(case, asked) < upper.cost:
            return None
        self._known[case.id, asked] = upper
        return upper
