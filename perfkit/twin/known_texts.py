"""Known texts: those that a catalog writes itself, which stand for themselves where other values are redacted.

Whoever has the catalog has them. A plan goes by where they stand among a column's values, and by what they match.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from perfkit.catalog.model import Catalog, Query
from perfkit.syntax.lexer import TokenKind, tokenize

# Arrays, JSON documents and searches hold texts between these.
_BETWEEN_PARTS = re.compile(r'[{}\[\]()",:&|!]+')
_WILDCARDS = re.compile(r"[%_]+")
# Where a pattern is asked for, shorter pieces are in so many values that they tell nothing.
_FRAGMENT_CHARACTERS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownTexts:
    """Texts as `values`, which stand in their own place, and so divide other values into those before and after.

    `bounds` divide them too, as what begins with the prefix of a pattern; `fragments` are what patterns look for anywhere.
    """

    values: tuple[str, ...] = ()
    bounds: tuple[str, ...] = ()
    fragments: tuple[str, ...] = ()


def known_texts(catalog: Catalog) -> KnownTexts:
    """Return the texts of a catalog's statements and written cases; what cases are drawn from data is not among them."""
    texts = {text for query in catalog.queries for text in _texts(query)}
    values = {variant for text in texts for variant in _variants(text)}
    bounds = {bound for value in values for bound in _bounds(value)}
    patterns = {text for text in texts if "%" in text}
    fragments = {piece for pattern in patterns for piece in _WILDCARDS.split(pattern)}
    return KnownTexts(
        values=tuple(sorted(values)),
        bounds=tuple(sorted(bounds)),
        fragments=tuple(sorted(each for each in fragments if len(each) >= _FRAGMENT_CHARACTERS)),
    )


def _texts(query: Query) -> Iterator[str]:
    for token in tokenize(query.statement):
        if token.kind is TokenKind.STRING:
            _, _, quoted = query.statement[token.start : token.end].partition("'")
            yield quoted.removesuffix("'").replace("''", "'")
    for case in query.cases:
        yield from (value for value in case.values.values() if value)


def _variants(text: str) -> Iterator[str]:
    """Yield a text and its parts, each in the cases that lower and upper would make of it."""
    for part in {text, *_BETWEEN_PARTS.split(text)}:
        if part := part.strip():
            yield from (part, part.lower(), part.upper())


def _bounds(value: str) -> Iterable[str]:
    """Yield where texts begin that begin with the value, or with a pattern's prefix, and where they end."""
    for prefix in {value, _WILDCARDS.split(value)[0]} - {""}:
        yield prefix
        last = prefix[-1]
        if last.isascii() and last.isalnum() and last not in "9Zz":
            yield prefix[:-1] + chr(ord(last) + 1)
