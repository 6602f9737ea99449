"""The chart of a bench: what stands in it, and where."""

from itertools import pairwise
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfkit.report.chart import Chart, Point, Series, draw
from perfkit.report.series import COLOURS, COLOURS_DARK, apart
from perfkit.report.svg import CHARACTER_WIDTH
from tests.unit.report.colours import contrast

SVG = "{http://www.w3.org/2000/svg}"


def chart(*series: Series, limit: float | None = None) -> Chart:
    return Chart(
        title="Latency <against> users", x_title="users", y_title="p95, ms", series=series, limit=limit
    )


def line(name: str, *values: tuple[float, float]) -> Series:
    return Series(name=name, points=tuple(Point(x=x, y=y, low=y * 0.9, high=y * 1.1) for x, y in values))


def heights(root: ET.Element, name: str) -> dict[str, float]:
    """Return where the points of a series stand above the page's bottom, by their label."""
    return {
        title.text or "": float(circle.get("cy", "0"))
        for circle in root.iter(f"{SVG}circle")
        if (title := circle.find(f"{SVG}title")) is not None and (title.text or "").startswith(name)
    }


def test_larger_values_stand_higher_and_text_stays_text() -> None:
    root = ET.fromstring(draw(chart(line("5 & 6 <b>", (1, 10), (2, 40)))))
    places = heights(root, "5 & 6 <b>")
    assert places["5 & 6 <b>: 40 at 2"] < places["5 & 6 <b>: 10 at 1"]
    assert "Latency <against> users" in [text.text for text in root.iter(f"{SVG}text")]


def test_tenfold_growth_is_drawn_on_a_logarithmic_axis() -> None:
    root = ET.fromstring(draw(chart(line("a", (1, 5), (10, 5), (100, 5)))))
    xs = [float(circle.get("cx", "0")) for circle in root.iter(f"{SVG}circle") if len(circle)]
    assert xs[1] - xs[0] == pytest.approx(xs[2] - xs[1], abs=0.2)


def test_a_limit_above_all_points_is_within_the_picture() -> None:
    root = ET.fromstring(draw(chart(line("a", (1, 5), (2, 6)), limit=100)))
    (mark,) = [each for each in root.iter(f"{SVG}line") if each.get("class") == "mark"]
    assert 0 < float(mark.get("y1", "-1")) < min(heights(root, "a").values())


def test_every_series_has_its_name_beside_its_end_within_the_page() -> None:
    lines = [line(f"a strategy of number {n}", (1, 5), (2, 10 + n / 100)) for n in range(30)]
    root = ET.fromstring(draw(chart(*lines, line("far below", (1, 5), (2, 1)))))
    words = [each for each in root.iter(f"{SVG}text") if (each.text or "").startswith(("a strat", "far"))]
    places = sorted(float(each.get("y", "0")) for each in words)
    assert len(places) == 31
    assert min(below - above for above, below in pairwise(places)) >= 13.9
    assert 0 < places[0] < places[-1] < float(root.get("height", "0"))
    assert words[-1].get("y") == str(places[-1])
    wide = max(float(each.get("x", "0")) + len(each.text or "") * CHARACTER_WIDTH for each in words)
    assert wide <= float(root.get("width", "0"))


def test_a_long_name_is_cut_and_told_whole_to_a_pointer() -> None:
    name = "a way of importing with a name that goes on, 4 sessions"
    root = ET.fromstring(draw(chart(line(name, (1, 5), (2, 6)))))
    (cut,) = [each for each in root.iter(f"{SVG}text") if "".join(each.itertext()).endswith("…")]
    assert cut.findtext(f"{SVG}title") == name


@given(st.lists(st.floats(0, 500), min_size=1, max_size=40))
def test_names_move_no_more_than_they_must(wanted: list[float]) -> None:
    places = apart(wanted, 14, 0, 500)
    ordered = sorted(places)
    assert all(below - above >= 13.8 for above, below in pairwise(ordered))
    assert ordered[0] >= 0
    assert ordered[-1] <= max(500, 14 * (len(wanted) - 1)) + 0.1
    for (want, place), (other, its_place) in pairwise(sorted(zip(wanted, places, strict=True))):
        assert want == other or place < its_place
    alone = sorted(wanted)
    if alone[-1] <= 500 and all(below - above >= 14 for above, below in pairwise(alone)):
        assert places == [pytest.approx(want, abs=0.06) for want in wanted]


@pytest.mark.parametrize(("colours", "ground"), [(COLOURS, "#ffffff"), (COLOURS_DARK, "#0d1117")])
def test_every_series_stands_out_from_its_page(colours: tuple[str, ...], ground: str) -> None:
    """WCAG 2.2, 1.4.11: what tells something is at least 3 : 1 against what is beside it."""
    assert f"fill: {ground}" in draw(chart(line("a", (1, 5), (2, 6))))
    assert all(contrast(colour, ground) >= 3 for colour in colours)
