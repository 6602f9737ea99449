"""The lexer: SQL text to tokens as PostgreSQL and psql read them, and `:name` references to `$n`.

It follows PostgreSQL's scan.l with standard_conforming_strings on, and psql's psqlscan.l for `:name` and `:'name'`.
As in psql, a colon directly before a name is a reference wherever it stands outside strings, comments and quoted
identifiers, so `a[1:n]` refers to n; write `a[1 : n]` for a slice up to the column n. A name begins with a letter or
an underscore, so `a[1:2]` is a slice. psql's `:"name"` puts an identifier into the text, which cannot be a parameter of
a statement, and is refused. A string that goes on in the next line is one string, as for the server; psql, which reads
line by line, takes it for two.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from enum import Enum
from typing import NamedTuple

from perfkit.errors import UsageError


class SqlError(UsageError):
    """A text is not SQL that perfkit can take; `line` counts from 1 at the beginning of that text."""

    def __init__(self, message: str, *, line: int, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.line = line


class TokenKind(Enum):
    """What a token is."""

    LINE_COMMENT = "line_comment"
    BLOCK_COMMENT = "block_comment"
    STRING = "string"
    QUOTED_IDENTIFIER = "quoted_identifier"
    WORD = "word"
    NUMBER = "number"
    POSITION = "position"
    PARAMETER = "parameter"
    OPERATOR = "operator"
    SEMICOLON = "semicolon"
    OTHER = "other"


class Token(NamedTuple):
    """A piece of the text, `text[start:end]`; `name` is the parameter's name when it is a reference."""

    kind: TokenKind
    start: int
    end: int
    name: str = ""


COMMENTS = (TokenKind.LINE_COMMENT, TokenKind.BLOCK_COMMENT)

_LETTER = r"A-Za-z_\x80-\U0010ffff"
# After a newline, a quote goes on with the string before it, in E'' backslashes and all.
_CONTINUED = r"[ \t\f\v]*+[\n\r][ \t\n\r\f\v]*+"
# Groups are not possessive: Python 3.11.2 goes on from where such a group failed, not from before it.
_QUOTED = r"'(?:[^']++|'')*'(?!')"
_ESCAPED = r"'(?:[^'\\]++|''|\\.)*'(?!')"
_TOKEN = re.compile(
    rf"""[ \t\n\r\f\v]*+(?:
      (?P<word>(?![eEbBxX]'|[uU]&['"])[{_LETTER}][{_LETTER}0-9$]*)
    | (?P<escaped>[eE]{_ESCAPED}(?:{_CONTINUED}{_ESCAPED})*)
    | (?P<string>(?:[bBxX]|[uU]&)?{_QUOTED}(?:{_CONTINUED}{_QUOTED})*)
    | (?P<quoted_identifier>(?:[uU]&)?"(?:[^"]++|"")*"(?!"))
    | (?P<number>0[xXoObB][0-9A-Fa-f_]+|(?:[0-9][0-9_]*(?:\.(?!\.)[0-9_]*)?|\.[0-9][0-9_]*)(?:[eE][+-]?[0-9]+)?)
    | (?P<semicolon>;)
    | (?P<line_comment>--[^\n\r]*)
    | (?P<comment_start>/\*)
    | (?P<cast>::)
    | (?P<assignment>:=)
    | (?P<parameter>:[{_LETTER}][{_LETTER}0-9]*|:'[{_LETTER}][{_LETTER}0-9]*')
    | (?P<identifier_parameter>:"[{_LETTER}0-9]+")
    | (?P<operator>(?:(?!--|/\*)[~!@\#^&|`?+\-*/%<>=])+)
    | (?P<position>\$[0-9]+)
    | (?P<dollar>\$(?:[{_LETTER}][{_LETTER}0-9]*)?\$)
    | (?P<unended_string>(?:[eEbBxX]|[uU]&)?')
    | (?P<unended_identifier>(?:[uU]&)?")
    | (?P<other>[^ \t\n\r\f\v])
    )""",
    re.VERBOSE | re.DOTALL,
)
_IN_WORD = re.compile(rf"[{_LETTER}0-9$]")
_COMMENT_EDGE = re.compile(r"/\*|\*/")
_KINDS = {kind.value: kind for kind in TokenKind} | {
    "escaped": TokenKind.STRING,
    "cast": TokenKind.OPERATOR,
    "assignment": TokenKind.OTHER,
}


def tokenize(text: str) -> Iterator[Token]:
    """Yield the tokens of `text` in order, with nothing but white space between them.

    SqlError at a string or comment that never ends, and at `:"name"`.
    """
    position, match_at = 0, _TOKEN.match
    while match := match_at(text, position):
        group = str(match.lastgroup)
        start, position = match.span(group)
        kind = _KINDS.get(group)
        if kind is None:
            kind, position = _long_token(text, group, start, position)
        name = text[start:position].strip(":'") if kind is TokenKind.PARAMETER else ""
        yield Token(kind, start, position, name)


def _long_token(text: str, group: str, start: int, end: int) -> tuple[TokenKind, int]:
    """Return kind and end of what a regular expression alone cannot find the end of."""
    if group == "identifier_parameter":
        raise SqlError(
            f"{text[start:end]} puts an identifier into the statement, which no parameter can do",
            line=line_at(text, start),
            hint="write the identifier itself, in one query for each",
        )
    if group == "comment_start":
        return TokenKind.BLOCK_COMMENT, _comment_end(text, start)
    if group.startswith("unended"):
        raise _never_ends(text, start, "string" if text[end - 1] == "'" else "quoted identifier")
    tag = text[start:end]
    closing = text.find(tag, end)
    if closing < 0:
        raise _never_ends(text, start, f"{tag} string")
    return TokenKind.STRING, closing + len(tag)


def _comment_end(text: str, start: int) -> int:
    depth = 0
    for edge in _COMMENT_EDGE.finditer(text, start):
        depth += 1 if edge[0] == "/*" else -1
        if depth == 0:
            return edge.end()
    raise _never_ends(text, start, "comment")


def _never_ends(text: str, start: int, what: str) -> SqlError:
    return SqlError(f"the {what} that begins here never ends", line=line_at(text, start))


def line_at(text: str, position: int) -> int:
    """Return the line, from 1, of the character at `position`."""
    return text.count("\n", 0, position) + 1


def references(sql: str) -> tuple[Token, ...]:
    """Return the parameters that `sql` refers to, each as often as it does."""
    return tuple(token for token in tokenize(sql) if token.name)


def replaced(sql: str, parameters: Iterable[Token], places: Mapping[str, int]) -> str:
    """Return `sql` with each of the `parameters`, which are its references, as `$n`, n = `places[name]`.

    Lines stay where they are. A name that has no place raises KeyError.
    """
    edits = []
    for token in parameters:
        # A space keeps `x:a` from becoming the identifier x$1, and `:'a'1` from becoming $11.
        before = " " if _IN_WORD.match(sql, token.start - 1) and token.start else ""
        after = " " if _IN_WORD.match(sql, token.end) else ""
        edits.append((token.start, token.end, f"{before}${places[token.name]}{after}"))
    return spliced(sql, edits)


def spliced(text: str, edits: Iterable[tuple[int, int, str]]) -> str:
    """Return the text with pieces of it replaced, each given by where it begins and ends, in order, and what stands there then."""
    pieces: list[str] = []
    position = 0
    for start, end, instead in edits:
        pieces += text[position:start], instead
        position = end
    return "".join([*pieces, text[position:]])


def translate(sql: str, places: Mapping[str, int]) -> str:
    """Return `sql` with each `:name` and `:'name'` as `$n`, n = `places[name]`: see `replaced`."""
    return replaced(sql, references(sql), places)
