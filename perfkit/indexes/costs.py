"""What cases cost under configurations: every question that matters is planned once, and most are never planned.

The planner takes the cheapest plan it finds, so more indexes never make a plan dearer, and indexes that a plan leaves aside
do not change it. An answer for configuration S whose plan uses U is therefore a lower bound for every part of S, and an
upper bound for everything that contains U; where both meet, the cost is known (Papadomanolakis, Dash, Ailamaki: "Efficient
Use of the Query Optimizer for Automated Physical Design", VLDB 2007, reuse plans on the same ground).
"""

import math
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from perfkit import stats
from perfkit.indexes import thresholds
from perfkit.indexes.configuration import Candidates, Configuration, numbers
from perfkit.indexes.whatif import WhatIf
from perfkit.indexes.workload import WorkloadCase, relevant

_NOTHING: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Answer:
    """A plan's cost, by which it is chosen, which candidates and existing indexes it uses, and what it is expected to take."""

    cost: float
    used: Configuration
    used_existing: frozenset[str]
    expected: float


@dataclass(slots=True)
class Tally:
    """What was asked of the planner, of the costs and never before, and the answers by which an estimate may have changed.

    `users` are the numbers of the cases, as bits, of which a plan was seen that uses a candidate, by the candidate's number.
    """

    plans: int = 0
    questions: int = 0
    news: int = 0
    users: defaultdict[int, int] = field(default_factory=lambda: defaultdict(int))


class CaseCosts:
    """The answers of a what-if planner for one case, by those candidates that may matter to it: the `relevant` ones.

    `useful` are the candidates that any plan of the case was seen to use, `ways` the cheapest plan that was seen which uses
    exactly these.
    """

    def __init__(
        self,
        what_if: WhatIf,
        case: WorkloadCase,
        candidates: Candidates,
        tally: Tally,
        number: int = 0,
        usual_pace: Callable[[], float] = lambda: math.inf,
    ) -> None:
        self.case = case
        self._usual_pace = usual_pace
        self._bit = 1 << number
        self.relevant = candidates.configuration(relevant(case, candidates.definitions))
        self.useful: Configuration = 0
        self.ways: dict[Configuration, Answer] = {}
        self._what_if = what_if
        self._tally = tally
        self._candidates = candidates
        self._known: dict[Configuration, Answer] = {}
        self._answers: list[tuple[Configuration, Answer]] = []
        self._bounds: dict[Configuration, float] = {}
        self._without: dict[tuple[Configuration, frozenset[str]], Answer] = {}
        # What follows from the answers, until one is news: a search asks for it millions of times.
        self._ms: dict[Configuration, float] = {}
        self._improving: dict[Configuration, tuple[Configuration, ...]] = {}

    def planned(self, configuration: Configuration) -> Answer:
        """Return what the case costs, from what is known where that is enough."""
        asked = configuration & self.relevant
        if asked not in self._known:
            self._tally.questions += 1
            self._known[asked] = self._inferred(asked) or self._ask(asked)
        return self._known[asked]

    def estimated(self, configuration: Configuration) -> Answer:
        """Return the plan as far as it is known without planning: the cheapest seen that is possible."""
        asked = configuration & self.relevant
        if asked in self._known:
            return self._known[asked]
        possible = (answer for used, answer in self.ways.items() if not used & ~asked)
        return min(possible, key=_cost, default=self.planned(0))

    def share(self, configuration: Configuration) -> float:
        """Return what the case takes as a share of what it takes as it is, 1 at most; planned where that is not known."""
        return self._share(self.planned(configuration))

    def ms(self, configuration: Configuration) -> float:
        """Return the milliseconds that the case takes a minute, as far as its plans are known."""
        asked = configuration & self.relevant
        found = self._ms.get(asked)
        if found is None:
            found = self._ms[asked] = self.case.ms_per_minute * self._share(self.estimated(asked))
        return found

    def improving(self, configuration: Configuration) -> tuple[Configuration, ...]:
        """Return what is missing in the configuration for each plan seen that would be chosen, and takes less than its own."""
        asked = configuration & self.relevant
        if asked not in self._improving:
            now = self.estimated(asked)
            self._improving[asked] = tuple(
                used & ~asked
                for used, way in self.ways.items()
                if way.cost < now.cost and way.expected < now.expected and used & ~asked
            )
        return self._improving[asked]

    def noticeably_less(self, configuration: Configuration, least_ms: float) -> float:
        """Return the cost at which the case would notice a change from the configuration, and gain `least_ms` a minute."""
        now, bare, ms = self.planned(configuration).cost, self.planned(0).cost, self.case.ms_per_minute
        least = least_ms / ms * bare if ms else now
        return now - max(least, thresholds.LEAST_CASE_BENEFIT * now)

    def confirm(self, configuration: Configuration) -> None:
        """Ask the planner itself where the cost was inferred: no planner is quite as regular as the inference takes it."""
        asked = configuration & self.relevant
        if not any(whole == asked for whole, _ in self._answers):
            self._known[asked] = self._ask(asked)
            self._tally.news += 1

    def without(self, configuration: Configuration, dropped: frozenset[str]) -> Answer | None:
        """Return what the case costs when existing indexes are gone; one that its plan does not use is not missed.

        None when it does use one and the planner cannot leave it out.
        """
        planned = self.planned(configuration)
        if not planned.used_existing & dropped:
            return planned
        if not self._what_if.can_drop:
            return None
        key = (configuration & self.relevant, dropped)
        if key not in self._without:
            self._without[key] = self._plan(*key)
        return self._without[key]

    def at_least(self, configuration: Configuration) -> float:
        """Return a lower bound of the case's cost that needs no planning; 0 where nothing was asked that contains it."""
        asked = configuration & self.relevant
        if asked in self._known:
            return self._known[asked].cost
        if asked not in self._bounds:
            above = (each.cost for whole, each in self._answers if not asked & ~whole)
            self._bounds[asked] = max(above, default=0.0)
        return self._bounds[asked]

    @property
    def pace(self) -> float:
        """Return the milliseconds that the case takes for a unit of its cost as it is, 0 when it costs nothing."""
        bare = self.planned(0).expected
        return self.case.measured_ms / bare if bare > 0 else 0.0

    def _share(self, answer: Answer) -> float:
        """Return the share of its time that the case takes by a plan.

        It falls as the cost does, but faster from where the plan is another one altogether: what made the case take more
        for a unit of cost than others do, such as far more rows than were thought, hardly goes on to that.
        """
        bare = self.planned(0).expected
        share = min(1.0, answer.expected / bare) if bare > 0 else 1.0
        if share >= thresholds.SAME_PLAN_SHARE or self.pace <= self._usual_pace():
            return share
        other, same = thresholds.OTHER_PLAN_SHARE, thresholds.SAME_PLAN_SHARE
        is_other = min(1.0, math.log(same / max(share, other)) / math.log(same / other))
        return share * math.pow(self._usual_pace() / self.pace, is_other)

    def _ask(self, asked: Configuration) -> Answer:
        answer = self._plan(asked, _NOTHING)
        known = self.ways.get(answer.used)
        if known is None or answer.cost < known.cost:
            self.ways[answer.used] = answer
            for candidate in numbers(answer.used & ~self.useful):
                self._tally.users[candidate] |= self._bit
            self.useful |= answer.used
            self._tally.news += 1
        self._answers.append((asked, answer))
        for derived in (self._bounds, self._ms, self._improving):
            derived.clear()
        return answer

    def _plan(self, asked: Configuration, dropped: frozenset[str]) -> Answer:
        self._tally.plans += 1
        planned = self._what_if.cost(self.case, self._candidates.chosen(asked), dropped)
        used = self._candidates.configuration(planned.used)
        return Answer(planned.cost, used, planned.used_existing, planned.cost + planned.unseen_cost)

    def _inferred(self, asked: Configuration) -> Answer | None:
        possible = [answer for _, answer in self._answers if not answer.used & ~asked]
        upper = min(possible, key=_cost, default=None)
        return upper if upper and upper.cost <= self.at_least(asked) else None


def _cost(answer: Answer) -> float:
    return answer.cost


class CostCache:
    """What every case of a workload costs, and the tally of all that was asked for it."""

    def __init__(self, what_if: WhatIf, cases: Sequence[WorkloadCase], candidates: Candidates) -> None:
        self.tally = Tally()
        self.cases = tuple(
            CaseCosts(what_if, case, candidates, self.tally, number, self._usual_pace)
            for number, case in enumerate(cases)
        )
        self._pace: float | None = None
        self._by_id = {costs.case.id: costs for costs in self.cases}

    def of(self, case: WorkloadCase) -> CaseCosts:
        """Return what the one case costs."""
        return self._by_id[case.id]

    def _usual_pace(self) -> float:
        if self._pace is None:
            self._pace = stats.median([pace for costs in self.cases if (pace := costs.pace)] or [math.inf])
        return self._pace

    def using(self, indexes: Configuration) -> tuple[CaseCosts, ...]:
        """Return the cases of which a plan was seen that uses any of the indexes, in the workload's order."""
        found = 0
        for candidate in numbers(indexes):
            found |= self.tally.users[candidate]
        return tuple(self.cases[number] for number in numbers(found))
