"""An advisor who is told that indexes do harm: others in their place, beside what is kept, within the budget."""

from collections.abc import Mapping, Sequence

import pytest

from perfkit.indexes.advise import Advisor, Planner
from perfkit.indexes.gather import Gathered
from perfkit.indexes.search import Limits
from perfkit.indexes.why_not import Reason
from perfkit.indexes.workload import WorkloadCase
from perfkit.plan.tables import Tables
from perfkit.syntax.index import IndexDefinition
from tests.unit.indexes.exact_planner import ExactPlanner, Way, case, index, way

YEAR, CITY, CITY_YEAR = index("year"), index("city"), index("city", "year")
YEAR_CITY, TOWN = index("year", "city"), index("town", "year", "name")
CASES = (case("search", CITY, CITY_YEAR), case("count", YEAR))
WAYS = {
    "search": (way(1_000), way(10, CITY_YEAR), way(100, CITY)),
    "count": (way(1_000), way(10, YEAR)),
}


def _advisor(
    budget_bytes: int | None,
    cases: Sequence[WorkloadCase] = CASES,
    ways: Mapping[str, Sequence[Way]] = WAYS,
    refused: Mapping[IndexDefinition, str] | None = None,
) -> Advisor:
    planner = ExactPlanner(ways=ways, sizes={YEAR: 100, CITY: 200, CITY_YEAR: 200, YEAR_CITY: 200, TOWN: 300})
    return Advisor(
        Gathered(cases=tuple(cases), candidates={}, unread={}),
        Tables(tables={}),
        Planner(what_if=planner, refused=refused or {}),
        Limits(budget_bytes=budget_bytes),
        lambda: 0.0,
    )


def test_the_next_best_comes_in_the_place_of_an_index_that_does_harm_and_the_advice_has_all() -> None:
    advisor = _advisor(None)
    assert advisor.advice.selection.configuration == {YEAR, CITY_YEAR}
    assert advisor.instead(frozenset({CITY_YEAR}), (YEAR,)) == (CITY,)
    assert advisor.advice.selection.configuration == {YEAR, CITY_YEAR, CITY}
    assert advisor.instead(frozenset({CITY}), (YEAR,)) == ()


@pytest.mark.parametrize(("budget_bytes", "others"), [(300, (CITY,)), (299, ())])
def test_what_comes_instead_has_the_room_that_is_left_beside_what_is_kept(
    budget_bytes: int, others: tuple[object, ...]
) -> None:
    assert _advisor(budget_bytes).instead(frozenset({CITY_YEAR}), (YEAR,)) == others


def test_the_smaller_comes_instead_where_the_larger_would_have_to_displace_what_is_kept() -> None:
    cases = (case("search", CITY_YEAR, TOWN, CITY, weight=600), case("count", YEAR))
    ways = WAYS | {"search": (way(1_000), way(10, CITY_YEAR), way(20, TOWN), way(200, CITY))}
    advisor = _advisor(350, cases, ways)
    assert advisor.advice.selection.configuration == {YEAR, CITY_YEAR}
    assert advisor.instead(frozenset({CITY_YEAR}), (YEAR,)) == (CITY,)
    assert _advisor(350, cases, ways).instead(frozenset({CITY_YEAR}), ()) == (TOWN,)


def test_what_goes_on_from_an_index_that_is_kept_does_not_come_beside_it() -> None:
    cases = (case("search", CITY_YEAR, YEAR_CITY), case("count", YEAR, YEAR_CITY))
    ways = {
        "search": (way(1_000), way(10, CITY_YEAR), way(100, YEAR_CITY)),
        "count": (way(1_000), way(10, YEAR), way(12, YEAR_CITY)),
    }
    missed = frozenset({CITY_YEAR})
    advisor = _advisor(None, cases, ways)
    assert advisor.advice.selection.configuration == {YEAR, CITY_YEAR}
    assert advisor.instead(missed, (YEAR,)) == ()
    assert _advisor(None, cases, ways).instead(missed, ()) == (YEAR_CITY,)


def test_a_case_whose_candidates_the_server_refused_is_told_so_in_its_words() -> None:
    refused = {CITY: "no such operator class", CITY_YEAR: "no such operator class"}
    advisor = _advisor(None, refused=refused)
    selection = advisor.advice.selection
    assert selection.configuration == {YEAR}
    assert selection.candidates == 1
    (search,) = selection.without_index
    assert (search.case_id, search.reason, search.detail) == (
        "search",
        Reason.REFUSED,
        "no such operator class",
    )
    assert advisor.instead(frozenset({YEAR}), ()) == ()


def test_a_case_with_a_candidate_beside_a_refused_one_is_judged_by_it() -> None:
    advisor = _advisor(None, refused={CITY_YEAR: "no such operator class"})
    assert advisor.advice.selection.configuration == {YEAR, CITY}
