"""Series: only runs that can be compared, times as the machine of the latest run would have taken them."""

import pytest

from perfkit.errors import UsageError
from perfkit.history.series import series_of, slowness
from tests.unit.history.made import RUN, entry


@pytest.mark.parametrize("other", [{"sql": "ee" * 8}, {"parameters": "80"}], ids=["sql", "parameters"])
def test_runs_of_another_statement_or_other_parameters_are_left_out(other: dict[str, str]) -> None:
    old = RUN._replace(**other)  # type: ignore[arg-type]  # only texts are replaced
    (series,) = series_of([entry({"a/one": old}), entry({"a/one": RUN}, day=1), entry({"a/one": RUN}, day=2)])
    assert (len(series.points), series.left_out) == (2, 1)


def test_runs_on_another_major_version_or_database_are_left_out() -> None:
    runs = [
        entry({"a/one": RUN}, major=17),
        entry({"a/one": RUN}, day=1, database="copy"),
        entry({"a/one": RUN}, day=2),
    ]
    (series,) = series_of(runs)
    assert (len(series.points), series.left_out) == (1, 2)


def test_times_are_divided_by_how_slow_the_machine_was_where_both_tell() -> None:
    runs = [
        entry({"a/one": RUN}, calibration_ms={"cpu": 20.0, "blocks": 80.0}),
        entry({"a/one": RUN}, day=1),
        entry({"a/one": RUN}, day=2, calibration_ms={"cpu": 10.0, "blocks": 10.0, "other": 1.0}),
    ]
    (series,) = series_of(runs)
    assert [point.time_ms for point in series.points] == pytest.approx([20 / 4, 20, 20])
    assert [point.median_ms for point in series.points] == [20, 20, 20]


def test_the_slowness_is_1_when_nothing_is_known() -> None:
    assert slowness({}, {"cpu": 1.0}) == 1
    assert slowness({"cpu": 1.0}, {"blocks": 1.0}) == 1
    assert slowness({"cpu": 0.0}, {"cpu": 1.0}) == 1
    assert slowness({"cpu": 1.0}, {"cpu": 0.0}) == 1


def test_runs_stand_in_the_order_of_time_whatever_the_file_s_is() -> None:
    (series,) = series_of([entry({"a/one": RUN}, day=day) for day in (2, 0, 1)])
    assert [point.at.day for point in series.points] == [1, 2, 3]


def test_patterns_choose_queries_and_cases() -> None:
    runs = [entry(dict.fromkeys(("gifts/one", "gifts/two", "person/one"), RUN))]
    assert [each.case for each in series_of(runs)] == ["gifts/one", "gifts/two", "person/one"]
    assert [each.case for each in series_of(runs, ["gifts"])] == ["gifts/one", "gifts/two"]
    assert [each.case for each in series_of(runs, ["*/one"])] == ["gifts/one", "person/one"]
    with pytest.raises(UsageError, match="no case 'gift'") as error:
        series_of(runs, ["gift"])
    assert error.value.hint == "did you mean 'gifts'?"
