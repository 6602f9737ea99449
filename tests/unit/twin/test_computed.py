"""What ANALYZE would find in a computed key: common values put together, bounds of equal shares, order and nulls."""

from collections.abc import Callable

import pytest

from perfkit.twin.size.between import between
from perfkit.twin.size.computed import Computed, computed_statistics
from perfkit.twin.size.sampled import Known, Outcome

ROWS = 100_000


def computed(
    known: Known, becomes: Callable[[str], str | None], *, null: str | None = None, rows: float = ROWS
) -> Computed:
    """Return the statistics of an expression that makes this of each value, and of NULL."""
    texts = [*map(becomes, known.values), null]
    places = {text: place for place, text in enumerate(sorted({text for text in texts if text is not None}))}
    outcomes = [
        Outcome(text=text, width_bytes=len(text or "") + 1, rank=0 if text is None else places[text])
        for text in texts
    ]
    return computed_statistics(known, outcomes, rows=rows, heap_rows=rows)


def names(**changes: object) -> Known:
    given = {
        "null_share": 0.0, "width_bytes": 8, "distinct": -0.1, "common_values": ("Ann", "ann", "Bob"),
        "common_shares": (0.2, 0.1, 0.1), "bounds": tuple(f"N{number:03}" for number in range(101)),
    } | changes  # fmt: skip
    return Known(**given)  # type: ignore[arg-type]


def moments(days: int) -> Known:
    """Return a column of moments that are spread evenly over so many days."""
    bounds = (
        f"2020-01-{1 + day * days // 101:02} {day * days * 24 // 101 % 24:02}:00:00" for day in range(101)
    )
    return Known(null_share=0.0, width_bytes=8, distinct=-1.0, bounds=tuple(bounds), correlation=1.0)


def test_common_values_that_become_one_are_put_together_the_most_common_first() -> None:
    found = computed(names(), str.lower)
    assert found.common_values == ("ann", "bob")
    assert found.common_shares == pytest.approx((0.3, 0.1))
    assert found.bounds == tuple(f"n{number:03}" for number in range(101))


def test_a_single_bound_that_becomes_common_says_nothing_of_which_value() -> None:
    bounds = ("ANN", *(f"N{number:03}" for number in range(99)))
    found = computed(names(bounds=bounds), str.lower)
    assert found.common_shares == pytest.approx((0.3 * 0.406 / 0.4, 0.1 * 0.406 / 0.4))


def test_a_value_that_several_bounds_become_is_common() -> None:
    found = computed(names(), lambda text: text if text < "N" else text[:3])
    assert found.common_values[:3] == ("Ann", "ann", "Bob")
    assert set(found.common_values[3:]) == {f"N{tens:02}" for tens in range(10)}
    assert found.bounds == ()  # one value is left, and a histogram has two bounds


def test_days_have_the_rows_of_their_moments() -> None:
    known = between(moments(28), "timestamp without time zone")
    found = computed(known, lambda text: text[:10])
    assert found.distinct == pytest.approx(28, abs=1)
    assert len(found.common_values) == pytest.approx(28, abs=1)
    assert all(share == pytest.approx(1 / 28, rel=0.2) for share in found.common_shares[:27])


def test_a_value_is_not_common_that_a_rare_one_may_well_outnumber_in_the_sample() -> None:
    known = between(names(common_values=(), common_shares=(), bounds=("0", "100000000")), "integer")
    found = computed(known, lambda text: f"{int(text) // 20_000:05}", rows=1_000_000)
    assert found.common_values == ()
    assert len(found.bounds) == 2


def test_bounds_have_equal_shares_between_them() -> None:
    bounds = [number**2 for number in range(100, 201)]
    known = between(names(common_values=(), common_shares=(), bounds=tuple(map(str, bounds))), "integer")
    found = computed(known, lambda text: f"{int(text):05}", rows=300)
    assert [int(bound) for bound in found.bounds] == pytest.approx(bounds, rel=0.02)


def test_of_values_that_are_possible_some_have_no_row() -> None:
    known = between(moments(28), "timestamp without time zone")
    found = computed(known, lambda text: text[:10], rows=28)
    assert -28 * found.distinct == pytest.approx(28 * (1 - 2.718**-1), rel=0.05)


def test_what_an_expression_makes_null_or_of_null_is_told() -> None:
    half = computed(names(null_share=0.2), lambda text: None if text.startswith("N") else text, null="none")
    assert half.null_share == pytest.approx(0.4)
    assert half.common_values[:2] == ("Ann", "none")
    assert half.common_shares[1] == pytest.approx(0.2)


def test_a_key_in_the_column_s_order_lies_as_the_column_does() -> None:
    known = between(moments(28), "timestamp without time zone")
    assert computed(known, lambda text: text[:10]).correlation == pytest.approx(1)


def test_a_key_in_the_reverse_order_lies_the_other_way() -> None:
    known = names(correlation=1.0, common_values=(), common_shares=())
    assert computed(known, lambda text: f"{1000 - int(text[1:]):04}").correlation == pytest.approx(-1)


def test_a_key_in_no_order_correlates_by_its_equal_values_alone() -> None:
    known = names(correlation=0.0, common_values=(), common_shares=())
    found = computed(known, lambda text: text[-1])
    assert found.correlation == pytest.approx(0.1, abs=0.02)


def test_nothing_is_said_of_the_order_where_nothing_is_known() -> None:
    assert computed(names(), str.lower).correlation is None
