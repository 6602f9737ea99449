"""Drawn cases depend on the seed and the rows, not on their order, and stay as the data grow."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfkit.catalog.draw import Row, draw_cases
from perfkit.catalog.load import load_catalog
from perfkit.catalog.model import Draw, Param, Query
from perfkit.errors import CatalogError

QUERY = Query(
    name="q",
    summary="",
    sql="SELECT :y, :n",
    statement="SELECT $1, $2",
    path=Path("a.sql"),
    line=1,
    sql_line=5,
    weight=1,
    budget_ms=None,
    params=(Param(name="y", type="int"), Param(name="n", type="text")),
    cases=(),
    draws=(Draw(count=5, sql="SELECT y, n FROM t", line=4),),
    allowed={},
)


def _rows(numbers: Iterable[int]) -> Callable[[str], Iterable[Row]]:
    return lambda _sql: ({"y": str(number), "n": None} for number in numbers)


def _years(numbers: Iterable[int], seed: int = 1) -> set[str | None]:
    return {case.values["y"] for case in draw_cases(QUERY, _rows(numbers), seed)}


def test_the_draw_takes_as_many_distinct_rows_as_asked() -> None:
    cases = draw_cases(QUERY, _rows([*range(1_000), *range(1_000)]), 1)
    assert len({case.values["y"] for case in cases}) == len({case.name for case in cases}) == len(cases) == 5
    assert all(case.name.startswith("draw-") and len(case.name) == 13 and case.line == 4 for case in cases)


@given(st.lists(st.integers(0, 50), min_size=1), st.randoms(use_true_random=False), st.integers())
def test_the_order_of_the_rows_changes_nothing(numbers: list[int], shuffler: object, seed: int) -> None:
    shuffled = sorted(numbers, key=lambda _: shuffler.random())  # type: ignore[attr-defined]
    cases = draw_cases(QUERY, _rows(numbers), seed)
    assert draw_cases(QUERY, _rows(shuffled), seed) == cases
    assert len(cases) == min(5, len(set(numbers)))


def test_another_seed_or_query_draws_other_rows() -> None:
    assert _years(range(10_000), seed=1) != _years(range(10_000), seed=2)
    other = draw_cases(replace(QUERY, name="other"), _rows(range(10_000)), 1)
    assert {case.values["y"] for case in other} != _years(range(10_000))


def test_most_rows_stay_when_the_data_grow() -> None:
    kept = sum(len(_years(range(10_000), seed) & _years(range(11_000), seed)) for seed in range(20))
    assert kept >= 80  # of 100; 91 are expected


def test_every_row_is_drawn_as_often_as_any_other() -> None:
    drawn = [year for seed in range(400) for year in _years(range(50), seed)]
    assert all(15 <= drawn.count(str(number)) <= 75 for number in range(50))  # 40 are expected


def test_columns_that_are_not_the_parameters_are_named() -> None:
    with pytest.raises(CatalogError, match="columns are year, the parameters n, y") as caught:
        draw_cases(QUERY, lambda _sql: [{"year": "1"}], 1)
    assert (caught.value.path, caught.value.line) == (Path("a.sql"), 4)


def test_a_draw_of_no_row_is_an_error() -> None:
    with pytest.raises(CatalogError, match=r"a\.sql:4: the draw found no row"):
        draw_cases(QUERY, _rows([]), 1)


def test_the_statement_of_the_header_is_what_is_asked(tmp_path: Path) -> None:
    header = "-- name: q\n-- param: y int\n-- cases: draw 2 SELECT 1 AS y;\n-- cases: draw 1 SELECT 2 AS y\n"
    (tmp_path / "a.sql").write_text(header + "SELECT :y")
    asked: list[str] = []

    def rows(sql: str) -> Iterable[Row]:
        asked.append(sql)
        return [{"y": sql[7]}]

    (query,) = load_catalog(tmp_path).queries
    assert [case.values["y"] for case in draw_cases(query, rows, 1)] == ["1", "2"]
    assert asked == ["SELECT 1 AS y", "SELECT 2 AS y"]
