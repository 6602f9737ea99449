"""An upper bound of how deep a statement's parse tree is, found without parsing it.

PostgreSQL's server checks its stack while it parses; the parser as a library does not when it writes its result, and
ends the process on some tens of thousands of operators in a row.
"""

from dataclasses import dataclass

from perfkit.syntax.lexer import SqlError, TokenKind, line_at, tokenize
from perfkit.syntax.limits import STATEMENT_DEPTH_MAX

# Each of these can put the expression before it one level down. AND and OR are kept flat by the parser.
_CHAINING = frozenset({"not", "is", "isnull", "notnull", "collate", "at"})
# These put what stands before them one level down, commas or not.
_NESTING = frozenset({"case", "join", "union", "intersect", "except"})
_WORD_LENGTH_MAX = 10
_SEPARATING = frozenset({",", "and", "or"})


@dataclass(slots=True)
class _Level:
    """The text between two brackets: levels of the expression at hand, of its deepest one, and those across commas."""

    current: int = 0
    deepest: int = 0
    across: int = 0

    def deepen(self, levels: int) -> None:
        self.current += levels
        self.deepest = max(self.deepest, self.current)

    @property
    def depth(self) -> int:
        return self.deepest + self.across


def check_depth(sql: str) -> None:
    """Raise SqlError when the parse tree of `sql` may be deeper than the parser library can take."""
    if len(sql) <= STATEMENT_DEPTH_MAX:  # every level takes a character
        return
    levels = [_Level()]
    for token in tokenize(sql):
        text = sql[token.start : token.end].lower() if token.end - token.start < _WORD_LENGTH_MAX else ""
        if text in ("(", "["):
            levels.append(_Level())
        elif text in (")", "]") and len(levels) > 1:
            inside = levels.pop()
            levels[-1].deepen(inside.depth + 1)
        elif text in _SEPARATING:
            levels[-1].current = 0
        elif text in _NESTING:
            levels[-1].across += 1
        elif token.kind is TokenKind.OPERATOR or text in _CHAINING:
            levels[-1].deepen(1)
        if levels[-1].depth > STATEMENT_DEPTH_MAX or len(levels) > STATEMENT_DEPTH_MAX:
            raise SqlError(
                f"the statement nests more than {STATEMENT_DEPTH_MAX:,} levels deep",
                line=line_at(sql, token.start),
                hint="operators, joins and UNIONs in a row count too",
            )
