"""The blocks of a document as HTML."""

import re
from collections.abc import Iterator

from perfkit.report.document import (
    Block,
    Cell,
    Code,
    Item,
    Listing,
    Paragraph,
    Picture,
    Plans,
    Table,
)
from perfkit.report.page.anchors import Anchors, identified, link, name_of
from perfkit.report.page.escape import line, prose, text, toned
from perfkit.report.page.pictures import picture_html
from perfkit.report.page.plans import plans_html

# Columns whose cells are shares of one whole, and get a bar.
_SHARES = frozenset({"load", "share", "share of time"})
# First columns that say how a row went, before its name.
_STATES = frozenset({"state"})
_PERCENT = re.compile(r"(\d+(?:\.\d+)?) ?%")
# Longer code is opened by those who want it.
_CHARACTERS_SHOWN = 4_000
_DIFF_TAGS = {"-": "del", "+": "ins"}


def block_html(block: Block, anchors: Anchors) -> Iterator[str]:
    """Yield the block's HTML."""
    match block:
        case Paragraph():
            yield f"<p{toned(block.tone)}>{prose(block.text)}</p>"
        case Table():
            yield from _titled(block.title, _table(block, anchors), anchors, folded=block.detail)
        case Listing():
            yield from _titled(block.title, _items(block, anchors), anchors, folded=block.detail)
        case Code():
            is_short = len(block.text) <= _CHARACTERS_SHOWN
            yield from _titled(block.title, _code(block), anchors, folded=True, opened=is_short)
        case Picture():
            yield from _titled(block.title, _picture(block, anchors), anchors)
        case Plans():
            yield from _titled(block.title, plans_html(block, anchors), anchors)


def _titled(
    title: str, body: Iterator[str], anchors: Anchors, *, folded: bool = False, opened: bool = False
) -> Iterator[str]:
    """Yield the body under its title, which may fold it, and be opened already."""
    anchor = anchors.new(title) if title else ""
    if title:
        anchors.sections.append((anchor, title))
    if folded:
        state = " open" if opened else ""
        yield f'<details class="folded"{identified(anchor)}{state}><summary>{line(title or "Details")}</summary>'
        yield from body
        yield "</details>"
        return
    if title:
        yield f"<h2{identified(anchor)}>{line(title)}</h2>"
    yield from body


def _picture(picture: Picture, anchors: Anchors) -> Iterator[str]:
    yield picture_html(picture, anchors.new("picture"))


def _table(table: Table, anchors: Anchors) -> Iterator[str]:
    name = line(table.title or table.headings[0])
    # A row that begins with how its check went is named by what follows.
    named = 1 if table.headings[0] in _STATES else 0
    columns = _columns(table, named)
    yield f'<div class="scroll" tabindex="0" role="region" aria-label="{name}"><table>'
    heads = (_heading(table.headings[n], numeric=n in table.numeric) for n in columns)
    yield f"<thead><tr>{''.join(heads)}</tr></thead><tbody>"
    for row in table.rows:
        cells = (
            _row_heading(row[n], table.headings[n], anchors, numeric=n in table.numeric)
            if n == named
            else _cell(row[n], table.headings[n], numeric=n in table.numeric)
            for n in columns
        )
        yield f"<tr{_indent(row[0])}>{''.join(cells)}</tr>"
    if not table.rows:
        yield f'<tr><td class="faint" colspan="{len(columns)}">none</td></tr>'
    yield "</tbody></table></div>"


def _columns(table: Table, named: int) -> list[int]:
    """Return the columns that are shown: the one that names the rows, and those that have something in a row."""
    rows = table.rows
    return [
        n for n in range(len(table.headings)) if n == named or not rows or any(row[n].text for row in rows)
    ]


def _heading(heading: str, *, numeric: bool) -> str:
    right = ' class="number"' if numeric else ""
    return f'<th scope="col"{right}>{line(heading)}</th>' if heading else f"<td{right}></td>"


def _row_heading(cell: Cell, heading: str, anchors: Anchors, *, numeric: bool) -> str:
    """Return the cell that names its row, a link where the page tells more of it; a number says what it counts."""
    words = cell.text.lstrip(" ")
    classes = toned(cell.tone, *(["number"] if numeric else []))
    label = _label(heading) if numeric else ""
    return f'<th scope="row"{classes}{label}>{link(anchors.of_case(words), line(words))}</th>'


def _indent(cell: Cell) -> str:
    """Return the style of a row whose first cell begins with spaces: they indent it."""
    columns = len(cell.text) - len(cell.text.lstrip(" "))
    return f' style="--indent:{columns * 0.6:.2f}rem"' if columns else ""


def _cell(cell: Cell, heading: str, *, numeric: bool) -> str:
    classes = ["number"] if numeric else []
    bar = ""
    if heading in _SHARES and (percent := _PERCENT.fullmatch(cell.text)):
        classes.append("share")
        bar = f' style="--share:{percent[1]}%"'
    return f"<td{toned(cell.tone, *classes)}{bar}{_label(heading)}>{line(cell.text)}</td>"


def _label(heading: str) -> str:
    """Return the attribute of a cell's heading, behind which it stands on a narrow screen, which has no columns."""
    return f' data-label="{line(heading)}"' if heading else ""


def _items(listing: Listing, anchors: Anchors) -> Iterator[str]:
    short = "" if any(item.lines or item.language for item in listing.items) else " short"
    yield f'<ul class="items{short}">'
    told: set[str] = set()
    for item in listing.items:
        yield from _item(item, anchors, told)
    if not listing.items:
        yield '<li class="faint">none</li>'
    yield "</ul>"


def _item(item: Item, anchors: Anchors, told: set[str]) -> Iterator[str]:
    name = "" if item.language else name_of(item.heading)
    anchor = anchors.items.get(name, "") if name not in told else ""
    told.add(name)
    yield f"<li{toned(item.tone)}{identified(anchor)}>"
    if item.language:
        yield f"<pre><code>{line(item.heading)}</code></pre>"
    else:
        plan = link(anchors.plans.get(name, ""), "plan", ' class="beside"') if name in anchors.plans else ""
        yield f'<p><span class="heading">{line(item.heading)}</span>{plan}</p>'
    for paragraph in item.lines:
        yield f"<p{toned(paragraph.tone)}>{prose(paragraph.text)}</p>"
    yield "</li>"


def _code(code: Code) -> Iterator[str]:
    lines = text(code.text).rstrip("\n").split("\n")
    if lines[0].startswith("--- "):
        lines = [_diff_line(each) for each in lines]
    yield "<pre><code>" + "\n".join(lines) + "</code></pre>"


def _diff_line(words: str) -> str:
    tag = _DIFF_TAGS.get(words[:1])
    return f"<{tag}>{words}</{tag}>" if tag else words
