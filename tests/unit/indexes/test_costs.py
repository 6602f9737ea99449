"""The cost cache: what is known is not planned again, and what it infers is what the planner would say."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfkit.indexes.configuration import Candidates
from perfkit.indexes.costs import Answer, CaseCosts, CostCache, Tally
from tests.unit.indexes.exact_planner import ExactPlanner, case, index, way

INDEXES = tuple(index(f"column_{number}") for number in range(6))
CASE = case("case", *INDEXES)
ELSEWHERE = index("year", table="person")
EVERYTHING = Candidates((*INDEXES, ELSEWHERE))


def _costs(planner: ExactPlanner) -> CaseCosts:
    return CaseCosts(planner, CASE, EVERYTHING, Tally())


@given(
    st.lists(st.tuples(st.integers(1, 99), st.sets(st.sampled_from(INDEXES), min_size=1)), max_size=6),
    st.lists(st.sets(st.sampled_from(INDEXES)), max_size=20),
)
def test_costs_are_the_planner_s_whether_planned_or_inferred(
    ways: list[tuple[int, set[object]]], questions: list[set[object]]
) -> None:
    planner = ExactPlanner(
        ways={"case": (way(100), *(way(cost, *needs) for cost, needs in ways))}  # type: ignore[arg-type]  # sampled
    )
    costs = _costs(planner)
    for asked in questions:
        configuration = EVERYTHING.configuration(asked)  # type: ignore[arg-type]  # sampled
        bound = costs.at_least(configuration)
        answer = costs.planned(configuration)
        chosen = EVERYTHING.chosen(configuration)
        assert bound <= answer.cost == planner.cost(CASE, chosen, frozenset()).cost
        assert EVERYTHING.chosen(answer.used) <= chosen


def test_a_question_is_planned_once() -> None:
    planner = ExactPlanner(ways={"case": (way(100), way(10, INDEXES[0]))})
    costs = _costs(planner)
    for _ in range(3):
        costs.planned(EVERYTHING.configuration(INDEXES[:1]))
    assert len(planner.asked) == 1


@given(
    st.lists(st.tuples(st.integers(1, 99), st.sets(st.sampled_from(INDEXES), min_size=1)), max_size=6),
    st.lists(st.sets(st.sampled_from(INDEXES)), max_size=8),
    st.sets(st.sampled_from(INDEXES)),
)
def test_an_estimate_is_what_a_case_costs_at_most_and_is_not_planned(
    ways: list[tuple[int, set[object]]], questions: list[set[object]], asked: set[object]
) -> None:
    planner = ExactPlanner(
        ways={"case": (way(100), *(way(cost, *needs) for cost, needs in ways))}  # type: ignore[arg-type]  # sampled
    )
    costs = _costs(planner)
    for each in [set(), *questions]:
        costs.planned(EVERYTHING.configuration(each))  # type: ignore[arg-type]  # sampled
    plans, configuration = len(planner.asked), EVERYTHING.configuration(asked)  # type: ignore[arg-type]  # sampled
    estimated = costs.estimated(configuration).cost
    assert len(planner.asked) == plans
    assert costs.planned(configuration).cost <= estimated <= 100
    assert costs.estimated(configuration) == costs.planned(configuration)


def test_an_index_that_cannot_matter_to_a_case_is_no_new_question() -> None:
    planner = ExactPlanner(ways={"case": (way(100),)})
    costs = _costs(planner)
    costs.planned(0)
    costs.planned(EVERYTHING.configuration([ELSEWHERE]))
    assert [configuration for _, configuration, _ in planner.asked] == [frozenset()]


def test_what_a_plan_leaves_aside_does_not_have_to_be_asked_about() -> None:
    planner = ExactPlanner(ways={"case": (way(100), way(10, INDEXES[0]))})
    costs = _costs(planner)
    costs.planned(EVERYTHING.everything)
    for each in INDEXES[1:]:
        assert costs.planned(EVERYTHING.configuration([INDEXES[0], each])).cost == 10
    assert len(planner.asked) == 1


def test_an_existing_index_that_a_plan_does_not_use_is_not_missed() -> None:
    planner = ExactPlanner(ways={"case": (way(10, existing=["public.used"]), way(100))})
    costs = _costs(planner)
    assert _cost(costs.without(0, frozenset({"public.other"}))) == 10
    assert len(planner.asked) == 1
    assert _cost(costs.without(0, frozenset({"public.used"}))) == 100


def test_a_planner_that_cannot_leave_an_index_out_is_not_asked_to() -> None:
    planner = ExactPlanner(ways={"case": (way(10, existing=["public.used"]), way(100))}, can_drop=False)
    costs = _costs(planner)
    assert _cost(costs.without(0, frozenset({"public.other"}))) == 10
    assert costs.without(0, frozenset({"public.used"})) is None


@pytest.mark.parametrize(
    ("cost", "slow_ms", "quick_ms"),
    [(1_000, 60_000.0, 60.0), (500, 30_000.0, 30.0), (200, 12_000.0, 12.0), (100, 60.0, 6.0), (1, 0.6, 0.06)],
)
def test_what_made_a_case_slow_for_its_cost_does_not_go_on_to_a_plan_of_another_kind(
    cost: float, slow_ms: float, quick_ms: float
) -> None:
    """A unit of cost takes 10 ms a minute in the usual case; 1 in the quick one."""
    cases = [case("slow", *INDEXES, measured_ms=1_000.0)]
    cases += [case(name, *INDEXES, measured_ms=10.0) for name in ("usual", "as usual", "like others")]
    cases.append(case("quick", *INDEXES, measured_ms=1.0))
    ways = (way(1_000), way(cost, INDEXES[0]))
    costs = CostCache(ExactPlanner(ways=dict.fromkeys((each.id for each in cases), ways)), cases, EVERYTHING)
    configuration = EVERYTHING.configuration(INDEXES[:1])
    for each in costs.cases:
        each.planned(configuration)
    found = {each.case.id: each.ms(configuration) for each in costs.cases}
    assert found["slow"] == pytest.approx(slow_ms)
    assert found["quick"] == pytest.approx(quick_ms)
    assert found["usual"] == pytest.approx(600 * cost / 1_000)


def test_a_cheaper_plan_never_takes_longer() -> None:
    cases = [case("slow", *INDEXES, measured_ms=1_000.0), case("usual", *INDEXES, measured_ms=1.0)]
    taken = []
    for cost in range(1_000, 0, -1):
        ways = dict.fromkeys(("slow", "usual"), (way(1_000), way(cost, INDEXES[0])))
        slow, _ = CostCache(ExactPlanner(ways=ways), cases, EVERYTHING).cases
        slow.planned(EVERYTHING.everything)
        taken.append(slow.ms(EVERYTHING.everything))
    assert taken == sorted(taken, reverse=True)


def _cost(answer: Answer | None) -> float | None:
    return answer.cost if answer else None
