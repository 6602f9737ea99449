"""The keys that a statement's conditions and orders ask of an index."""

import re
from collections.abc import Iterable
from dataclasses import replace
from itertools import takewhile

from perfkit.indexes import thresholds
from perfkit.indexes.candidates.model import Asked, Key
from perfkit.indexes.candidates.share import share_of, worst_share_of
from perfkit.indexes.candidates.volatility import typed
from perfkit.names import quote_name
from perfkit.syntax.index import IndexKey
from perfkit.syntax.usage.model import Comparison, Expression, Order, Predicate, SortKey, Term

_EQUALITIES = frozenset({
    Comparison.EQUAL, Comparison.IN, Comparison.NULL, Comparison.TRUE, Comparison.FALSE,
})  # fmt: skip
# They have no order that a b-tree of any use could keep.
_UNORDERED_TYPES = frozenset(
    {"json", "jsonb", "xml", "tsvector", "tsquery", "point", "box", "polygon", "circle"}
)
_WHOLE_NUMBERS = frozenset({"int2", "int4", "int8"})
# Parameters of these types make PostgreSQL cast a whole number's column, row by row.
_WIDER_NUMBERS = {
    "numeric": "numeric",
    "decimal": "numeric",
    "float8": "float8",
    "double precision": "float8",
}
_WILD = frozenset("%_\\")
_ANCHORED = re.compile(r"\^\w(?![?*{|])")


def ordered_key(asked: Asked, expression: Expression, *, operator_class: str = "") -> Key | None:
    """Return a key of a b-tree, None when the expression cannot be one."""
    kind = typed(expression, asked.table, asked.tables)
    if not kind.immutable or kind.type_name in _UNORDERED_TYPES or not expression.columns:
        return None
    widths = [
        column.width_bytes for name, column in asked.table.columns.items() if name in expression.columns
    ]
    if max(widths, default=0) > thresholds.KEY_WIDTH_BYTES_MAX:
        return None
    column = expression.column
    key = IndexKey(
        text=quote_name(column) if column else expression.text,
        is_expression=not column,
        operator_class=operator_class,
    )
    return Key(key=key, columns=expression.columns)


def equalities(asked: Asked) -> tuple[Key, ...]:
    """Return the keys that are compared with what the statement says, those that most statements share first.

    Among equal keys the order does not matter to the one statement; what others share can serve them too.
    """
    found: dict[str, Key] = {}
    for predicate in asked.predicates:
        if predicate.comparison in _EQUALITIES and not predicate.is_join:
            key = _equality(asked, predicate)
            if key and key.share <= found.get(key.key.text, key).share:
                found[key.key.text] = key
    return sorted_by_use(asked, found.values())


def sorted_by_use(asked: Asked, keys: Iterable[Key]) -> tuple[Key, ...]:
    """Return keys in the order of a shared index: used by most statements first, but those that narrow nothing last."""

    def place(each: Key) -> tuple[bool, int, float, str]:
        text = each.key.text
        return each.share > thresholds.WEAK_SHARE, -asked.shared.get(text, 0), each.share, text

    return tuple(sorted(keys, key=place))


def _equality(asked: Asked, predicate: Predicate) -> Key | None:
    key = _measured(asked, predicate, ordered_key(asked, _as_compared(asked, predicate)))
    return key and replace(key, is_list=predicate.comparison is Comparison.IN)


def _measured(asked: Asked, predicate: Predicate, key: Key | None) -> Key | None:
    """Return a key with what its predicate leaves."""
    share, worst = share_of(predicate, asked.table), worst_share_of(predicate, asked.table)
    equal = predicate.comparison in _EQUALITIES
    return key and replace(key, share=share, worst_share=worst, equal=equal)


def _as_compared(asked: Asked, predicate: Predicate) -> Expression:
    """Return the expression as PostgreSQL compares it: a whole number that meets a decimal parameter is cast to it."""
    expression = predicate.expression
    number = predicate.parameter
    column = asked.table.columns.get(expression.column)
    if (
        column is None
        or column.type_name not in _WHOLE_NUMBERS
        or not 0 < number <= len(asked.parameter_types)
    ):
        return expression
    wider = _WIDER_NUMBERS.get(asked.parameter_types[number - 1].lower())
    return cast_to(expression, wider) if wider else expression


def cast_to(expression: Expression, type_name: str) -> Expression:
    """Return a column cast to a type, as an expression."""
    term = Term(kind="cast", name=type_name, schema="", arguments=(expression.term,))
    return Expression(text=f"{expression.text}::{type_name}", term=term, columns=expression.columns)


def joins(asked: Asked, *, outer: bool = False) -> tuple[tuple[Key, ...], ...]:
    """Return the keys that each other table, or a subquery, is joined by; all by which the same one is together.

    With `outer` only those of the blocks around, which are known when a correlated subquery is run.
    """
    groups: dict[tuple[frozenset[int], bool], dict[str, Key]] = {}
    for predicate in asked.predicates:
        is_computed = predicate.expression.term.kind == "operator"
        is_meant = predicate.is_join and (predicate.outer or not outer)
        if predicate.comparison is Comparison.EQUAL and is_meant and not is_computed:
            key = _measured(asked, predicate, ordered_key(asked, predicate.expression))
            if key:
                groups.setdefault((predicate.joined, predicate.derived), {})[key.key.text] = key
    return tuple(dict.fromkeys(sorted_by_use(asked, keys.values()) for keys in groups.values()))


def ranges(asked: Asked) -> tuple[tuple[Key, ...], ...]:
    """Return the keys that are searched from one value to another, or by the beginning of a text."""
    found: dict[str, tuple[Key, ...]] = {}
    for predicate in asked.predicates:
        if predicate.joined:
            continue
        if predicate.comparison is Comparison.RANGE:
            first = _measured(asked, predicate, ordered_key(asked, predicate.expression))
            then = [ordered_key(asked, expression) for expression in predicate.then]
            keys = tuple(takewhile(lambda key: key is not None, (first, *then)))
        elif may_be_prefix(predicate):
            keys = (_pattern(asked, predicate),)
        else:
            continue
        if keys and keys[0]:
            found.setdefault(keys[0].key.sql, tuple(key for key in keys if key))
    return tuple(found.values())


def may_be_prefix(predicate: Predicate) -> bool:
    """Tell whether a pattern has a beginning that is not wild; LIKE's may have one when it is a parameter."""
    if predicate.comparison is Comparison.SEARCH:
        is_anchored = bool(predicate.constants) and all(map(_ANCHORED.match, predicate.constants))
        return predicate.operator == "~" and is_anchored
    is_known = not predicate.is_join and all(value[:1] not in _WILD for value in predicate.constants)
    return predicate.comparison is Comparison.LIKE and is_known


def _pattern(asked: Asked, predicate: Predicate) -> Key | None:
    """Return the key for LIKE 'x%'; only a collation that sorts by bytes can do without the operator class."""
    expression = predicate.expression
    type_name = typed(expression, asked.table, asked.tables).type_name
    columns = [asked.table.columns[name] for name in expression.columns if name in asked.table.columns]
    sorts_by_bytes = all(column.collation_is_c for column in columns)
    operator_class = (
        "" if sorts_by_bytes else "bpchar_pattern_ops" if type_name == "bpchar" else "text_pattern_ops"
    )
    key = ordered_key(asked, expression, operator_class=operator_class)
    return _measured(asked, predicate, key)


def order_keys(asked: Asked, order: Order, fixed: Iterable[Key]) -> tuple[Key, ...]:
    """Return the keys of an order as far as an index can have them, without those that an equality fixes."""
    constant = {each.key.text for each in fixed}
    keys = list(takewhile(lambda key: key is not None, (_sorted_key(asked, key) for key in order.keys)))
    left = [key for key in keys if key and key.key.text not in constant]
    if left and all(_is_plain_descending(key) for key in left):
        # The same index read from its other end.
        left = [_directed(key, descending=False, nulls_first=False) for key in left]
    return tuple(left)


def _sorted_key(asked: Asked, sort: SortKey) -> Key | None:
    key = ordered_key(asked, sort.expression)
    return key and _directed(key, descending=sort.descending, nulls_first=sort.nulls_first)


def _is_plain_descending(key: Key) -> bool:
    return key.key.descending and key.key.nulls_first


def _directed(key: Key, *, descending: bool, nulls_first: bool) -> Key:
    directed = IndexKey(
        text=key.key.text,
        is_expression=key.key.is_expression,
        operator_class=key.key.operator_class,
        descending=descending,
        nulls_first=nulls_first,
    )
    return Key(key=directed, columns=key.columns)


def named(keys: Iterable[Key]) -> str:
    """Return the texts of keys in a sentence."""
    return _listed([each.key.text for each in keys])


def _listed(words: list[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)
