"""Chart: measured quantities over another one, a line a series, as one SVG for light and dark pages."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

from perfkit.report.series import ROW_HEIGHT, STYLE, colour, names_beside, right_edge
from perfkit.report.svg import BOTTOM, CHARACTER_WIDTH, LEFT, TOP, nice_top, page, text, y_axis

HEIGHT = 320
_POINT_RADIUS = 3.0
_STYLE = f"{STYLE}.curve {{ fill: none; stroke-width: 1.5; }}\n.range {{ stroke-opacity: 0.4; }}\n"
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
    description = "; ".join(_described(series, chart) for series in chart.series)
    return page(chart.title, description, height_of(chart), _lines(chart), _STYLE)


def height_of(chart: Chart) -> int:
    """Return the height of the picture: HEIGHT, or what the names of all series take."""
    return max(HEIGHT, TOP + BOTTOM + ROW_HEIGHT * len(chart.series))


@dataclass(frozen=True, slots=True)
class _Scale:
    """Where quantities stand in the picture: `edge` and `bottom` end the plot, x from `least` to `most`, y to `top`."""

    edge: float
    bottom: int
    least: float
    most: float
    top: float
    logarithmic: bool

    def x(self, value: float) -> float:
        first, last, here = (math.log(v) if self.logarithmic else v for v in (self.least, self.most, value))
        share = (here - first) / (last - first) if last > first else 0.5
        return round(LEFT + share * (self.edge - LEFT), 1)

    def y(self, value: float) -> float:
        return round(self.bottom - value / self.top * (self.bottom - TOP), 1)


def _scale_of(chart: Chart) -> _Scale:
    points = [point for series in chart.series for point in series.points]
    least, most = min(point.x for point in points), max(point.x for point in points)
    highest = max(point.high if point.high is not None else point.y for point in points)
    return _Scale(
        edge=right_edge([series.name for series in chart.series]),
        bottom=height_of(chart) - BOTTOM,
        least=least,
        most=most,
        top=nice_top(max(highest, chart.limit or 0)),
        logarithmic=least > 0 and most >= least * _LOGARITHMIC_RATIO,
    )


def _lines(chart: Chart) -> Iterator[str]:
    scale = _scale_of(chart)
    yield f'<text class="name" x="{LEFT}" y="20">{text(chart.title)}</text>'
    yield f'<text x="{LEFT}" y="{TOP - 8}">{text(chart.y_title)}</text>'
    yield from y_axis(scale.top, scale.bottom, TOP, scale.edge)
    yield from _x_axis(chart, scale)
    for number, series in enumerate(chart.series):
        yield from _curve(series, number, scale)
    if chart.limit is not None:
        y = scale.y(chart.limit)
        yield f'<line class="mark" x1="{LEFT}" x2="{scale.edge}" y1="{y}" y2="{y}"/>'
        yield f'<text class="word" x="{LEFT + 4}" y="{y + 13}">limit {chart.limit:,.10g}</text>'
    ends = [
        (series.name, scale.x(series.points[-1].x), scale.y(series.points[-1].y)) for series in chart.series
    ]
    yield from names_beside(ends, scale.edge, TOP, scale.bottom)


def _curve(series: Series, number: int, scale: _Scale) -> Iterator[str]:
    path = " ".join(f"{scale.x(point.x)},{scale.y(point.y)}" for point in series.points)
    # A style of its own wins over the colour's fill.
    yield f'<polyline class="{colour(number)} curve" style="fill: none" points="{path}"/>'
    for point in series.points:
        x = scale.x(point.x)
        if point.low is not None and point.high is not None:
            ends = f'y1="{scale.y(point.low)}" y2="{scale.y(point.high)}"'
            yield f'<line class="{colour(number)} range" x1="{x}" x2="{x}" {ends}/>'
        label = text(f"{series.name}: {point.y:,.6g} at {point.x:,.6g}")
        yield (
            f'<circle class="{colour(number)}" cx="{x}" cy="{scale.y(point.y)}" r="{_POINT_RADIUS}">'
            f"<title>{label}</title></circle>"
        )


def _x_axis(chart: Chart, scale: _Scale) -> Iterator[str]:
    """Yield the measured values as ticks, leaving out those whose words would run into others'."""
    y = scale.bottom + 18
    end = -math.inf
    values = sorted({point.x for series in chart.series for point in series.points})
    for value in values:
        words = f"{value:,.10g}"
        x, half = scale.x(value), len(words) * CHARACTER_WIDTH / 2
        if x - half < end + CHARACTER_WIDTH:
            continue
        end = x + half
        yield f'<text x="{x}" y="{y}" text-anchor="middle">{words}</text>'
    yield f'<text x="{scale.edge}" y="{y + 15}" text-anchor="end">{text(chart.x_title)}</text>'


def _described(series: Series, chart: Chart) -> str:
    first, last = series.points[0], series.points[-1]
    return (
        f"{series.name}: {first.y:,.6g} at {first.x:,.6g} to {last.y:,.6g} at {last.x:,.6g}"
        f" ({chart.y_title} over {chart.x_title})"
    )
