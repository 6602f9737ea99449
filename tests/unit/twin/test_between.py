"""Values between the bounds of a histogram: as many as the type has places, evenly spread, none where it has none."""

from datetime import date

import pytest

from perfkit.twin.size.between import between
from perfkit.twin.size.sampled import Known


def known(*bounds: str, parts: int = 1) -> Known:
    return Known(null_share=0.1, width_bytes=8, distinct=-1.0, bounds=bounds, parts=parts)


def test_the_days_of_a_bin_have_the_same_share() -> None:
    finer = between(known("2020-01-01", "2020-01-05", "2020-01-06"), "date")
    days = [f"2020-01-0{day}" for day in range(1, 7)]
    assert sorted(set(finer.bounds)) == days
    shares = [finer.bounds.count(day) / len(finer.bounds) for day in days]
    assert shares == pytest.approx([1 / 8] * 4 + [1 / 2, 0], abs=0.001)


def test_what_was_sampled_and_kept_is_still_told() -> None:
    coarse = known(*map(str, range(0, 1010, 10)))
    finer = between(coarse, "integer")
    assert len(finer.bounds) > 4_000
    assert (finer.sampled_rows, finer.values_most) == (coarse.sampled_rows, coarse.values_most)
    assert sum(finer.shares) == pytest.approx(sum(coarse.shares))


def test_no_value_lies_off_the_step_that_all_bounds_keep() -> None:
    assert {int(value) % 30 for value in between(known(*map(str, range(10, 1000, 30))), "bigint").bounds} == {
        10
    }


@pytest.mark.parametrize(
    ("type_name", "low", "high", "within"),
    [
        ("numeric(12,2)", "0.50", "1.50", "1.00"),
        ("timestamp(3) without time zone", "2020-01-01 00:00:00", "2020-01-03 00:00:00.5", "2020-01-02"),
        ("timestamp with time zone", "2020-01-01 00:00:00+05:30", "2020-01-03 00:00:00+02", "2020-01-02"),
        ("smallint", "-7", "7", "0"),
    ],
)
def test_types_with_a_scale_have_values_between(type_name: str, low: str, high: str, within: str) -> None:
    assert any(value.startswith(within) for value in between(known(low, high), type_name).bounds)


@pytest.mark.parametrize(
    ("type_name", "bounds"),
    [
        ("text", ("1", "9")),
        ("double precision", ("1", "9")),
        ("date", ("2020-01-01", "infinity")),
        ("timestamp with time zone", ("0044-03-15 12:00:00+00 BC", "2020-01-01 00:00:00+00")),
        ("numeric", ("1", "NaN")),
        ("integer", ("1",)),
        ("integer", ()),
    ],
)
def test_where_there_is_no_scale_the_histogram_stays(type_name: str, bounds: tuple[str, ...]) -> None:
    assert between(known(*bounds), type_name) == known(*bounds)


def test_a_histogram_is_made_finer_once_and_not_beyond_what_a_server_computes_quickly() -> None:
    fine = known(*(date.fromordinal(737_000 + day).isoformat() for day in range(4_000)))
    assert between(fine, "date") == fine
    assert between(known("1", "9", parts=2), "integer") == known("1", "9", parts=2)
