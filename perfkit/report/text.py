"""The text format: what a person reads in a terminal, or a pipe carries to one."""

from dataclasses import dataclass

from perfkit.report.document import Cell, Code, Document, Item, Listing, Paragraph, Table, Tone, Written
from perfkit.report.layout import (
    chopped,
    hanging_for,
    one_line,
    padded,
    share_out,
    visible,
    width_of,
    wrapped,
)
from perfkit.report.options import RenderOptions

_COLOURS = {Tone.GOOD: "32", Tone.WARN: "33", Tone.BAD: "31", Tone.FAINT: "2"}
_BOLD = "1"
_GAP = "  "
_INDENT = "  "
# A column squeezed below this is unreadable; the table runs over the edge instead.
_NARROWEST_COLUMN = 8


def render(document: Document, options: RenderOptions) -> str:
    """Return the document as text that ends in a newline; the same document and options give the same text.

    Nothing in the document is obeyed: control characters are written out and markup stays as it is. Without a
    terminal, lines of listings and code are not wrapped, so that a statement in them can be copied or searched.
    """
    parts = [_painted(one_line(document.title), _BOLD, options)]
    previous: Written | None = None
    for block in document.written:
        text = _block(block, options)
        if isinstance(block, Paragraph) and isinstance(previous, Paragraph):
            parts[-1] += "\n" + text
        else:
            parts.append(text)
        previous = block
    return "\n\n".join(parts) + "\n"


def _block(block: Written, options: RenderOptions) -> str:
    match block:
        case Paragraph():
            return "\n".join(_paragraph(block, options))
        case Table():
            return "\n".join(_table(block, options))
        case Listing():
            return _listing(block, options)
        case Code():
            lines = visible(block.text).rstrip("\n").split("\n")
            return "\n".join([_title(block.title, options), *(f"{_INDENT}{line}".rstrip() for line in lines)])


def _paragraph(paragraph: Paragraph, options: RenderOptions) -> list[str]:
    lines: list[str] = []
    for line in visible(paragraph.text).split("\n"):
        lines += wrapped(line, options.width_columns, hanging=" " * (len(line) - len(line.lstrip())))
    return [_toned(line, paragraph.tone, options) for line in lines]


def _listing(listing: Listing, options: RenderOptions) -> str:
    items = ["\n".join(_item(item, options)) for item in listing.items] or [f"{_INDENT}none"]
    separator = "\n\n" if any(item.lines for item in listing.items) else "\n"
    title = _title(listing.title, options)
    return (title + "\n" + separator.join(items)) if title else separator.join(items)


def _item(item: Item, options: RenderOptions) -> list[str]:
    heading = wrapped(one_line(item.heading), options.width_columns, hanging=_INDENT)
    code = ";".join(filter(None, (_BOLD, _COLOURS.get(item.tone))))
    lines = [_painted(line, code, options) for line in heading]
    for paragraph in item.lines:
        lines += [_toned(line, paragraph.tone, options) for line in _item_lines(paragraph.text, options)]
    return lines


def _item_lines(text: str, options: RenderOptions) -> list[str]:
    """Return the text's lines under an item's heading; all but the first hang, so that none looks like a new one."""
    first, *rest = visible(text).split("\n")
    first = _INDENT + first
    hanging = hanging_for(first)
    lines = [first, *(hanging + line for line in rest)]
    if not options.terminal:
        return lines
    return [part for line in lines for part in wrapped(line, options.width_columns, hanging=hanging)]


@dataclass(frozen=True, slots=True)
class _Column:
    width_columns: int
    right: bool


def _table(table: Table, options: RenderOptions) -> list[str]:
    headings = tuple(Cell(one_line(heading)) for heading in table.headings)
    rows = [tuple(Cell(one_line(cell.text), cell.tone) for cell in row) for row in table.rows]
    columns = _columns([headings, *rows], table.numeric, options.width_columns)
    table_columns = sum(column.width_columns for column in columns) + len(_GAP) * (len(columns) - 1)
    # A plain hyphen survives what a pipe may lead to: another encoding, an e-mail.
    rule = ("─" if options.terminal else "-") * table_columns
    lines = [_title(table.title, options)] if table.title else []
    lines += _row(headings, columns, options)
    lines.append(_painted(rule, _COLOURS[Tone.FAINT], options))
    for row in rows:
        lines += _row(row, columns, options)
    return lines if rows else [*lines, "none"]


def _columns(rows: list[tuple[Cell, ...]], numeric: frozenset[int], available: int) -> list[_Column]:
    """Return the columns' widths: all that their cells want, or else the widest words' columns wrapped to fit."""
    by_column = list(zip(*rows, strict=True))
    natural = [max(width_of(cell.text) for cell in column) for column in by_column]
    room = available - len(_GAP) * (len(natural) - 1)
    widths = natural
    if sum(natural) > room:
        words = [
            width if index in numeric else max(_longest_word(cell.text) for cell in by_column[index])
            for index, width in enumerate(natural)
        ]
        narrowest = [
            width if index in numeric else min(width, _NARROWEST_COLUMN)
            for index, width in enumerate(natural)
        ]
        least = words if sum(words) <= room else narrowest
        extra = share_out([width - low for width, low in zip(natural, least, strict=True)], room - sum(least))
        widths = [low + more for low, more in zip(least, extra, strict=True)]
    return [_Column(width, index in numeric) for index, width in enumerate(widths)]


def _longest_word(text: str) -> int:
    return max(map(width_of, text.split()), default=0)


def _row(row: tuple[Cell, ...], columns: list[_Column], options: RenderOptions) -> list[str]:
    """Return the row's lines, several when a cell is wrapped."""
    cells = [chopped(cell.text, column.width_columns) for cell, column in zip(row, columns, strict=True)]
    lines = []
    for number in range(max(map(len, cells), default=0)):
        parts = []
        for cell, texts, column in zip(row, cells, columns, strict=True):
            text = texts[number] if number < len(texts) else ""
            filled = padded(text, column.width_columns, right=column.right)
            # Only the words are coloured, not the spaces, which are cut at the line's end.
            parts.append(filled.replace(text, _toned(text, cell.tone, options), 1) if text else filled)
        lines.append(_GAP.join(parts).rstrip())
    return lines


def _title(title: str, options: RenderOptions) -> str:
    return _painted(one_line(title), _BOLD, options)


def _toned(text: str, tone: Tone, options: RenderOptions) -> str:
    return _painted(text, _COLOURS.get(tone, ""), options)


def _painted(text: str, code: str, options: RenderOptions) -> str:
    """Return the text in the colour, its leading and trailing spaces left plain."""
    words = text.strip()
    if not (options.colour and code and words):
        return text
    start = text.index(words)
    return f"{text[:start]}\x1b[{code}m{words}\x1b[0m{text[start + len(words) :]}"
