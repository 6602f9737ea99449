"""Expressions as EXPLAIN prints them: tokens, literals out, lists split."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

# A cast of a constant: a name of one or two parts, the words and numbers that belong to a type, and array brackets.
_CAST = r"""
    (?: :: (?:"(?:[^"]|"")*"|[\w$]+) (?:\.(?:"(?:[^"]|"")*"|[\w$]+))?
        (?:\ (?:varying|precision))? (?:\(\s*\d+(?:\s*,\s*-?\d+)?\s*\))? (?:\ with(?:out)?\ time\ zone)?
        (?:\ (?:year|month|day|hour|minute|second|to)\b)* (?:\[\d*\])* )*
"""
_TOKEN = re.compile(
    rf"""
      (?P<constant>
        (?: [eE]'(?:[^'\\]|\\.|'')*(?:'|\Z)
          | (?:[bBxXnN]|[uU]&)?'(?:[^']|'')*(?:'|\Z)
          | \$\d+
          | (?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?
        ) {_CAST} )
    | (?P<quoted>  "(?:[^"]|"")*" )
    | (?P<name>    [^\W\d][\w$]* )
    | (?P<space>   \s+ )
    | (?P<cast>    :: )
    | (?P<operator>[-+*/<>=~!@\#%^&|`?]+ )
    | (?P<mark>    . )
    """,
    re.VERBOSE | re.DOTALL,
)
_TEMPORARY_SCHEMA = re.compile(r"pg_(toast_)?temp_\d+")
_CONSTANTS = re.compile(r"\?(?:, ?\?)+")


@dataclass(frozen=True, slots=True)
class Token:
    """One token; `kind` is constant (its casts included), quoted, name, space, cast, operator or mark."""

    kind: str
    text: str


def tokens(text: str) -> Iterator[Token]:
    """Yield the tokens of an expression; their texts joined give it back. An open string runs to the end."""
    for match in _TOKEN.finditer(text):
        yield Token(match.lastgroup or "mark", match[0])


def without_literals(text: str, renamed: Mapping[str, str]) -> str:
    """Return the expression with "?" for every constant and parameter, its cast included.

    Lists of constants become one "?", so that IN lists of any length are the same. Names are kept, but for session
    schemas (pg_temp_3 becomes pg_temp) and those that `renamed` maps to another.
    """
    kept: list[str] = []
    for match in _TOKEN.finditer(text):
        token = match[0]
        if match.lastgroup == "constant":
            kept.append("?")
        elif match.lastgroup in {"name", "quoted"}:
            kept.append(renamed.get(token) or without_session_schema(token))
        else:
            kept.append(" " if match.lastgroup == "space" else token)
    return _CONSTANTS.sub("?", "".join(kept))


def without_session_schema(name: str) -> str:
    """Return the name, pg_temp for a temporary schema of whatever session."""
    return _TEMPORARY_SCHEMA.sub(r"pg_\1temp", name) if name.startswith("pg_t") else name


def split_list(text: str) -> list[str]:
    """Return the items of a comma-separated list ("a, f(b, c), d DESC"), commas in brackets and strings left alone."""
    items = [""]
    depth = 0
    for token in tokens(text):
        depth += token.text in {"(", "["}
        depth -= token.text in {")", "]"}
        if token.text == "," and depth <= 0:
            items.append("")
        else:
            items[-1] += token.text
    return [item.strip() for item in items]
