"""The chart of parts of a whole: each lies on the one before it, and the last ends at the whole."""

from xml.etree import ElementTree as ET

import pytest

from perfkit.report.area import draw_stacked
from perfkit.report.chart import Chart, Point, Series
from perfkit.report.svg import LEFT

SVG = "{http://www.w3.org/2000/svg}"
LOW = ("on the processor", (1.0, 2.0, 1.0))
HIGH = ("reading <blocks>", (3.0, 1.0, 0.0))

Place = tuple[float, float]


def drawn(*parts: tuple[str, tuple[float, ...]]) -> ET.Element:
    series = tuple(
        Series(name=name, points=tuple(Point(x=x, y=y) for x, y in enumerate(values)))
        for name, values in parts
    )
    return ET.fromstring(
        draw_stacked(
            Chart(title="Sessions & waits", x_title="seconds", y_title="active sessions", series=series)
        )
    )


def edges(root: ET.Element) -> dict[str, tuple[list[Place], list[Place]]]:
    """Return the upper and the lower edge of each part by its name, both from the left."""
    found = {}
    for polygon in root.iter(f"{SVG}polygon"):
        places = [
            (float(x), float(y)) for x, y in (each.split(",") for each in polygon.get("points", "").split())
        ]
        half = len(places) // 2
        found[polygon.findtext(f"{SVG}title", "")] = places[:half], places[: half - 1 : -1]
    return found


def test_each_part_lies_on_the_one_before_it() -> None:
    parts = edges(drawn(LOW, HIGH))
    assert list(parts) == ["on the processor", "reading <blocks>"]
    (low_top, low_bottom), (high_top, high_bottom) = parts.values()
    assert high_bottom == low_top
    ground = low_bottom[0][1]
    assert {y for _, y in low_bottom} == {ground}
    # Heights are shares of the whole: 4, 3 and 1 sessions together, of which the first is 1, 2 and 1.
    unit = (ground - high_top[0][1]) / 4
    assert [ground - y for _, y in high_top] == pytest.approx([4 * unit, 3 * unit, unit], abs=0.2)
    assert [ground - y for _, y in low_top] == pytest.approx([unit, 2 * unit, unit], abs=0.2)


def test_seconds_run_from_the_axis_to_the_right_evenly() -> None:
    ((top, _),) = edges(drawn(LOW)).values()
    xs = [x for x, _ in top]
    assert xs[0] == LEFT
    assert xs[1] - xs[0] == pytest.approx(xs[2] - xs[1], abs=0.2)


def test_averages_are_told_to_those_who_cannot_see_it() -> None:
    root = drawn(LOW, HIGH)
    description = root.findtext(f"{SVG}desc", "")
    assert description == (
        "active sessions over seconds; on the processor: 1.33 on average; reading <blocks>: 1.33 on average"
    )
    assert {"Sessions & waits", "reading <blocks>", "seconds"} <= {
        each.text for each in root.iter(f"{SVG}text")
    }


@pytest.mark.parametrize("values", [(0.0, 0.0), (2.0,)])
def test_nothing_active_and_a_single_moment_are_drawn_too(values: tuple[float, ...]) -> None:
    ((top, bottom),) = edges(drawn(("idle", values))).values()
    assert len(top) == len(bottom) == len(values)
