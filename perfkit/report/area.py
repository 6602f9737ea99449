"""Area: parts of a whole over seconds, stacked, as one SVG for light and dark pages."""

import math
from collections.abc import Iterator
from itertools import pairwise

from perfkit.report.chart import Chart, height_of
from perfkit.report.series import STYLE, colour, names_beside, right_edge
from perfkit.report.svg import BOTTOM, LEFT, TOP, nice_top, page, text, y_axis

# Without edges, which would show a part that is nothing as a line.
_STYLE = f"{STYLE}.area {{ fill-opacity: 0.75; stroke: none; }}\n"
_X_TICKS = 8


def draw_stacked(chart: Chart) -> str:
    """Return the SVG of a chart whose series are parts of a whole, each with every x; the first one lies lowest.

    Both axes begin at 0. A limit is not drawn: it would be one of the whole.
    """
    return page(chart.title, _described(chart), height_of(chart), _lines(chart), _STYLE)


def _lines(chart: Chart) -> Iterator[str]:
    moments = [point.x for point in chart.series[0].points]
    edges = _edges(chart)
    last, top = max(moments[-1], 1e-9), nice_top(max(edges[-1]))
    right, bottom = right_edge([series.name for series in chart.series]), height_of(chart) - BOTTOM

    def height(y: float) -> float:
        return round(bottom - y / top * (bottom - TOP), 1)

    def place(x: float, y: float) -> str:
        return f"{LEFT + x / last * (right - LEFT):.1f},{height(y)}"

    yield f'<text class="name" x="{LEFT}" y="20">{text(chart.title)}</text>'
    yield f'<text x="{LEFT}" y="{TOP - 8}">{text(chart.y_title)}</text>'
    yield from y_axis(top, bottom, TOP, right)
    for number, series in enumerate(chart.series):
        above = [place(x, y) for x, y in zip(moments, edges[number + 1], strict=True)]
        below = [place(x, y) for x, y in zip(moments, edges[number], strict=True)]
        points = " ".join([*above, *reversed(below)])
        yield f'<polygon class="{colour(number)} area" points="{points}"><title>{text(series.name)}</title></polygon>'
    yield from _x_axis(chart, last, right, bottom)
    ends = [
        (series.name, right, height((lower[-1] + upper[-1]) / 2))
        for series, (lower, upper) in zip(chart.series, pairwise(edges), strict=True)
    ]
    yield from names_beside(ends, right, TOP, bottom)


def _edges(chart: Chart) -> list[list[float]]:
    """Return the lower edge of the lowest part, which is 0, and the upper edge of each."""
    edges = [[0.0] * len(chart.series[0].points)]
    for series in chart.series:
        edges.append([y + point.y for y, point in zip(edges[-1], series.points, strict=True)])
    return edges


def _x_axis(chart: Chart, last: float, right: float, bottom: float) -> Iterator[str]:
    step = nice_top(last / _X_TICKS)
    y = bottom + 18
    for number in range(math.floor(last / step) + 1):
        x = LEFT + number * step / last * (right - LEFT)
        yield f'<text x="{x:.1f}" y="{y}" text-anchor="middle">{number * step:,.10g}</text>'
    yield f'<text x="{right}" y="{y + 15}" text-anchor="end">{text(chart.x_title)}</text>'


def _described(chart: Chart) -> str:
    parts = (
        f"{series.name}: {math.fsum(point.y for point in series.points) / len(series.points):.2f} on average"
        for series in chart.series
    )
    return f"{chart.y_title} over {chart.x_title}; {'; '.join(parts)}"
