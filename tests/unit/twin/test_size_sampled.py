"""What is known of a column becomes what is known of an expression, or of the rows of a partial index."""

import random
from collections import Counter

import pytest

from perfkit.twin.size.facts import Statistics
from perfkit.twin.size.sampled import (
    Known,
    Outcome,
    column_statistics,
    distinct_of,
    expression_statistics,
    thinned,
    without_nulls,
)

ROWS = 200_000


def known(**changes: object) -> Known:
    given = {"null_share": 0.0, "width_bytes": 8, "distinct": -1.0} | changes
    return Known(**given)  # type: ignore[arg-type]


def outcomes(*texts: str | None) -> list[Outcome]:
    """Return what known values become, and NULL becomes NULL."""
    return [Outcome(text=text, width_bytes=len(text or "") + 1) for text in (*texts, None)]


def haas_stokes(values: list[int], sample: int, generator: random.Random) -> float:
    """Return the count of distinct values that ANALYZE makes of a sample."""
    counts = Counter(Counter(generator.sample(values, sample)).values())
    shown, once = sum(counts.values()), counts[1]
    return sample * shown / (sample - once + once * sample / len(values))


def test_values_that_analyze_misses_are_counted() -> None:
    generator = random.Random(4)
    rows = [value for value in range(20_000) for _ in range(1 + int(generator.expovariate(1 / 9.5)))]
    counted = haas_stokes(rows, 30_000, generator)
    assert counted < 16_000
    column = known(distinct=counted, common_shares=(1e-4,) * 10, bounds=tuple(map(str, range(101))))
    assert column.distinct_in(len(rows)) == pytest.approx(20_000, rel=0.05)


def test_values_that_are_equally_common_are_taken_as_analyze_counted_them() -> None:
    assert known(distinct=15_000, bounds=tuple(map(str, range(101)))).distinct_in(ROWS) == 15_000


def test_a_table_that_was_read_whole_was_counted_right() -> None:
    column = known(distinct=5_000, common_shares=(0.01,), bounds=tuple(map(str, range(101))))
    assert column.distinct_in(30_000) == 5_000


def test_an_expression_puts_common_values_together() -> None:
    column = known(distinct=3, common_values=("A", "a", "b"), common_shares=(0.5, 0.25, 0.25))
    found = expression_statistics(column, outcomes("a", "a", "b"), ROWS)
    assert found.distinct == 2
    assert sorted(found.common_shares) == [0.25, 0.75]


def test_an_expression_may_be_null_where_its_column_is_not() -> None:
    column = known(null_share=0.2, bounds=tuple(map(str, range(10))))
    found = expression_statistics(column, outcomes(*["x", None] * 5), ROWS)
    assert found.null_share == pytest.approx(0.6)


def test_an_expression_may_make_a_value_of_null() -> None:
    column = known(null_share=0.25, distinct=1, common_values=("a",), common_shares=(0.75,))
    found = expression_statistics(column, [*outcomes("a")[:-1], Outcome(text="none", width_bytes=5)], ROWS)
    assert (found.null_share, found.distinct, found.common_shares) == (0, 2, (0.75, 0.25))


def test_days_in_a_range_are_no_more_than_the_range_has() -> None:
    assert distinct_of([f"2020-01-{day:02}" for day in range(1, 31, 2)], 10_000) == 15
    assert distinct_of([f"2020-01-{day:02}" for day in (1, 2, 4, 8, 11, 17, 23, 31)], 10_000) == 31


def test_months_are_told_from_days() -> None:
    months = [f"{year}-0{month}-01 00:00:00" for year in range(2001, 2011) for month in (1, 4)]
    assert distinct_of(months, 10_000) == pytest.approx(9 * 4 + 2)


def test_values_drawn_twice_tell_how_many_there_are() -> None:
    generator = random.Random(1)
    drawn = [f"value {generator.randrange(300)}" for _ in range(500)]
    assert distinct_of(drawn, 10_000) == pytest.approx(300, rel=0.15)


def test_a_partial_index_has_only_values_that_its_condition_keeps() -> None:
    column = known(null_share=0.5, distinct=2, common_values=("a", "b"), common_shares=(0.4, 0.1))
    kept = [
        Outcome(text="a", width_bytes=2, kept=False),
        Outcome(text="b", width_bytes=2),
        Outcome(text=None, width_bytes=0, kept=False),
    ]
    found = column_statistics(column, kept, ROWS)
    assert (found.null_share, found.distinct, found.common_shares) == (0, 1, (1.0,))


def test_fewer_rows_have_fewer_of_the_rare_values() -> None:
    column = Statistics(null_share=0, width_bytes=4, distinct=1_000)
    assert thinned(column, heap_rows=10_000, rows=1_000).distinct == pytest.approx(1_000 * (1 - 0.9**10))
    unique = Statistics(null_share=0, width_bytes=4, distinct=10_000)
    assert thinned(unique, heap_rows=10_000, rows=1_000).distinct == pytest.approx(1_000)


def test_rows_without_null_are_shared_anew() -> None:
    column = Statistics(null_share=0.75, width_bytes=4, distinct=2, common_shares=(0.2, 0.05))
    found = without_nulls(column)
    assert found.null_share == 0
    assert found.common_shares == pytest.approx((0.8, 0.2))
