"""Selection: on workloads whose best answer is known, it is found or nearly so, within the limits, the same every time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain, combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perfkit.indexes.search import Limits
from perfkit.indexes.selection import Selection, select
from perfkit.indexes.workload import WorkloadCase
from perfkit.syntax.index import IndexDefinition
from tests.unit.indexes.exact_planner import ExactPlanner, Way, case, index, way

# The share of the best possible gain that the selection must reach on every small workload.
LEAST_SHARE = 0.9
BASE_COST = 1_000.0
YEAR, CITY, YEAR_CITY = index("year"), index("city"), index("year", "city")


def _select(
    cases: Sequence[WorkloadCase],
    ways: Mapping[str, Sequence[Way]],
    sizes: Mapping[IndexDefinition, int] | None = None,
    limits: Limits | None = None,
) -> Selection:
    planner = ExactPlanner(ways=ways, sizes=sizes or {})
    return select(cases, {}, (), planner, limits or Limits(), lambda: 0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    cases: tuple[WorkloadCase, ...]
    ways: Mapping[str, tuple[Way, ...]]
    sizes: Mapping[IndexDefinition, int]
    budget_bytes: int

    def total_ms(self, configuration: frozenset[IndexDefinition]) -> float:
        costs = (
            min(way.cost for way in self.ways[case.id] if way.needs <= configuration) for case in self.cases
        )
        return sum(
            case.ms_per_minute * cost / BASE_COST for case, cost in zip(self.cases, costs, strict=True)
        )

    @property
    def best_ms(self) -> float:
        """Return the least total of all configurations within the budget, every one of them tried."""
        sets = chain.from_iterable(combinations(self.sizes, count) for count in range(len(self.sizes) + 1))
        return min(
            self.total_ms(frozenset(chosen))
            for chosen in sets
            if sum(self.sizes[each] for each in chosen) <= self.budget_bytes
        )


@st.composite
def _workloads(draw: st.DrawFn) -> Workload:
    indexes = [index(f"column_{number}", table=f"table_{number % 2}") for number in range(6)]
    sizes = {each: draw(st.integers(1, 100)) * 100_000 for each in indexes}
    cases, ways = [], {}
    for number in range(draw(st.integers(1, 5))):
        mine = draw(st.lists(st.sampled_from(indexes), min_size=1, max_size=4, unique=True))
        one = case(f"case_{number}", *mine, weight=draw(st.sampled_from([1.0, 10.0, 60.0])))
        needs = st.lists(st.sampled_from(mine), min_size=1, max_size=3, unique=True)
        found = draw(st.lists(st.tuples(st.integers(1, 1_000), needs), min_size=1, max_size=5))
        cases.append(one)
        ways[one.id] = (way(BASE_COST), *(way(float(cost), *need) for cost, need in found))
    budget = draw(st.integers(0, sum(sizes.values())))
    return Workload(cases=tuple(cases), ways=ways, sizes=sizes, budget_bytes=budget)


@settings(max_examples=300, deadline=None)
@given(_workloads())
def test_what_is_chosen_is_nearly_the_best_and_keeps_the_budget(workload: Workload) -> None:
    chosen = _select(
        workload.cases, workload.ways, workload.sizes, Limits(budget_bytes=workload.budget_bytes)
    )
    assert chosen.size_bytes <= workload.budget_bytes
    before, best = workload.total_ms(frozenset()), workload.best_ms
    # Gains too small to be told from the noise of an estimate are left out on purpose.
    ignored = sum(case.ms_per_minute for case in workload.cases) * 0.1
    assert before - workload.total_ms(chosen.configuration) >= LEAST_SHARE * (before - best) - ignored


@settings(max_examples=50, deadline=None)
@given(_workloads())
def test_the_order_of_cases_and_offers_changes_nothing_that_is_gained(workload: Workload) -> None:
    limits = Limits(budget_bytes=workload.budget_bytes)
    once = _select(workload.cases, workload.ways, workload.sizes, limits)
    again = _select(workload.cases, workload.ways, workload.sizes, limits)
    assert once == again


def test_a_wide_index_takes_the_place_of_the_narrow_one_that_it_goes_on_from() -> None:
    ways = {
        "by_year": (way(1_000), way(100, YEAR), way(110, YEAR_CITY)),
        "by_both": (way(1_000), way(500, YEAR), way(10, YEAR_CITY)),
    }
    sizes = {YEAR: 1_000_000, YEAR_CITY: 1_500_000}
    cases = [case("by_year", YEAR), case("by_both", YEAR, YEAR_CITY)]
    chosen = _select(cases, ways, sizes, Limits(budget_bytes=1_600_000))
    assert chosen.configuration == {YEAR_CITY}


def test_two_arms_of_an_or_that_help_only_together_are_both_made() -> None:
    ways = {"either": (way(1_000), way(5, YEAR, CITY))}
    chosen = _select([case("either", YEAR, CITY)], ways)
    assert chosen.configuration == {YEAR, CITY}
    assert [effect.after_ms for each in chosen.chosen for effect in each.helps] == pytest.approx([0.5, 0.5])


def test_a_pair_is_found_when_a_better_set_does_not_fit() -> None:
    large = index("name")
    ways = {"either": (way(1_000), way(5, YEAR, CITY, large), way(50, YEAR, CITY))}
    sizes = {YEAR: 10, CITY: 10, large: 90}
    chosen = _select([case("either", YEAR, CITY, large)], ways, sizes, Limits(budget_bytes=100))
    assert chosen.configuration == {YEAR, CITY}


def test_a_case_counts_by_its_measured_time_not_by_its_cost() -> None:
    ways = {"dear": (way(1_000_000), way(1, YEAR)), "slow": (way(100), way(10, CITY))}
    cases = [case("dear", YEAR, measured_ms=1.0), case("slow", CITY, measured_ms=500.0)]
    chosen = _select(cases, ways, {YEAR: 10, CITY: 10}, Limits(budget_bytes=10))
    assert chosen.configuration == {CITY}


def test_when_time_is_over_the_best_so_far_is_told_to_be_incomplete() -> None:
    ticks = iter(range(1_000_000))
    ways = {f"case_{n}": (way(1_000), way(1, index(f"column_{n}"))) for n in range(50)}
    cases = [case(f"case_{n}", index(f"column_{n}")) for n in range(50)]
    planner = ExactPlanner(ways=ways)
    chosen = select(cases, {}, (), planner, Limits(time_s=100), lambda: float(next(ticks)))
    assert not chosen.complete
    assert 0 < len(chosen.chosen) < 50
    assert replace(chosen, complete=True) != chosen
