"""What cases cost under configurations: every question that matters is planned once, and most are never planned.

The planner takes the cheapest plan it finds, so more indexes never make a plan dearer, and indexes that a plan leaves aside
do not change it. An answer for configuration S whose plan uses U is therefore a lower bound for every part of S, and an
upper bound for everything that contains U; where both meet, the cost is known (Papadomanolakis, Dash, Ailamaki: "Efficient
Use of the Query Optimizer for Automated Physical Design", VLDB 2007, reuse plans on the same ground).
"""

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from perfkit.indexes.configuration import Candidates, Configuration
from perfkit.indexes.whatif import WhatIf
from perfkit.indexes.workload import WorkloadCase, relevant

_NOTHING: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Answer:
    """A plan's cost, which candidates it uses, and which existing indexes."""

    cost: float
    used: Configuration
    used_existing: frozenset[str]


class CostCache:
    """The answers of a what-if planner, by case and by those candidates that may matter to it.

    `useful` are the candidates that any plan of a case was seen to use. `plans` counts what was asked of the planner,
    `questions` what was asked of the cache and never before, `news` the answers by which an estimate may have changed.
    """

    def __init__(self, what_if: WhatIf, cases: Sequence[WorkloadCase], candidates: Candidates) -> None:
        self._what_if = what_if
        self._candidates = candidates
        self.relevant = {
            case.id: candidates.configuration(relevant(case, candidates.definitions)) for case in cases
        }
        self._known: defaultdict[str, dict[Configuration, Answer]] = defaultdict(dict)
        self._answers: defaultdict[str, list[tuple[Configuration, Answer]]] = defaultdict(list)
        self._bounds: defaultdict[str, dict[Configuration, float]] = defaultdict(dict)
        self._estimates: defaultdict[str, dict[Configuration, float]] = defaultdict(dict)
        self._ways: defaultdict[str, dict[Configuration, float]] = defaultdict(dict)
        self.useful: defaultdict[str, Configuration] = defaultdict(int)
        self._without: dict[tuple[str, Configuration, frozenset[str]], Answer] = {}
        self.news = 0
        self.questions = 0
        self.plans = 0

    def planned(self, case: WorkloadCase, configuration: Configuration) -> Answer:
        """Return what the case costs, from what is known where that is enough."""
        asked = configuration & self.relevant[case.id]
        known = self._known[case.id]
        if asked not in known:
            self.questions += 1
            known[asked] = self._inferred(case, asked) or self._ask(case, asked)
        return known[asked]

    def estimated(self, case: WorkloadCase, configuration: Configuration) -> float:
        """Return what the case costs at most, which needs no planning: the cheapest plan seen that is possible."""
        asked = configuration & self.relevant[case.id]
        known = self._known[case.id].get(asked)
        if known:
            return known.cost
        estimates = self._estimates[case.id]
        if asked not in estimates:
            bare = self.planned(case, 0).cost
            possible = (cost for used, cost in self._ways[case.id].items() if not used & ~asked)
            estimates[asked] = min(possible, default=bare)
        return estimates[asked]

    def ways(self, case: WorkloadCase) -> Mapping[Configuration, float]:
        """Return the least cost seen of a plan that uses exactly these candidates, by them."""
        return self._ways[case.id]

    def confirm(self, case: WorkloadCase, configuration: Configuration) -> None:
        """Ask the planner itself where the cost was inferred: no planner is quite as regular as the inference takes it."""
        asked = configuration & self.relevant[case.id]
        if not any(whole == asked for whole, _ in self._answers[case.id]):
            self._known[case.id][asked] = self._ask(case, asked)
            self.news += 1

    def without(
        self, case: WorkloadCase, configuration: Configuration, dropped: frozenset[str]
    ) -> Answer | None:
        """Return what the case costs when existing indexes are gone; one that its plan does not use is not missed.

        None when it does use one and the planner cannot leave it out.
        """
        planned = self.planned(case, configuration)
        if not planned.used_existing & dropped:
            return planned
        if not self._what_if.can_drop:
            return None
        key = (case.id, configuration & self.relevant[case.id], dropped)
        if key not in self._without:
            self._without[key] = self._plan(case, key[1], dropped)
        return self._without[key]

    def at_least(self, case: WorkloadCase, configuration: Configuration) -> float:
        """Return a lower bound of the case's cost that needs no planning; 0 where nothing was asked that contains it."""
        asked = configuration & self.relevant[case.id]
        known = self._known[case.id].get(asked)
        if known:
            return known.cost
        bounds = self._bounds[case.id]
        if asked not in bounds:
            answers = self._answers[case.id]
            bounds[asked] = max((each.cost for whole, each in answers if not asked & ~whole), default=0.0)
        return bounds[asked]

    def _ask(self, case: WorkloadCase, asked: Configuration) -> Answer:
        answer = self._plan(case, asked, _NOTHING)
        ways = self._ways[case.id]
        if answer.cost < ways.get(answer.used, math.inf):
            ways[answer.used] = answer.cost
            self.useful[case.id] |= answer.used
            self._estimates[case.id].clear()
            self.news += 1
        self._answers[case.id].append((asked, answer))
        self._bounds[case.id].clear()
        return answer

    def _plan(self, case: WorkloadCase, asked: Configuration, dropped: frozenset[str]) -> Answer:
        self.plans += 1
        planned = self._what_if.cost(case, self._candidates.chosen(asked), dropped)
        used = self._candidates.configuration(planned.used)
        return Answer(planned.cost, used, planned.used_existing)

    def _inferred(self, case: WorkloadCase, asked: Configuration) -> Answer | None:
        possible = [answer for _, answer in self._answers[case.id] if not answer.used & ~asked]
        upper = min(possible, key=lambda answer: answer.cost, default=None)
        return upper if upper and upper.cost <= self.at_least(case, asked) else None
