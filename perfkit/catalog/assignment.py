"""The values of a case: `key=value` pairs, quoted as in a shell."""

import re
from collections.abc import Iterator

_KEY = re.compile(r"([A-Za-z_]\w*)=")
_PIECE = re.compile(
    r"""'(?P<literal>[^']*)' | "(?P<quoted>(?:[^"\\]|\\.)*)" | \\(?P<escaped>.) | (?P<plain>[^\s'"\\]+)""",
    re.VERBOSE | re.DOTALL,
)
_SPACE = re.compile(r"\s*")
_ESCAPE = re.compile(r'\\(["\\])')


def read_assignments(text: str) -> Iterator[tuple[str, str | None]]:
    r"""Yield each `key=value` of `text`; the word NULL without quotes is None. ValueError says what cannot be read.

    Quoting is a POSIX shell's: '…' keeps all, "…" lets \ protect " and \, and outside of both \ protects anything.
    """
    position = _past_space(text, 0)
    while position < len(text):
        key = _KEY.match(text, position)
        if key is None:
            raise ValueError(f"{_word_at(text, position)!r} is not key=value")
        value, end = _read_value(text, key.end())
        yield key[1], value
        position = _past_space(text, end)


def _read_value(text: str, start: int) -> tuple[str | None, int]:
    pieces: list[str] = []
    position = start
    while position < len(text) and not text[position].isspace():
        piece = _PIECE.match(text, position)
        if piece is None:
            raise ValueError(f"the quote in {_word_at(text, start)!r} never ends")
        content = piece[str(piece.lastgroup)]
        pieces.append(_ESCAPE.sub(r"\1", content) if piece.lastgroup == "quoted" else content)
        position = piece.end()
    is_null = text[start:position].upper() == "NULL"
    return None if is_null else "".join(pieces), position


def _past_space(text: str, position: int) -> int:
    space = _SPACE.match(text, position)
    return space.end() if space else position


def _word_at(text: str, position: int) -> str:
    return text[position:].split(maxsplit=1)[0]
