"""The chart of a bench: what stands in it, and where."""

from xml.etree import ElementTree as ET

import pytest

from perfkit.report.chart import Chart, Point, Series, draw

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


def test_many_series_have_their_names_in_rows_within_the_page() -> None:
    root = ET.fromstring(draw(chart(*(line(f"a strategy of number {n}", (1, n + 1)) for n in range(9)))))
    height = float(root.get("height", "0"))
    words = [each for each in root.iter(f"{SVG}text") if (each.text or "").startswith("a strategy")]
    assert len(words) == 9
    assert all(float(each.get("y", "0")) < height for each in words)
    assert len({each.get("y") for each in words}) > 1
