"""Plot: a few sequences over time as one SVG, each in a panel of its own with its unit, for light and dark pages."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from xml.sax.saxutils import escape

from perfkit.report.layout import one_line

_WIDTH = 860
_PANEL_HEIGHT = 200
_LEFT, _RIGHT, _TOP, _BOTTOM = 84, 24, 44, 36
_CLEAR = 18  # above the highest point, for the marks' words
_Y_TICKS = 4
_X_TICKS = 6
_POINT_RADIUS = 2.6
_CHARACTER_WIDTH = 6.6  # of 11 px text, generously
# Without custom properties, which viewers other than browsers do not know.
_STYLE = """
text { font: 11px sans-serif; fill: #656d76; }
.name { font-size: 13px; font-weight: bold; fill: #1f2328; }
.page { fill: #ffffff; }
.grid { stroke: #d8dee4; }
.line { fill: none; stroke: #0969da; stroke-opacity: 0.35; }
.point { fill: #0969da; }
.level { stroke: #1f2328; stroke-width: 1.5; }
.mark { stroke: #bc4c00; stroke-dasharray: 4 3; }
.word { fill: #bc4c00; }
@media (prefers-color-scheme: dark) {
  text { fill: #9198a1; }
  .name { fill: #e6edf3; }
  .page { fill: #0d1117; }
  .grid { stroke: #30363d; }
  .line { stroke: #58a6ff; }
  .point { fill: #58a6ff; }
  .level { stroke: #e6edf3; }
  .mark { stroke: #f0883e; }
  .word { fill: #f0883e; }
}
"""


@dataclass(frozen=True, slots=True)
class Dot:
    """One measurement: when, how much, and what a pointer that rests on it is told."""

    at: datetime
    value: float
    label: str


@dataclass(frozen=True, slots=True)
class Step:
    """A level from one moment to another; `mark` is written where it begins, '' for the first."""

    start: datetime
    end: datetime
    value: float
    mark: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """One sequence, at least one dot, oldest first; `unit` stands behind the title, values are at least 0."""

    title: str
    unit: str
    dots: tuple[Dot, ...]
    steps: tuple[Step, ...]


def plot(title: str, panels: Sequence[Panel]) -> str:
    """Return the SVG of the panels, one below the other, on one time axis from the first dot to the last.

    Every vertical axis begins at 0, so that heights compare as the numbers do.
    """
    moments = [dot.at for panel in panels for dot in panel.dots]
    first, last = min(moments), max(moments)
    height = len(panels) * _PANEL_HEIGHT
    size = f'viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" height="{height}"'
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-labelledby="title description" {size}>',
        f'<title id="title">{_text(title)}</title>',
        f'<desc id="description">{_text("; ".join(map(_described, panels)))}</desc>',
        f"<style>{_STYLE}</style>",
        f'<rect class="page" width="{_WIDTH}" height="{height}"/>',
    ]
    for number, panel in enumerate(panels):
        lines.append(f'<g transform="translate(0 {number * _PANEL_HEIGHT})">')
        lines += _panel(panel, _Scale(first, last, _nice_top(panel)))
        lines.append("</g>")
    return "\n".join([*lines, "</svg>", ""])


@dataclass(frozen=True, slots=True)
class _Scale:
    """Where moments and values stand within a panel."""

    first: datetime
    last: datetime
    top: float

    def x(self, at: datetime) -> float:
        seconds = (self.last - self.first).total_seconds()
        share = (at - self.first).total_seconds() / seconds if seconds else 0.5
        return round(_LEFT + share * (_WIDTH - _LEFT - _RIGHT), 1)

    def y(self, value: float) -> float:
        bottom = _PANEL_HEIGHT - _BOTTOM
        return round(bottom - value / self.top * (bottom - _TOP - _CLEAR), 1)


def _panel(panel: Panel, scale: _Scale) -> Iterator[str]:
    yield f'<text class="name" x="{_LEFT}" y="20">{_text(f"{panel.title}, {panel.unit}")}</text>'
    yield from _y_axis(scale)
    yield from _x_axis(scale)
    path = " ".join(f"{scale.x(dot.at)},{scale.y(dot.value)}" for dot in panel.dots)
    yield f'<polyline class="line" points="{path}"/>'
    for dot in panel.dots:
        place = f'cx="{scale.x(dot.at)}" cy="{scale.y(dot.value)}" r="{_POINT_RADIUS}"'
        yield f'<circle class="point" {place}><title>{_text(dot.label)}</title></circle>'
    yield from _levels(panel, scale)


def _levels(panel: Panel, scale: _Scale) -> Iterator[str]:
    """Yield each level, and a line with its words where it begins; words that would run into others go below them."""
    bottom = _PANEL_HEIGHT - _BOTTOM
    ends = [0.0, 0.0, 0.0]
    for step in panel.steps:
        x, y = scale.x(step.start), scale.y(step.value)
        yield f'<line class="level" x1="{x}" x2="{scale.x(step.end)}" y1="{y}" y2="{y}"/>'
        if not step.mark:
            continue
        yield f'<line class="mark" x1="{x}" x2="{x}" y1="{_TOP - 10}" y2="{bottom}"/>'
        width = len(step.mark) * _CHARACTER_WIDTH
        start = x + 4 if x + 4 + width <= _WIDTH else x - 4 - width
        row = next((row for row, end in enumerate(ends) if end <= start), len(ends) - 1)
        ends[row] = start + width
        anchor = "start" if start > x else "end"
        text_x = x + 4 if start > x else x - 4
        yield f'<text class="word" x="{text_x}" y="{_TOP - 2 + row * 13}" text-anchor="{anchor}">{_text(step.mark)}</text>'


def _y_axis(scale: _Scale) -> Iterator[str]:
    for tick in range(_Y_TICKS + 1):
        value = scale.top * tick / _Y_TICKS
        y = scale.y(value)
        yield f'<line class="grid" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y}" y2="{y}"/>'
        yield f'<text x="{_LEFT - 8}" y="{y + 4}" text-anchor="end">{value:,.10g}</text>'


def _x_axis(scale: _Scale) -> Iterator[str]:
    """Yield ticks at even distances, dates, or times where all is within two days; one alone for one moment."""
    span = scale.last - scale.first
    words = "%Y-%m-%d" if span.days >= _X_TICKS else "%m-%d %H:%M"
    count = _X_TICKS if span else 1
    for tick in range(count):
        at = (scale.first + span * (tick / max(count - 1, 1))).astimezone(UTC)
        anchor = "middle" if count == 1 or 0 < tick < count - 1 else ("start" if tick == 0 else "end")
        x = scale.x(at)
        yield f'<text x="{x}" y="{_PANEL_HEIGHT - _BOTTOM + 18}" text-anchor="{anchor}">{at:{words}}</text>'


def _nice_top(panel: Panel) -> float:
    """Return the least 1, 2, 4, 6 or 8 times a power of ten at or above the highest value, so that quarters are round."""
    highest = max(dot.value for dot in panel.dots)
    if highest <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(highest))
    return float(next(step * power for step in (1, 2, 4, 6, 8, 10, 20) if step * power >= highest))


def _described(panel: Panel) -> str:
    first, last = panel.dots[0], panel.dots[-1]
    marks = ", ".join(step.mark for step in panel.steps if step.mark) or "no change"
    return f"{panel.title}: {first.value:,.6g} to {last.value:,.6g} {panel.unit} in {len(panel.dots)} runs, {marks}"


def _text(text: str) -> str:
    return escape(one_line(text), {'"': "&quot;"})
