"""A query file, cut into blocks: the header lines and the one statement of each query."""

import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from perfkit.errors import CatalogError
from perfkit.syntax.lexer import SqlError, Token, TokenKind, tokenize
from perfkit.syntax.limits import STATEMENT_CHARACTERS_MAX

KEYS = ("name", "summary", "weight", "budget", "param", "case", "cases", "allow")
HEADER_LINE = re.compile(r"--[ \t]{0,2}([A-Za-z_][\w-]*)[ \t]*:(?![:=])[ \t]*(.*)", re.DOTALL)


@dataclass(slots=True, kw_only=True)
class Block:
    """One query of a file as text: `comments` are the lines of its header with their line numbers.

    `sql` is the statement without its semicolon, '' when there is none, beginning in line `sql_line`;
    `references` are its parameters, by their places in `sql`.
    """

    line: int
    comments: list[tuple[int, str]] = field(default_factory=list)
    sql: str = ""
    sql_line: int = 0
    references: list[Token] = field(default_factory=list)


def split_blocks(text: str, path: Path, problems: list[CatalogError]) -> Iterator[Block]:
    """Yield the queries of a file's text, whose lines end in newlines; what is wrong is added to `problems`."""
    splitter = _Splitter(text, path, problems)
    try:
        for token in tokenize(text):
            finished = splitter.take(token)
            if finished is not None:
                yield finished
    except SqlError as error:
        problems.append(CatalogError(error.message, path=path, line=error.line, hint=error.hint))
        return
    last = splitter.finish()
    if last is not None:
        yield last


class _Splitter:
    """The place in a file where its tokens have been taken up to."""

    def __init__(self, text: str, path: Path, problems: list[CatalogError]) -> None:
        self._text = text
        self._path = path
        self._problems = problems
        self._newlines = [match.start() for match in re.finditer("\n", text)]
        self._block: Block | None = None
        self._start = self._end = -1
        self._ended = False
        self._complained = False

    def take(self, token: Token) -> Block | None:
        """Take the next token; return the block before it when it begins a new one."""
        if token.kind is TokenKind.LINE_COMMENT:
            return self._take_comment(token)
        if token.kind is TokenKind.SEMICOLON:
            self._ended = self._start >= 0
        elif token.kind is not TokenKind.BLOCK_COMMENT:
            self._take_sql(token)
        return None

    def finish(self) -> Block | None:
        """Return the block as it stands, None before the first name."""
        block = self._block
        if block is not None and self._start >= 0:
            if self._end - self._start > STATEMENT_CHARACTERS_MAX:
                self._complain(
                    self._start,
                    f"the statement has {self._end - self._start:,} characters; "
                    f"perfkit takes {STATEMENT_CHARACTERS_MAX:,} at most",
                )
                return None
            block.sql = self._text[self._start : self._end]
            block.sql_line = self._line(self._start)
        return block

    def _take_comment(self, token: Token) -> Block | None:
        line = self._line(token.start)
        line_start = self._newlines[line - 2] + 1 if line > 1 else 0
        if self._text[line_start : token.start].strip():
            return None
        comment = self._text[token.start : token.end]
        header = HEADER_LINE.match(comment)
        key = header[1] if header else ""
        if key == "name":
            finished = self.finish()
            self._block = Block(line=line)
            self._start = self._end = -1
            self._ended = self._complained = False
            self._block.comments.append((line, comment))
            return finished
        if self._block is None:
            if key in KEYS:
                self._complain(token.start, f"{key!r} stands before the first `-- name:`")
        elif self._start < 0:
            self._block.comments.append((line, comment))
        elif key in KEYS:
            self._complain(
                token.start, f"{key!r} stands below the statement's beginning", "move it above the SQL"
            )
        return None

    def _take_sql(self, token: Token) -> None:
        if self._block is None:
            self._complain_once(token.start, "SQL before the first `-- name:`")
        elif self._ended:
            self._complain_once(
                token.start, "a second statement; a query is one statement", "give it a `-- name:` of its own"
            )
        else:
            if self._start < 0:
                self._start = token.start
            self._end = token.end
            if token.kind is TokenKind.POSITION:
                self._complain(
                    token.start,
                    f"{self._text[token.start : token.end]} is no parameter of a query file",
                    "name it in the SQL, `:name`, and declare it: `-- param: name <type>`",
                )
            if token.name:
                start, end = token.start - self._start, token.end - self._start
                self._block.references.append(Token(token.kind, start, end, token.name))

    def _complain_once(self, position: int, message: str, hint: str = "") -> None:
        if not self._complained:
            self._complain(position, message, hint)
        self._complained = True

    def _complain(self, position: int, message: str, hint: str = "") -> None:
        self._problems.append(CatalogError(message, path=self._path, line=self._line(position), hint=hint))

    def _line(self, position: int) -> int:
        return bisect_left(self._newlines, position) + 1
