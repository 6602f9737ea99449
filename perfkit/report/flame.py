"""Flame graph: a tree of calls as one SVG for light and dark pages, the outermost function lowest, widths as shares."""

from collections.abc import Iterator

from perfkit.profile.stacks import Frame
from perfkit.report.svg import CHARACTER_WIDTH, TOP, WIDTH, page, text

_ROW_HEIGHT = 17
_MARGIN = 12
# Thinner than this, nothing can be seen; the frames above it are thinner still.
_WIDTH_LEAST = 0.4
_WIDTH_OF_WORDS = 5 * CHARACTER_WIDTH
# Neighbours differ by shade alone: colour says nothing here.
_SHADES = ("#f6c177", "#f2ae66", "#eb9b56", "#e0884a")
_STYLE = "".join(f".f{number} {{ fill: {shade}; }}\n" for number, shade in enumerate(_SHADES)) + (
    ".frame { stroke: #ffffff; stroke-width: 0.5; }\n.inside { fill: #1f2328; }\n"
)


def draw_flame(title: str, root: Frame) -> str:
    """Return the SVG of a tree that was seen at least once; a pointer that rests on a function is told its whole name."""
    rows = _depth(root)
    height = TOP + rows * _ROW_HEIGHT + _MARGIN
    lines = _lines(title, root, height)
    return page(title, f"{root.count:,} stacks, up to {rows - 1} functions deep", height, lines, _STYLE)


def _lines(title: str, root: Frame, height: int) -> Iterator[str]:
    yield f'<text class="name" x="{_MARGIN}" y="20">{text(title)}</text>'
    scale = (WIDTH - 2 * _MARGIN) / root.count
    pending = [(root, float(_MARGIN), 0)]
    while pending:
        frame, left, depth = pending.pop()
        width = frame.count * scale
        if width < _WIDTH_LEAST:
            continue
        top = height - _MARGIN - (depth + 1) * _ROW_HEIGHT
        yield from _frame(frame, left, top, width, root.count)
        for called in frame.calls:
            pending.append((called, left, depth + 1))
            left += called.count * scale


def _frame(frame: Frame, left: float, top: float, width: float, whole: int) -> Iterator[str]:
    told = text(f"{frame.name}: {frame.count / whole * 100:.1f} % ({frame.count:,} stacks)")
    shade = sum(frame.name.encode()) % len(_SHADES)
    place = f'x="{left:.1f}" y="{top}" width="{width:.1f}" height="{_ROW_HEIGHT}"'
    yield f'<rect class="frame f{shade}" {place}><title>{told}</title></rect>'
    if width >= _WIDTH_OF_WORDS:
        letters = int((width - 6) / CHARACTER_WIDTH)
        name = frame.name if len(frame.name) <= letters else f"{frame.name[: letters - 1]}…"
        # The pointer is for the box behind the words.
        style = 'class="inside" pointer-events="none"'
        yield f'<text {style} x="{left + 3:.1f}" y="{top + 12}">{text(name)}</text>'


def _depth(root: Frame) -> int:
    depth, row = 0, [root]
    while row:
        depth += 1
        row = [called for frame in row for called in frame.calls]
    return depth
