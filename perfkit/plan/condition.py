"""Conditions of a scan, taken apart: which column or expression of the table is compared, and how."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Literal

from perfkit.plan.expression import Token, tokens

Kind = Literal["equal", "range", "prefix", "infix", "contains", "other"]

_OPERATORS: dict[str, Kind] = {
    "=": "equal",
    "<": "range",
    ">": "range",
    "<=": "range",
    ">=": "range",
    "@>": "contains",
    "&&": "contains",
    "@@": "contains",
    "~~*": "infix",
    "~": "infix",
    "~*": "infix",
    "%": "infix",
    "^@": "prefix",
}
_WORDS = frozenset({
    "any", "all", "array", "null", "true", "false", "is", "not", "and", "or", "row", "case", "when", "then",
    "else", "end", "distinct", "from", "hashed", "collate", "at", "time", "zone", "interval", "unknown",
    "default", "current_date", "current_timestamp", "localtimestamp", "session_user", "current_user",
    "subplan", "initplan",
})  # fmt: skip
# Casts that leave an index on the bare column usable; to text, of a column that is text or varchar.
_HARMLESS_CASTS = frozenset({"text", "varchar", "oid"})


@dataclass(frozen=True, slots=True)
class Comparison:
    """One ANDed condition on a table.

    `key` is what an index would hold, as CREATE INDEX wants it: a column, lower(x), ((profile ->> 'city'::text)); it is
    '' for a condition that no single key serves. `bare` tells whether it is a column and nothing else. `kind` is how it is
    compared; an infix is a pattern that may match anywhere, or ignores case. `operator` and `value` are what it is compared
    by and with, `text` is the condition, all as printed.
    """

    key: str
    bare: bool
    kind: Kind
    text: str
    operator: str = ""
    value: str = ""


@lru_cache(maxsize=256)  # several rules look at the same filter
def comparisons(
    text: str, alias: str | None, not_text: frozenset[str] = frozenset()
) -> tuple[Comparison, ...]:
    """Return the ANDed conditions in a Filter, Index Cond or Join Filter, as seen from the table with this alias.

    A column without a table name is the table's own; columns of other tables count as given values. `not_text` are the
    columns, as printed, of which is known that their type is neither text nor varchar.
    """
    if not text:
        return ()
    return tuple(_comparison(part, alias, not_text) for part in conjuncts(text))


def alternatives(
    text: str, alias: str | None, not_text: frozenset[str] = frozenset()
) -> tuple[tuple[Comparison, ...], ...]:
    """Return the arms of the first OR among the ANDed conditions, each with its own ANDed conditions; () without an OR."""
    for part in conjuncts(text):
        arms = _split(part, "OR")
        if len(arms) > 1:
            return tuple(comparisons(_text(arm), alias, not_text) for arm in arms)
    return ()


def has_or(text: str) -> bool:
    """Tell whether any of the ANDed conditions is an OR of others."""
    return any(len(_split(part, "OR")) > 1 for part in conjuncts(text))


def conjuncts(text: str) -> list[Sequence[Token]]:
    """Return the tokens of each ANDed part of a condition, without brackets around it."""
    found: list[Sequence[Token]] = []
    pending: list[Sequence[Token]] = [tuple(tokens(text))]
    while pending:
        pieces = _split(_bare(pending.pop(0)), "AND")
        if len(pieces) == 1:
            found.append(pieces[0])
        else:
            pending = [*pieces, *pending]
    return found


def _bare(parts: Sequence[Token]) -> Sequence[Token]:
    """Return the tokens without spaces at their ends and without brackets around the whole."""
    while True:
        start, end = 0, len(parts)
        while start < end and parts[start].kind == "space":
            start += 1
        while end > start and parts[end - 1].kind == "space":
            end -= 1
        parts = parts[start:end]
        if len(parts) < 2 or parts[0].text != "(" or _closing(parts) != len(parts) - 1:
            return parts
        parts = parts[1:-1]


def _closing(parts: Sequence[Token]) -> int:
    depth = 0
    for position, token in enumerate(parts):
        depth += (token.text in {"(", "["}) - (token.text in {")", "]"})
        if depth == 0:
            return position
    return -1


def _split(parts: Sequence[Token], word: str) -> list[Sequence[Token]]:
    """Split at a word that stands outside of all brackets."""
    pieces: list[Sequence[Token]] = []
    depth = start = 0
    for position, token in enumerate(parts):
        depth += (token.text in {"(", "["}) - (token.text in {")", "]"})
        if depth == 0 and token.kind == "name" and token.text == word:
            pieces.append(parts[start:position])
            start = position + 1
    return [*pieces, parts[start:]]


def _comparison(parts: Sequence[Token], alias: str | None, not_text: frozenset[str]) -> Comparison:
    text = _text(parts)
    other = Comparison("", bare=False, kind="other", text=text)
    found = operator_position(parts)
    if found is None:
        return other
    left, right = _bare(parts[:found]), _bare(parts[found + 1 :])
    kind = _kind(parts[found].text, right)
    if _own_columns(right, alias) and not _own_columns(left, alias) and right[0].text.upper() != "ANY":
        left, right = right, left
    if (
        kind == "other"
        or not _own_columns(left, alias)
        or _own_columns(right, alias)
        or _foreign(left, alias)
    ):
        return other
    key = _without_harmless_cast(_unqualified(left, alias), not_text)
    bare = len(key) == 1
    is_call = _is_call(key)
    written = _text(key) if bare or is_call else f"({_text(key)})"
    return Comparison(
        written, bare=bare, kind=kind, text=text, operator=parts[found].text, value=_text(right).strip()
    )


def _is_call(parts: Sequence[Token]) -> bool:
    """Tell whether the tokens are a function's name, its schema perhaps, and its arguments, with nothing after them."""
    start = next((position for position, token in enumerate(parts) if token.text == "("), 0)
    named = all(token.kind in {"name", "quoted"} or token.text == "." for token in parts[:start])
    return start > 0 and named and _closing(parts[start:]) == len(parts) - start - 1


def operator_position(parts: Sequence[Token]) -> int | None:
    """Return where a comparison's operator stands: outside of all brackets; IS NULL is none."""
    depth = 0
    for position, token in enumerate(parts):
        depth += (token.text in {"(", "["}) - (token.text in {")", "]"})
        if depth == 0 and token.kind == "operator" and position:
            return position
    return None


def _kind(operator: str, right: Sequence[Token]) -> Kind:
    if operator == "~~":
        pattern = right[0].text if right else ""
        return (
            "infix" if pattern.startswith(("'%", "'_")) else "prefix" if pattern.startswith("'") else "other"
        )
    return _OPERATORS.get(operator, "other")


def _columns(parts: Sequence[Token]) -> Iterable[tuple[str, str]]:
    """Yield (qualifier, column) of every column; the qualifier is '' when there is none."""
    meaningful = [token for token in parts if token.kind != "space"]
    nothing = Token("mark", "")
    padded = [nothing, nothing, *meaningful, nothing]
    for position, (token, following) in enumerate(pairwise(padded)):
        if token.kind not in {"name", "quoted"} or following.text in {"(", "."}:
            continue
        before, qualifier = padded[position - 1], padded[position - 2]
        is_word = token.kind == "name" and before.text != "." and token.text.lower() in _WORDS
        if before.kind == "cast" or is_word:
            continue
        yield (qualifier.text if before.text == "." else ""), token.text


def _own_columns(parts: Sequence[Token], alias: str | None) -> bool:
    return any(qualifier in {"", _printed(alias)} for qualifier, _ in _columns(parts))


def _foreign(parts: Sequence[Token], alias: str | None) -> bool:
    return any(qualifier not in {"", _printed(alias)} for qualifier, _ in _columns(parts))


def _printed(alias: str | None) -> str:
    return alias or ""


def _unqualified(parts: Sequence[Token], alias: str | None) -> Sequence[Token]:
    """Return the tokens without the table's own alias before its columns."""
    kept: list[Token] = []
    for position, token in enumerate(parts):
        following = parts[position + 1].text if position + 1 < len(parts) else ""
        before = parts[position - 1].text if position else ""
        if (token.text == alias and following == ".") or (token.text == "." and before == alias):
            continue
        kept.append(token)
    return kept


def _without_harmless_cast(parts: Sequence[Token], not_text: frozenset[str]) -> Sequence[Token]:
    """Return x for (x)::text, but for a column that is no text."""
    if len(parts) < 3 or parts[-2].kind != "cast" or parts[-1].text not in _HARMLESS_CASTS:
        return parts
    inner = _bare(parts[:-2])
    return parts if parts[-1].text == "text" and _text(inner) in not_text else inner


def _text(parts: Sequence[Token]) -> str:
    return "".join(token.text for token in parts)
