"""The index that would serve a scan's conditions: which keys, and of which kind."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

from perfkit.plan.condition import Comparison
from perfkit.plan.expression import tokens
from perfkit.plan.rules import thresholds

_CAST_COLUMN = re.compile(r'\(\((?P<column>[\w$]+|"(?:[^"]|"")*")\)::(?P<type>[\w ]+)\)')
FUNCTION = re.compile(r"([\w.]+)\(")
# Functions that depend on the session's settings, or cut a point of time: a range on the column serves instead.
_UNSTABLE = frozenset({
    "concat", "concat_ws", "to_char", "to_date", "to_timestamp", "age", "now", "date_trunc", "date_part",
    "extract", "timezone", "date_bin",
})  # fmt: skip
_ARITHMETIC = frozenset({"+", "-", "*", "/", "%"})
# A constant of a type that is none of the server's own is, but for few, one of an enum.
_TYPE = re.compile(r'::(?P<type>[\w."]+)[\w ]*(?:\(.*\))?(?P<array>\[\])?$')
_SERVER_TYPES = frozenset({
    "text", "character", "varchar", "bpchar", "name", "citext", "bigint", "integer", "smallint", "int2",
    "int4", "int8", "numeric", "double", "real", "money", "oid", "date", "timestamp", "timestamptz", "time",
    "timetz", "interval", "uuid", "json", "jsonb", "bytea", "inet", "cidr", "macaddr", "bit", "xid",
    "tsquery", "tsvector",
})  # fmt: skip
# Casts that are one value written in another type, as varchar is before lower().
_TEXT_TYPES = frozenset({"text", "varchar", "character", "citext"})
_SHARED_NAME = re.compile(
    r"(?:.*_)?(?:status|kind|type|role|category|gender|sex|level|priority)|(?:is|has)_.*"
)
# Conditions that keep most rows: nothing is lost when an index leaves them to the filter.
_WEAK = re.compile(r"NOT .*|[\w.\"]+|.* IS NOT NULL|.* <> .*", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """An index that serves a scan: its keys with their operator classes, and "" (b-tree), "gin" or "gist".

    `served` are the conditions that it narrows by, `left_out` the columns that were compared for equality but stay out.
    """

    keys: tuple[str, ...]
    method: str
    served: tuple[Comparison, ...]
    left_out: tuple[str, ...] = ()


def advise(conditions: Iterable[Comparison]) -> Advice | None:
    """Return the index for ANDed conditions, None where it cannot be told from the plan which one would help.

    What a plan shows is how many rows all conditions leave together, not which of them is selective. So columns of many
    values lead; one whose values many rows share (an enum, a status) leads only where the index holds all conditions.
    """
    conditions = tuple(dict.fromkeys(conditions))
    usable = [condition for condition in conditions if _indexable(condition)]
    equal = [item for item in usable if item.kind == "equal"]
    shared = [item for item in equal if _is_shared(item)]
    chosen = [item for item in equal if item not in shared]
    ends = _last_keys(usable, {item.key for item in equal})
    patterns = [item for item in conditions if item.key and item.kind in {"infix", "contains"}]
    if not chosen and patterns:
        return _inverted(patterns)
    if not chosen and not any(item.kind == "prefix" for item in ends):
        rest = [
            item for item in conditions if item not in (*shared, *ends) and not _WEAK.fullmatch(item.text)
        ]
        if rest and (shared or not ends):
            return None
        chosen = shared
    keys = tuple(dict.fromkeys(item.key for item in chosen))[: thresholds.INDEX_EQUAL_KEYS]
    keys += tuple(_ordered_key(item) for item in ends[:1])
    if not keys:
        return None
    left_out = tuple(dict.fromkeys(item.key for item in shared if item not in chosen))
    return Advice(keys=keys, method="", served=(*chosen, *ends), left_out=left_out)


def cast_column(condition: Comparison) -> tuple[str, str] | None:
    """Return the column and the type that a condition casts it to, None where it does not compare a cast column."""
    match = _CAST_COLUMN.fullmatch(condition.key)
    return (match["column"], match["type"]) if match and condition.kind in {"equal", "range"} else None


def hides_time(condition: Comparison) -> bool:
    """Tell whether a condition compares a part of a point of time, which a range on the bare column serves better."""
    called = {name.lower() for name in FUNCTION.findall(condition.key)}
    return bool(called & {"date_trunc", "date_part", "extract", "date_bin"})


def computes(condition: Comparison) -> bool:
    """Tell whether a condition compares the result of arithmetic, whose constants may change from call to call."""
    return any(token.kind == "operator" and token.text in _ARITHMETIC for token in tokens(condition.key))


def _last_keys(usable: list[Comparison], taken: set[str]) -> list[Comparison]:
    """Return the conditions of the one key that may follow those compared for equality: a pattern, else a range."""
    prefixes = [item for item in usable if item.kind == "prefix" and item.key not in taken]
    if prefixes:
        return prefixes[:1]
    ranges = [item for item in usable if item.kind == "range" and item.key not in taken]
    bounds = Counter(item.key for item in ranges)
    return [item for item in ranges if item.key == bounds.most_common(1)[0][0]]


def _ordered_key(condition: Comparison) -> str:
    return f"{condition.key} text_pattern_ops" if condition.kind == "prefix" else condition.key


def _inverted(patterns: list[Comparison]) -> Advice:
    """Return the index for a pattern or a containment; all patterns can share one."""
    infix = [item for item in patterns if item.kind == "infix"]
    if infix:
        keys = tuple(dict.fromkeys(f"{item.key} gin_trgm_ops" for item in infix))
        return Advice(keys=keys, method="gin", served=tuple(infix))
    first = patterns[0]
    type_of = _TYPE.search(first.value)
    name = type_of["type"] if type_of else ""
    if name == "jsonb" and first.operator == "@>":
        return Advice(keys=(f"{first.key} jsonb_path_ops",), method="gin", served=(first,))
    is_inverted = first.operator == "@@" or name == "jsonb" or not type_of or bool(type_of["array"])
    return Advice(keys=(first.key,), method="gin" if is_inverted else "gist", served=(first,))


def _is_shared(condition: Comparison) -> bool:
    """Tell whether many rows share each value of the column: by the type of the constant, or by its name."""
    match = _TYPE.search(condition.value.rstrip(")"))
    is_enum = match is not None and match["type"] not in _SERVER_TYPES
    return is_enum or (condition.bare and _SHARED_NAME.fullmatch(condition.key) is not None)


def _indexable(condition: Comparison) -> bool:
    """Tell whether an index can be made on the key: a column, ->>, or a function that does not depend on settings.

    A column that is cast to text is none: where the cast stands in the key, the value can be given in the column's type.
    """
    hidden = cast_column(condition)
    if condition.bare or not condition.key or (hidden and hidden[1] == "text"):
        return condition.bare
    called = {name.lower() for name in FUNCTION.findall(condition.key)}
    parts = list(tokens(condition.key))
    casts = {after.text for token, after in pairwise(parts) if token.kind == "cast"}
    return not called & _UNSTABLE and casts <= _TEXT_TYPES and not computes(condition)
