"""Chart: measured quantities over another one, a line a series, as one SVG for light and dark pages."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

from perfkit.report.svg import BOTTOM, CHARACTER_WIDTH, LEFT, RIGHT, TOP, WIDTH, nice_top, page, text, y_axis

HEIGHT = 320
LEGEND_HEIGHT = 20
_POINT_RADIUS = 3.0
# Okabe and Ito's colours, which people who do not see all colours can tell apart; the first is the page's own.
COLOURS = ("#0969da", "#e69f00", "#009e73", "#d55e00", "#cc79a7", "#56b4e9", "#999933", "#882255")
_STYLE = "".join(
    f".s{number} {{ stroke: {colour}; fill: {colour}; }}\n" for number, colour in enumerate(COLOURS)
)
SERIES_STYLE = f"{_STYLE}.curve {{ fill: none; stroke-width: 1.5; }}\n.range {{ stroke-opacity: 0.4; }}\n"
# A quantity that grows tenfold and more is drawn on a logarithmic axis.
_LOGARITHMIC_RATIO = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One measurement at `x`: its middle, and the ends of its range where there is one."""

    x: float
    y: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """Points under one name, by rising x; at least one."""

    name: str
    points: tuple[Point, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """Series over one horizontal axis, at least one; titles hold the units. `limit` is a line that a target draws.

    The vertical axis begins at 0; the horizontal one is logarithmic when x is above 0 and grows tenfold.
    """

    title: str
    x_title: str
    y_title: str
    series: tuple[Series, ...]
    limit: float | None = None


def draw(chart: Chart) -> str:
    """Return the SVG of a chart."""
    height = HEIGHT + LEGEND_HEIGHT * len(legend_rows(chart))
    description = "; ".join(_described(series, chart) for series in chart.series)
    return page(chart.title, description, height, _lines(chart), SERIES_STYLE)


@dataclass(frozen=True, slots=True)
class _Scale:
    """Where quantities stand in the picture."""

    left: float
    right: float
    top: float
    logarithmic: bool

    def x(self, value: float) -> float:
        first, last, here = (math.log(v) if self.logarithmic else v for v in (self.left, self.right, value))
        share = (here - first) / (last - first) if last > first else 0.5
        return round(LEFT + share * (WIDTH - LEFT - RIGHT), 1)

    def y(self, value: float) -> float:
        bottom = HEIGHT - BOTTOM
        return round(bottom - value / self.top * (bottom - TOP), 1)


def _scale_of(chart: Chart) -> _Scale:
    points = [point for series in chart.series for point in series.points]
    left, right = min(point.x for point in points), max(point.x for point in points)
    highest = max(point.high if point.high is not None else point.y for point in points)
    return _Scale(
        left,
        right,
        nice_top(max(highest, chart.limit or 0)),
        left > 0 and right >= left * _LOGARITHMIC_RATIO,
    )


def _lines(chart: Chart) -> Iterator[str]:
    scale = _scale_of(chart)
    yield f'<text class="name" x="{LEFT}" y="20">{text(chart.title)}</text>'
    yield f'<text x="{LEFT}" y="{TOP - 8}">{text(chart.y_title)}</text>'
    yield from y_axis(scale.top, scale.y(0), scale.y(scale.top))
    yield from _x_axis(chart, scale)
    if chart.limit is not None:
        y = scale.y(chart.limit)
        yield f'<line class="mark" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y}" y2="{y}"/>'
    for number, series in enumerate(chart.series):
        yield from _curve(series, number % len(COLOURS), scale)
    yield from legend(chart)


def _curve(series: Series, colour: int, scale: _Scale) -> Iterator[str]:
    path = " ".join(f"{scale.x(point.x)},{scale.y(point.y)}" for point in series.points)
    # A style of its own wins over the colour's fill.
    yield f'<polyline class="s{colour} curve" style="fill: none" points="{path}"/>'
    for point in series.points:
        x = scale.x(point.x)
        if point.low is not None and point.high is not None:
            ends = f'y1="{scale.y(point.low)}" y2="{scale.y(point.high)}"'
            yield f'<line class="s{colour} range" x1="{x}" x2="{x}" {ends}/>'
        label = text(f"{series.name}: {point.y:,.6g} at {point.x:,.6g}")
        yield (
            f'<circle class="s{colour}" cx="{x}" cy="{scale.y(point.y)}" r="{_POINT_RADIUS}">'
            f"<title>{label}</title></circle>"
        )


def _x_axis(chart: Chart, scale: _Scale) -> Iterator[str]:
    """Yield the measured values as ticks, leaving out those whose words would run into others'."""
    y = HEIGHT - BOTTOM + 18
    end = -math.inf
    values = sorted({point.x for series in chart.series for point in series.points})
    for value in values:
        words = f"{value:,.10g}"
        x, half = scale.x(value), len(words) * CHARACTER_WIDTH / 2
        if x - half < end + CHARACTER_WIDTH:
            continue
        end = x + half
        yield f'<text x="{x}" y="{y}" text-anchor="middle">{words}</text>'
    yield f'<text x="{WIDTH - RIGHT}" y="{y + 15}" text-anchor="end">{text(chart.x_title)}</text>'


def legend(chart: Chart) -> Iterator[str]:
    """Yield the names of a chart's series below it, each beside its colour."""
    for row, names in enumerate(legend_rows(chart)):
        x = float(LEFT)
        y = HEIGHT + LEGEND_HEIGHT * row + 6
        for number, name in names:
            yield f'<circle class="s{number % len(COLOURS)}" cx="{x:.1f}" cy="{y - 4}" r="4"/>'
            yield f'<text x="{x + 9:.1f}" y="{y}">{text(name)}</text>'
            x += _legend_width(name)


def legend_rows(chart: Chart) -> list[list[tuple[int, str]]]:
    """Return the series' numbers and names, as many in a row as there is room for."""
    rows: list[list[tuple[int, str]]] = [[]]
    width = 0.0
    for number, series in enumerate(chart.series):
        width += _legend_width(series.name)
        if width > WIDTH - LEFT - RIGHT and rows[-1]:
            rows.append([])
            width = _legend_width(series.name)
        rows[-1].append((number, series.name))
    return rows


def _legend_width(name: str) -> float:
    return 30 + len(name) * CHARACTER_WIDTH


def _described(series: Series, chart: Chart) -> str:
    first, last = series.points[0], series.points[-1]
    return (
        f"{series.name}: {first.y:,.6g} at {first.x:,.6g} to {last.y:,.6g} at {last.x:,.6g}"
        f" ({chart.y_title} over {chart.x_title})"
    )
