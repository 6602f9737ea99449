"""The Markdown format: the document for a pull request's comment or a job summary, in GitHub's flavour."""

import html
import re
from collections.abc import Sequence
from dataclasses import dataclass

from perfkit.report.document import (
    Cell,
    Code,
    Document,
    Item,
    Listing,
    Paragraph,
    Table,
    Written,
    result_first,
)
from perfkit.report.layout import one_line, visible
from perfkit.report.options import RenderOptions

# The most characters that GitHub takes in a comment.
_LARGEST_CHARACTERS = 65_536
# Left to a job that posts it, for the mark by which it finds its comment again.
_MARK_CHARACTERS = 200
# Kept back for a note that something was left out, more than any of them is long.
_NOTE_CHARACTERS = 200
_LEFT_OUT = f"left out, GitHub takes {_LARGEST_CHARACTERS:,} characters; the text and JSON formats have all"

_SPECIAL = re.compile(
    r"(?P<mark>[\\`*\[\]|~]|(?<![^\W_])_|_(?![^\W_])|^[-+=#])"
    r"|(?P<html>[&<]|^>)"
    r"|(?P<dollar>\$)"
    r"|(?P<reference>@(?=\w)|#(?=\d)|:(?=[\w+-]+:))"
    r"|(?P<number>^\d+)(?=[.)](?:\s|$))"
)
_REFERENCE = re.compile(r"@(?=\w)|#(?=\d)|:(?=[\w+-]+:)")
# The name that a heading begins with, such as a case's.
_NAME = re.compile(r"(\S+): (?=\S)")
# An empty comment ends GitHub's mentions, issue links and emoji names without showing.
_NOTHING = "<!-- -->"
_FOLD_END = "\n\n</details>"


@dataclass(frozen=True, slots=True)
class _Part:
    """A block in pieces, so that a long one can be shown by its head, first pieces, each a `noun`, and tail."""

    head: str
    pieces: tuple[str, ...] = ()
    noun: str = ""
    tail: str = ""

    def length(self) -> int:
        return len(self.head) + sum(map(len, self.pieces)) + len(self.tail) + len("\n\n")


def render(document: Document, options: RenderOptions) -> str:  # noqa: ARG001 - every format has this face
    """Return the document as GitHub-flavoured Markdown of at most 65,536 characters, ending in a newline.

    The paragraphs that end the document, its result, come first: a terminal is read from its end, a comment from its
    beginning. Text shows as it is: it makes no HTML, formula, mention or further table cell. When the whole is too
    long, the longest blocks are left out or lose their last rows or items, and a note says so.
    """
    title = f"## {_escaped(document.title)}"
    parts = [_part(block) for block in result_first(tuple(document.written))]
    available = _LARGEST_CHARACTERS - _MARK_CHARACTERS - len(title) - len("\n")
    if sum(part.length() for part in parts) <= available:
        texts = [_whole(part) for part in parts]
    else:
        texts = _fitted(parts, available)
    return "\n\n".join([title, *texts]) + "\n"


def _fitted(parts: Sequence[_Part], available: int) -> list[str]:
    """Return the parts' texts, short parts before long ones, the first too long cut to what is left, in order."""
    # Each part that is kept pays for the note that may follow it; one more note may come first, one ends a cut.
    left = available - 2 * _NOTE_CHARACTERS
    texts = [""] * len(parts)
    for index in sorted(range(len(parts)), key=lambda index: parts[index].length()):
        text = _cut(parts[index], left - _NOTE_CHARACTERS)
        texts[index] = text
        left = left - _NOTE_CHARACTERS - len(text) if text == _whole(parts[index]) else 0
    return _with_notes(texts)


def _whole(part: _Part) -> str:
    return part.head + "".join(part.pieces) + part.tail


def _cut(part: _Part, characters: int) -> str:
    """Return the part whole or with as many pieces as fit, '' when it makes no sense with none."""
    text, available = part.head, characters - len(part.tail)
    for number, piece in enumerate(part.pieces):
        if len(text) + len(piece) + len("\n\n") > available:
            missing = len(part.pieces) - number
            return f"{text}\n\n*{missing:,} more {part.noun} {_LEFT_OUT}.*{part.tail}" if number else ""
        text += piece
    return text + part.tail if len(text) + len("\n\n") <= available else ""


def _with_notes(texts: Sequence[str]) -> list[str]:
    """Return the texts with one note in place of each run of blocks that were left out."""
    shown: list[str] = []
    missing = 0
    for text in [*texts, None]:
        if text == "":
            missing += 1
            continue
        if missing:
            shown.append(f"*{missing:,} of {len(texts):,} blocks {_LEFT_OUT}.*")
            missing = 0
        if text is not None:
            shown.append(text)
    return shown


def _part(block: Written) -> _Part:
    match block:
        case Paragraph():
            return _Part(_escaped(block.text))
        case Table():
            rows = tuple(f"\n{_row(row)}" for row in block.rows)
            return _part_of(block.title, _table_head(block), rows, "rows", detail=block.detail)
        case Listing():
            items = tuple(_item(item) for item in block.items)
            return _part_of(block.title, "", items, "items", detail=block.detail)
        case Code():
            return _Part(_folded(block))


def _part_of(title: str, head: str, pieces: tuple[str, ...], noun: str, *, detail: bool) -> _Part:
    """Return the pieces under their title, in which those of a detail are folded."""
    if detail:
        start = f"{_summary(title)}\n"
        return _Part(f"{start}\n{head}" if head else start, pieces, noun, tail=_FOLD_END)
    heading = f"{_heading(title)}\n" if title or not head else ""
    return _Part("\n".join(filter(None, (heading, head))), pieces, noun)


def _table_head(table: Table) -> str:
    rules = ("---:" if index in table.numeric else "---" for index in range(len(table.headings)))
    return f"{_row([Cell(heading) for heading in table.headings])}\n| {' | '.join(rules)} |"


def _row(row: Sequence[Cell]) -> str:
    return f"| {' | '.join(_escaped(cell.text) for cell in row)} |"


def _item(item: Item) -> str:
    """Return the item as a bullet of a list, its lines as bullets below it."""
    heading = one_line(item.heading)
    if item.language:
        told = f"{_fenced(heading, item.language)}\n".replace("\n", "\n  ").rstrip()
    elif name := _NAME.match(heading):
        told = f"**{_escaped(name[1])}**: {_escaped(heading[name.end() :])}"
    else:
        told = _escaped(heading)
    # A dash alone would make the line above it a heading.
    lines = "".join(f"\n  - {text}" for line in item.lines if (text := _escaped(line.text)))
    return f"\n- {told}{lines}"


def _heading(title: str) -> str:
    return f"### {_escaped(one_line(title))}" if title else ""


def _folded(code: Code) -> str:
    text = visible(code.text).rstrip("\n")
    # GitHub colours the lines of a unified diff.
    language = "diff" if text.startswith("--- ") else ""
    return f"{_summary(code.title)}\n\n{_fenced(text, language)}{_FOLD_END}"


def _summary(title: str) -> str:
    # The title stands in an HTML block, where Markdown's own escapes are not read.
    text = _REFERENCE.sub(rf"\g<0>{_NOTHING}", html.escape(one_line(title), quote=False))
    return f"<details><summary>{text}</summary>"


def _fenced(text: str, language: str) -> str:
    longest = max(map(len, re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{text}\n{fence}"


def _escaped(text: str) -> str:
    """Return the text in one line of Markdown that shows it as it is, its line ends as <br>."""
    return _SPECIAL.sub(_escape, visible(text).strip()).replace("\n", "<br>")


def _escape(match: re.Match[str]) -> str:
    text = match[0]
    match match.lastgroup:
        case "mark":
            return f"\\{text}"
        case "html":
            return html.escape(text)
        case "dollar":
            # GitHub reads $…$ as a formula; a span is the way out that its documentation names.
            return "<span>$</span>"
        case "reference":
            return text + _NOTHING
        case _:
            return f"{text}\\"
