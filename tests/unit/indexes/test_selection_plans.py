"""A workload as large as people have needs few plans: a hundred cases and three hundred candidates."""

import random
from collections.abc import Mapping
from dataclasses import dataclass, field

from perfkit.indexes.screening import screen
from perfkit.indexes.search import Limits
from perfkit.indexes.selection import select
from perfkit.indexes.whatif import PlannedCost
from perfkit.indexes.workload import WorkloadCase, relevant, table_of
from perfkit.syntax.index import IndexDefinition
from tests.unit.indexes.exact_planner import case, index

CASES = 100
# 2 s of the 20 that a search may take, at the 1,500 plans a second that a twin makes.
MOST_PLANS = 3_000
TABLES = [f"table_{number}" for number in range(14)]
COLUMNS = [f"column_{number}" for number in range(8)]


@dataclass(slots=True, kw_only=True)
class TablePlanner:
    """A WhatIf by which a case costs what its tables cost, each by the best index that there is for it."""

    bare: Mapping[str, Mapping[str, float]]
    indexed: Mapping[str, Mapping[IndexDefinition, float]]
    sizes: Mapping[IndexDefinition, int]
    asked: set[tuple[str, frozenset[IndexDefinition]]] = field(default_factory=set)
    can_drop: bool = True

    def size_bytes(self, definition: IndexDefinition) -> int:
        return self.sizes[definition]

    def cost(
        self, case: WorkloadCase, configuration: frozenset[IndexDefinition], dropped: frozenset[str]
    ) -> PlannedCost:
        assert not dropped
        assert (case.id, configuration) not in self.asked, "asked twice"
        self.asked.add((case.id, configuration))
        cost, used = 0.0, []
        for table, bare in self.bare[case.id].items():
            costs = {each: self.indexed[case.id][each] for each in configuration if table_of(each) == table}
            best = min(costs, key=lambda each: (costs[each], each.create()), default=None)
            if best is None or costs[best] >= bare:
                cost += bare
            else:
                cost += costs[best]
                used.append(best)
        return PlannedCost(cost=cost, used=frozenset(used))


def _offers(rng: random.Random, table: str) -> list[IndexDefinition]:
    """Return the candidates of a case on one table: each beginning of its columns, and a covering one."""
    columns = rng.sample(COLUMNS, rng.choice([1, 1, 1, 2, 2, 3]))
    narrow = [index(*columns[:count], table=table) for count in range(1, len(columns) + 1)]
    return [*narrow, index(*columns, table=table, include=(f"wide_{rng.randint(0, 3)}",))]


def _workload(rng: random.Random) -> tuple[list[WorkloadCase], TablePlanner]:
    cases, bare = [], {}
    for number in range(CASES):
        tables = rng.sample(TABLES, rng.choice([1, 1, 1, 1, 2, 3]))
        offered = [each for table in tables for each in _offers(rng, table)]
        weight, measured_ms = rng.choice([1, 5, 20, 60]), rng.choice([1, 20, 300])
        cases.append(case(f"case_{number}", *offered, weight=weight, measured_ms=measured_ms))
        bare[f"case_{number}"] = {f"public.{table}": rng.choice([100.0, 1e3, 1e4]) for table in tables}
    candidates = sorted({each for one in cases for each in one.offered}, key=IndexDefinition.create)
    sizes = {each: round(1e6 * len(each.keys + each.include) * rng.uniform(0.5, 3)) for each in candidates}
    indexed = {one.id: _costs(rng, one, bare[one.id], candidates) for one in cases}
    return cases, TablePlanner(bare=bare, indexed=indexed, sizes=sizes)


def _costs(
    rng: random.Random, one: WorkloadCase, bare: Mapping[str, float], candidates: list[IndexDefinition]
) -> dict[IndexDefinition, float]:
    """Return what a case's table costs by each index: ever less with more columns that were meant for it."""
    costs = {}
    for each in sorted(relevant(one, candidates), key=IndexDefinition.create):
        meant = each in one.offered
        share = (
            rng.uniform(0.3, 0.9) ** (len(each.keys + each.include) + 1) if meant else rng.uniform(0.4, 1.3)
        )
        costs[each] = bare[table_of(each)] * share
    return costs


def test_a_hundred_cases_with_three_hundred_candidates_need_few_plans() -> None:
    cases, planner = _workload(random.Random(3))
    assert len(planner.sizes) >= 300
    budget_bytes = sum(planner.sizes.values()) // 5
    chosen = select(cases, screen(cases, {}, ()), (), planner, Limits(budget_bytes=budget_bytes), lambda: 0.0)
    assert chosen.complete
    assert chosen.size_bytes <= budget_bytes
    assert chosen.after_ms < 0.5 * chosen.before_ms
    assert chosen.plans == len(planner.asked) <= MOST_PLANS
