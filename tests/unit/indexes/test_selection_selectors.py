"""The reference selectors do what they are held to, and perfkit's selection is never worse by their own measure."""

from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perfkit.indexes import thresholds
from perfkit.indexes.screening import screen
from perfkit.indexes.search import Limits
from perfkit.indexes.selection import select
from perfkit.indexes.workload import WorkloadCase
from perfkit.syntax.index import IndexDefinition
from tests.bench.selectors import columns_of, extend, one_per_column
from tests.unit.indexes.exact_planner import ExactPlanner, Way, case, index, way

YEAR, CITY, YEAR_CITY = index("year"), index("city"), index("year", "city")
# What one search may leave to another by the order of its steps, as a share of the whole.
UNNOTICED = 0.01
COLUMNS = {"public.gift": ["city", "year"]}
SINGLES_AND_PAIRS = [
    index(*keys) for count in (1, 2) for keys in permutations(["city", "name", "year"], count)
]
SIZES = {each: len(each.keys) * 1_000_000 for each in SINGLES_AND_PAIRS}


def test_extend_begins_with_one_column_and_lengthens_it() -> None:
    planner = ExactPlanner(
        ways={"case": (way(1_000), way(500, YEAR), way(10, YEAR_CITY))},
        sizes={YEAR: 10, CITY: 10, YEAR_CITY: 15},
    )
    assert extend(planner, [case("case", YEAR_CITY)], COLUMNS, 15) == {YEAR_CITY}
    assert extend(planner, [case("case", YEAR_CITY)], COLUMNS, 14) == {YEAR}


def test_extend_misses_what_helps_only_together() -> None:
    planner = ExactPlanner(ways={"case": (way(1_000), way(10, YEAR, CITY))})
    assert extend(planner, [case("case", YEAR, CITY)], COLUMNS, 10**9) == frozenset()


def test_one_index_per_column_goes_as_far_as_the_budget() -> None:
    planner = ExactPlanner(ways={}, sizes={YEAR: 10, CITY: 10})
    assert columns_of([case("case", YEAR_CITY)]) == COLUMNS
    assert one_per_column(planner, COLUMNS, 20) == {YEAR, CITY}
    assert one_per_column(planner, COLUMNS, 19) == {CITY}


@st.composite
def _workloads(draw: st.DrawFn) -> tuple[list[WorkloadCase], dict[str, tuple[Way, ...]]]:
    """Return cases for which every index of one or two columns has a cost of its own, ever less with a column more."""
    cases, ways = [], {}
    for number in range(draw(st.integers(1, 4))):
        shares = {each: draw(st.integers(1, 10)) for each in SINGLES_AND_PAIRS}
        costs = {
            each: 100.0 * shares[each] * (shares[index(each.keys[0].text)] / 10 if len(each.keys) > 1 else 1)
            for each in SINGLES_AND_PAIRS
        }
        cases.append(case(f"case_{number}", *SINGLES_AND_PAIRS, weight=1.0, measured_ms=1_000.0))
        ways[f"case_{number}"] = (way(1_000), *(way(cost, each) for each, cost in costs.items()))
    return cases, ways


@settings(max_examples=60, deadline=None)
@given(_workloads(), st.integers(0, 8_000_000))
def test_no_reference_gains_more_than_the_selection(
    workload: tuple[list[WorkloadCase], dict[str, tuple[Way, ...]]], budget_bytes: int
) -> None:
    cases, ways = workload
    planner = ExactPlanner(ways=ways, sizes=SIZES)
    columns = {"public.gift": ["city", "name", "year"]}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(thresholds, "LEAST_CASE_BENEFIT", 0.0)
        chosen = select(
            cases, screen(cases, {}, ()), (), planner, Limits(budget_bytes=budget_bytes), lambda: 0.0
        )

    def total(configuration: frozenset[IndexDefinition]) -> float:
        return sum(min(each.cost for each in ways[one.id] if each.needs <= configuration) for one in cases)

    # Cases take 1 ms for a unit of cost here, so that time and cost are the same measure.
    for reference in (
        extend(planner, cases, columns, budget_bytes),
        one_per_column(planner, columns, budget_bytes),
    ):
        assert total(chosen.configuration) <= total(reference) + UNNOTICED * total(frozenset())
