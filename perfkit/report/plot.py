"""Plot: a few sequences over time as one SVG, each in a panel of its own with its unit, for light and dark pages."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from perfkit.report.svg import BOTTOM, CHARACTER_WIDTH, LEFT, RIGHT, TOP, WIDTH, nice_top, page, text, y_axis

_PANEL_HEIGHT = 200
_CLEAR = 18  # above the highest point, for the marks' words
_X_TICKS = 6
_POINT_RADIUS = 2.6


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
    """One sequence, at least one dot, oldest first; `unit` stands behind the title, '' where that says it; values are at least 0."""

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
    lines = _lines(panels, first, last)
    return page(title, "; ".join(map(_described, panels)), len(panels) * _PANEL_HEIGHT, lines)


def _lines(panels: Sequence[Panel], first: datetime, last: datetime) -> Iterator[str]:
    for number, panel in enumerate(panels):
        yield f'<g transform="translate(0 {number * _PANEL_HEIGHT})">'
        top = nice_top(max(dot.value for dot in panel.dots))
        yield from _panel(panel, _Scale(first, last, top))
        yield "</g>"


@dataclass(frozen=True, slots=True)
class _Scale:
    """Where moments and values stand within a panel."""

    first: datetime
    last: datetime
    top: float

    def x(self, at: datetime) -> float:
        seconds = (self.last - self.first).total_seconds()
        share = (at - self.first).total_seconds() / seconds if seconds else 0.5
        return round(LEFT + share * (WIDTH - LEFT - RIGHT), 1)

    def y(self, value: float) -> float:
        bottom = _PANEL_HEIGHT - BOTTOM
        return round(bottom - value / self.top * (bottom - TOP - _CLEAR), 1)


def _panel(panel: Panel, scale: _Scale) -> Iterator[str]:
    title = ", ".join(filter(None, (panel.title, panel.unit)))
    yield f'<text class="name" x="{LEFT}" y="20">{text(title)}</text>'
    yield from y_axis(scale.top, scale.y(0), scale.y(scale.top))
    yield from _x_axis(scale)
    path = " ".join(f"{scale.x(dot.at)},{scale.y(dot.value)}" for dot in panel.dots)
    yield f'<polyline class="line" points="{path}"/>'
    for dot in panel.dots:
        place = f'cx="{scale.x(dot.at)}" cy="{scale.y(dot.value)}" r="{_POINT_RADIUS}"'
        yield f'<circle class="point" {place}><title>{text(dot.label)}</title></circle>'
    yield from _levels(panel, scale)


def _levels(panel: Panel, scale: _Scale) -> Iterator[str]:
    """Yield each level, a line where it begins, and over them the words; those that would run into others go below."""
    bottom = _PANEL_HEIGHT - BOTTOM
    ends = [0.0, 0.0, 0.0]
    marked = [step for step in panel.steps if step.mark]
    for step in panel.steps:
        x, y = scale.x(step.start), scale.y(step.value)
        yield f'<line class="level" x1="{x}" x2="{scale.x(step.end)}" y1="{y}" y2="{y}"/>'
    for step in marked:
        x = scale.x(step.start)
        yield f'<line class="mark" x1="{x}" x2="{x}" y1="{TOP - 10}" y2="{bottom}"/>'
    for step in marked:
        x = scale.x(step.start)
        width = len(step.mark) * CHARACTER_WIDTH
        start = x + 4 if x + 4 + width <= WIDTH else x - 4 - width
        row = next((row for row, end in enumerate(ends) if end <= start), len(ends) - 1)
        ends[row] = start + width
        anchor = "start" if start > x else "end"
        text_x = x + 4 if start > x else x - 4
        yield f'<text class="word" x="{text_x}" y="{TOP - 2 + row * 13}" text-anchor="{anchor}">{text(step.mark)}</text>'


def _x_axis(scale: _Scale) -> Iterator[str]:
    """Yield ticks at even distances, dates, or times where all is within a few days, each once."""
    span = scale.last - scale.first
    words = "%Y-%m-%d" if span.days >= _X_TICKS else "%m-%d %H:%M"
    count = _X_TICKS if span else 1
    before = ""
    for tick in range(count):
        at = (scale.first + span * (tick / max(count - 1, 1))).astimezone(UTC)
        anchor = "middle" if count == 1 or 0 < tick < count - 1 else ("start" if tick == 0 else "end")
        told = f"{at:{words}}"
        if told != before:
            yield f'<text x="{scale.x(at)}" y="{_PANEL_HEIGHT - BOTTOM + 18}" text-anchor="{anchor}">{told}</text>'
        before = told


def _described(panel: Panel) -> str:
    first, last = panel.dots[0], panel.dots[-1]
    marks = ", ".join(step.mark for step in panel.steps if step.mark) or "no change"
    values = " ".join(filter(None, (f"{first.value:,.6g} to {last.value:,.6g}", panel.unit)))
    return f"{panel.title}: {values} in {len(panel.dots)} runs, {marks}"
