"""What perfkit's pictures share: one look for light and dark pages, round axes, text that shows as text."""

import math
from collections.abc import Iterator
from xml.sax.saxutils import escape

from perfkit.report.layout import one_line

WIDTH = 720
LEFT, RIGHT, TOP, BOTTOM = 64, 24, 44, 36
CHARACTER_WIDTH = 6.6  # of 11 px text, generously
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
.word { fill: #bc4c00; stroke: #ffffff; stroke-width: 4; paint-order: stroke; }
@media (prefers-color-scheme: dark) {
  text { fill: #9198a1; }
  .name { fill: #e6edf3; }
  .page { fill: #0d1117; }
  .grid { stroke: #30363d; }
  .line { stroke: #58a6ff; }
  .point { fill: #58a6ff; }
  .level { stroke: #e6edf3; }
  .mark { stroke: #f0883e; }
  .word { fill: #f0883e; stroke: #0d1117; }
}
"""
_Y_TICKS = 4


def page(title: str, description: str, height: int, lines: Iterator[str], style: str = "") -> str:
    """Return the SVG with these lines, and with words for those who cannot see it; `style` is added to the common one."""
    size = f'viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}"'
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-labelledby="title description" {size}>',
            f'<title id="title">{text(title)}</title>',
            f'<desc id="description">{text(description)}</desc>',
            f"<style>{_STYLE}{style}</style>",
            f'<rect class="page" width="{WIDTH}" height="{height}"/>',
            *lines,
            "</svg>",
            "",
        ]
    )


def y_axis(top: float, bottom_y: float, top_y: float, right: float = WIDTH - RIGHT) -> Iterator[str]:
    """Yield the grid lines of a vertical axis from 0 at `bottom_y` to `top` at `top_y`, in quarters, with their numbers.

    They run to `right`.
    """
    for tick in range(_Y_TICKS + 1):
        y = round(bottom_y - tick / _Y_TICKS * (bottom_y - top_y), 1)
        yield f'<line class="grid" x1="{LEFT}" x2="{right}" y1="{y}" y2="{y}"/>'
        yield f'<text x="{LEFT - 8}" y="{y + 4}" text-anchor="end">{top * tick / _Y_TICKS:,.10g}</text>'


def nice_top(highest: float) -> float:
    """Return the least 1, 2, 4, 6 or 8 times a power of ten at or above the highest value, so that quarters are round."""
    if highest <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(highest))
    return float(next(step * power for step in (1, 2, 4, 6, 8, 10, 20) if step * power >= highest))


def text(words: str) -> str:
    """Return the words as they stand in an SVG."""
    return escape(one_line(words), {'"': "&quot;"})
