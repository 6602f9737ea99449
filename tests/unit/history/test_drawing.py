"""Sparkline and plot: what is drawn is what was measured, for any numbers and names."""

import xml.etree.ElementTree as ET
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from perfkit.report.plot import Dot, Panel, Step, plot
from perfkit.report.sparkline import ASCII, BLOCKS, ramp_for, sparkline
from perfkit.report.svg import LEFT, RIGHT, WIDTH

SVG = "{http://www.w3.org/2000/svg}"
AT = datetime(2026, 7, 1, tzinfo=UTC)
VALUES = st.lists(st.floats(0, 1e12, allow_subnormal=False), min_size=1, max_size=60)


def _plotted(values: list[float], name: str = "a/one", mark: str = "+18 % a1b2c3d") -> ET.Element:
    dots = tuple(Dot(AT + timedelta(hours=hour), value, name) for hour, value in enumerate(values))
    middle, last = dots[len(dots) // 2].at, dots[-1].at
    steps = (Step(AT, middle, values[0], ""), Step(middle, last, values[-1], mark))
    return ET.fromstring(plot(name, [Panel(title=name, unit="ms", dots=dots, steps=steps)] * 2))


def test_a_sparkline_is_flat_when_all_is_equal_and_high_where_it_is_high() -> None:
    assert sparkline([5, 5, 5]) == "▁▁▁"
    assert sparkline([0, 0]) == "▁▁"
    assert sparkline([1, 2, 8]) == "▁▂█"
    assert sparkline([]) == ""
    assert sparkline([10, 10.5, 10]) == "▁▂▁"


def test_a_long_sparkline_shows_medians_of_groups() -> None:
    line = sparkline([1.0] * 500 + [2.0] * 500)
    assert (line, sparkline([1.0] * 999 + [50.0])) == ("▁" * 12 + "█" * 12, "▁" * 24)


@given(VALUES)
def test_a_sparkline_has_characters_of_its_ramp_alone(values: list[float]) -> None:
    assert set(sparkline(values, ASCII)) <= set(ASCII)


def test_the_ramp_is_one_that_the_encoding_holds() -> None:
    assert [ramp_for(name) for name in ("utf-8", "cp437", "latin-1", "ascii", None)] == [
        BLOCKS,
        ASCII,
        ASCII,
        ASCII,
        BLOCKS,
    ]


@given(VALUES)
def test_every_point_of_a_plot_lies_within_its_panel(values: list[float]) -> None:
    circles = list(_plotted(values).iter(f"{SVG}circle"))
    assert len(circles) == 2 * len(values)
    assert all(LEFT <= float(each.attrib["cx"]) <= WIDTH - RIGHT for each in circles)
    assert all(44 <= float(each.attrib["cy"]) <= 164 for each in circles)


def test_heights_are_in_the_proportion_of_the_values() -> None:
    heights = [164 - float(each.attrib["cy"]) for each in _plotted([10, 20, 40]).iter(f"{SVG}circle")]
    assert heights[:3] == [heights[2] / 4, heights[2] / 2, heights[2]]


@given(st.text(max_size=30))
def test_no_name_breaks_the_picture(name: str) -> None:
    assert _plotted([1.0, 2.0], name=name, mark=name).tag == f"{SVG}svg"


def test_it_is_readable_on_dark_pages_and_by_screen_readers() -> None:
    root = _plotted([1.0, 2.0])
    style = root.find(f"{SVG}style")
    assert style is not None
    assert "prefers-color-scheme: dark" in (style.text or "")
    assert root.attrib["role"] == "img"
    assert root[0].tag == f"{SVG}title"
