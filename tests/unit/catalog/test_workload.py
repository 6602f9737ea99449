"""Names and patterns choose queries and cases, and a query's weight is split over its cases."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest

from perfkit.catalog.draw import Row
from perfkit.catalog.load import load_catalog
from perfkit.catalog.model import Catalog
from perfkit.catalog.workload import Workload, select_queries, workload
from perfkit.errors import StatementError, UsageError

FILE = """
-- name: directory_by_class
-- weight: 40
-- param: year int
-- case: typical  year=1998
-- case: largest  year=2015
SELECT :year;
-- name: directory_by_name
-- weight: 6
-- param: name text
-- case: typical  name=smith
-- cases: draw 2 SELECT n AS name FROM t
SELECT :name;
-- name: dashboard
SELECT 1;
"""


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    (tmp_path / "a.sql").write_text(FILE)
    return load_catalog(tmp_path)


def _rows(_sql: str) -> Iterable[Row]:
    return [{"name": "ada"}, {"name": "bob"}]


def _workload(catalog: Catalog, patterns: Sequence[str] = ()) -> Workload:
    return workload(catalog, patterns, rows=_rows, seed=1)


def _chosen(catalog: Catalog, *patterns: str) -> dict[str, float]:
    return {
        "drawn" if "/draw-" in weighted.case.id else weighted.case.id: weighted.weight
        for weighted in _workload(catalog, patterns).cases
    }


def test_without_patterns_all_cases_share_their_query_s_weight(catalog: Catalog) -> None:
    assert _chosen(catalog) == {
        "dashboard/default": 1,
        "directory_by_class/typical": 20,
        "directory_by_class/largest": 20,
        "directory_by_name/typical": 2,
        "drawn": 2,
    }
    assert sum(weighted.weight for weighted in _workload(catalog).cases) == 47


@pytest.mark.parametrize(
    ("patterns", "chosen"),
    [
        (["dashboard"], {"dashboard/default"}),
        (
            ["*_class", "dash*"],
            {"dashboard/default", "directory_by_class/typical", "directory_by_class/largest"},
        ),
        (["directory_*/typical"], {"directory_by_class/typical", "directory_by_name/typical"}),
        (["directory_by_name/draw-*"], {"drawn"}),
        (["dashboard", "directory_by_name/[d]raw-*"], {"dashboard/default", "drawn"}),
        (["*/d*"], {"dashboard/default", "drawn"}),
    ],
)
def test_patterns_choose_queries_and_cases(catalog: Catalog, patterns: list[str], chosen: set[str]) -> None:
    assert _chosen(catalog, *patterns).keys() == chosen


def test_one_drawn_case_can_be_chosen_by_its_name(catalog: Catalog) -> None:
    drawn = [weighted.case.id for weighted in _workload(catalog).cases if "/draw-" in weighted.case.id]
    for case_id in drawn:
        assert [weighted.case.id for weighted in _workload(catalog, (case_id,)).cases] == [case_id]


def test_nothing_is_drawn_for_a_query_that_is_not_chosen(catalog: Catalog) -> None:
    def rows(_sql: str) -> Iterable[Row]:
        raise AssertionError

    patterns = ("dashboard", "directory_by_class/largest", "directory_by_name/typical")
    cases = [weighted.case.id for weighted in workload(catalog, patterns, rows=rows, seed=1).cases]
    assert cases == ["dashboard/default", "directory_by_class/largest", "directory_by_name/typical"]


@pytest.mark.parametrize(
    ("pattern", "message", "hint"),
    [
        ("directory_by_clas", "no query 'directory_by_clas'", "did you mean 'directory_by_class'?"),
        ("zzz*", "no query 'zzz*'", "`perfkit catalog list` names them"),
        ("dashboard/defautl", "no case 'dashboard/defautl'", "did you mean 'dashboard/default'?"),
        ("directory_by_name/draw-0", "no case 'directory_by_name/draw-0'", None),
        (
            "directory_by_name/typcal",
            "no case 'directory_by_name/typcal'",
            "did you mean 'directory_by_name/typical'?",
        ),
    ],
)
def test_a_pattern_that_chooses_nothing_is_an_error(
    catalog: Catalog, pattern: str, message: str, hint: str | None
) -> None:
    with pytest.raises(UsageError) as caught:
        workload(catalog, ("d*/typical", "dashboard", pattern), rows=_rows, seed=1)
    assert caught.value.message.startswith(message)
    assert hint is None or caught.value.hint == hint


def test_chosen_queries_keep_their_chosen_cases_only(catalog: Catalog) -> None:
    (query,) = select_queries(catalog, ("directory_by_class/largest",))
    assert [case.name for case in query.cases] == ["largest"]


def test_a_draw_that_fails_leaves_the_query_its_written_cases(catalog: Catalog) -> None:
    def no_table(_sql: str) -> Iterable[Row]:
        raise StatementError('relation "t" does not exist', sqlstate="42P01")

    chosen = workload(catalog, (), rows=no_table, seed=1)
    assert [weighted.case.id for weighted in chosen.cases if weighted.query.name == "directory_by_name"] == [
        "directory_by_name/typical"
    ]
    assert [(undrawn.query.name, str(undrawn.error)) for undrawn in chosen.undrawn] == [
        ("directory_by_name", 'relation "t" does not exist')
    ]
