"""Layout of plain text in columns: visible characters, display width, padding, wrapping, sharing of space."""

import re
from collections.abc import Sequence

# What a terminal, a log viewer or an XML parser would obey, refuse or hide: control characters (C0 but tab and
# newline, DEL, C1), line and paragraph separators, bidirectional overrides, lone surrogates, noncharacters, tags.
_HIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufeff\ufff9-\ufffb\ufffe\uffff"
    "\U000e0000-\U000e007f]"
)
# A quoted string or name counts as one word: a line broken inside it would be another statement when pasted.
_WORD = re.compile(r"""(\s*)((?:(?<!\w)'[^']*'|"[^"]*"|\S)+)""")
# Text behind a label and two spaces hangs under itself, not under the label.
_LABEL = re.compile(r"\s*\S{1,14} {2,}")
_HANG_COLUMNS = 2
# Where a name that is too long for its table cell is broken.
_SEPARATORS = "/_.,"


def visible(text: str) -> str:
    """Return the text with every hidden or dangerous character written out as its escape; tabs become four spaces."""
    text = text.replace("\r\n", "\n").replace("\t", "    ")
    if text.isascii() and text.isprintable():
        return text
    return _HIDDEN.sub(_written_out, text)


def one_line(text: str) -> str:
    """Return the visible text with its line ends turned into spaces."""
    return " ".join(visible(text).split("\n"))


def width_of(text: str) -> int:
    """Return how many terminal columns the visible text takes (East Asian wide characters two, marks none)."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len  # late: most texts are ASCII

    return cell_len(text)


def padded(text: str, width_columns: int, *, right: bool = False) -> str:
    """Return the text with spaces up to the width, before it when it is aligned `right`."""
    spaces = " " * (width_columns - width_of(text))
    return spaces + text if right else text + spaces


def wrapped(text: str, width_columns: int, *, hanging: str = "") -> list[str]:
    """Return the line's lines of at most the width, broken at spaces, all but the first after `hanging`.

    A word or quoted string longer than the width stays whole, so that it can be copied.
    """
    if width_of(text) <= width_columns:
        return [text]
    lines: list[str] = []
    line, line_columns = "", 0
    for space, word in _WORD.findall(text):
        more_columns = len(space) + width_of(word)
        if line.strip() and line_columns + more_columns > width_columns:
            lines.append(line)
            line, line_columns = hanging + word, width_of(hanging) + width_of(word)
        else:
            line, line_columns = line + space + word, line_columns + more_columns
    return [*lines, line]


def hanging_for(line: str) -> str:
    """Return the spaces that the line's continuation lines begin with."""
    label = _LABEL.match(line)
    own_columns = len(line) - len(line.lstrip())
    return " " * (width_of(label[0]) if label else own_columns + _HANG_COLUMNS)


def chopped(text: str, width_columns: int) -> list[str]:
    """Return the text's lines for a table cell: wrapped, and words longer than the width broken."""
    lines: list[str] = []
    for line in wrapped(text, width_columns):
        rest = line
        while width_of(rest) > width_columns:
            length = _fitting_length(rest, width_columns)
            lines.append(rest[:length])
            rest = rest[length:]
        lines.append(rest)
    return lines


def share_out(wanted: Sequence[int], available: int) -> list[int]:
    """Return what each gets of the available: the modest all that they want, the greedy the same share each."""
    granted = [0] * len(wanted)
    order = sorted(range(len(wanted)), key=lambda index: wanted[index])
    for position, index in enumerate(order):
        granted[index] = min(wanted[index], max(available, 0) // (len(order) - position))
        available -= granted[index]
    return granted


def _fitting_length(text: str, width_columns: int) -> int:
    """Return how many characters, at least one, fit the width; up to a separator when one stands in the second half."""
    length, columns = 0, 0
    for character in text:
        columns += width_of(character)
        if columns > width_columns:
            break
        length += 1
    separated = max(text.rfind(separator, 0, length) for separator in _SEPARATORS) + 1
    return max(separated if separated > length // 2 else length, 1)


def _written_out(match: re.Match[str]) -> str:
    code = ord(match[0])
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"
