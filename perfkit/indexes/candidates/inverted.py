"""Inverted indexes: trigrams for what LIKE cannot begin with, documents, arrays and full text; GiST for ranges and distances."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from perfkit.indexes.candidates.keys import may_be_prefix, named
from perfkit.indexes.candidates.model import Asked, Idea, Key
from perfkit.indexes.candidates.volatility import typed
from perfkit.names import quote_name
from perfkit.syntax.index import IndexKey
from perfkit.syntax.usage.model import Comparison, Expression, Predicate, Purpose

_TRIGRAM = "pg_trgm"
_TEXTS = frozenset({"text", "varchar", "bpchar", "citext"})
_SIMILARITIES = frozenset({"%", "<%", "%>", "<<%", "%>>"})
_PATHS = frozenset({"@>", "@?", "@@"})
_EXISTENCE = frozenset({"?", "?|", "?&"})
_SETS = frozenset({"@>", "<@", "&&", "="})
_OVERLAPS = frozenset({"@>", "<@", "&&", "<<", ">>", "&<", "&>", "-|-", "<<=", ">>=", "~="})
_SPATIAL_CATEGORIES = frozenset({"R", "G"})  # ranges and geometry, which have a default class for GiST
_WORD = re.compile(r"\w{3}")


class _Kind(NamedTuple):
    method: str
    operator_class: str
    why: str
    extension: str = ""


_PATTERN = _Kind(
    "gin",
    "gin_trgm_ops",
    "a pattern anywhere in {}, found by its trigrams",
    _TRIGRAM,
)
_SIMILAR = _Kind("gin", "gin_trgm_ops", "likeness of {}, by its trigrams", _TRIGRAM)
_NEAREST = _Kind("gist", "gist_trgm_ops", "the rows nearest by {} come first", _TRIGRAM)
_DOCUMENT = _Kind("gin", "jsonb_path_ops", "values inside {}")
_DOCUMENT_KEYS = _Kind("gin", "", "keys inside {}")
_ARRAY = _Kind("gin", "", "members of {}")
_FULL_TEXT = _Kind("gin", "", "words in {}")
_SPATIAL = _Kind("gist", "", "what {} overlaps")
_NETWORK = _Kind("gist", "inet_ops", "the network of {}")


def inverted_ideas(asked: Asked) -> Iterator[Idea]:
    """Yield the GIN and GiST indexes that conditions ask for; patterns on several columns also in one index."""
    trigrams: list[Key] = []
    for predicate in asked.predicates:
        kind = _kind(asked, predicate)
        if kind is None:
            continue
        key = _key(asked, predicate.expression, kind)
        idea = key and _idea(asked, (key,), kind)
        if key and idea:
            yield idea
            trigrams += [key] if kind is _PATTERN and key.key not in {each.key for each in trigrams} else []
    together = _idea(asked, tuple(trigrams), _PATTERN) if len(trigrams) > 1 else None
    if together:
        yield together
    yield from _nearest(asked)


def _kind(asked: Asked, predicate: Predicate) -> _Kind | None:
    """Return what kind of index serves a predicate, by its operator and the type of what it compares."""
    comparison, type_name = (
        predicate.comparison,
        typed(predicate.expression, asked.table, asked.tables).type_name,
    )
    if type_name in _TEXTS:
        return _kind_of_text(predicate)
    if comparison is Comparison.OPERATOR or (comparison is Comparison.EQUAL and type_name.startswith("_")):
        return _kind_of_operator(asked, predicate, type_name)
    return None


def _kind_of_text(predicate: Predicate) -> _Kind | None:
    comparison = predicate.comparison
    if comparison is Comparison.OPERATOR:
        return _SIMILAR if predicate.operator in _SIMILARITIES else None
    is_pattern = comparison is Comparison.SEARCH or (
        comparison is Comparison.LIKE
        and (
            predicate.parameter
            or predicate.is_join
            or not predicate.constants
            or not may_be_prefix(predicate)
        )
    )
    has_trigram = not predicate.constants or any(map(_WORD.search, predicate.constants))
    return _PATTERN if is_pattern and has_trigram else None


def _kind_of_operator(asked: Asked, predicate: Predicate, type_name: str) -> _Kind | None:
    operator = predicate.operator
    column = asked.table.columns.get(predicate.expression.column)
    kinds = [
        (type_name == "jsonb" and operator in _PATHS, _DOCUMENT),
        (type_name == "jsonb" and operator in _EXISTENCE, _DOCUMENT_KEYS),
        (type_name.startswith("_") and operator in _SETS and not predicate.is_join, _ARRAY),
        (type_name == "tsvector" and operator in ("@@", "@@@"), _FULL_TEXT),
        (type_name in ("inet", "cidr") and operator in _OVERLAPS, _NETWORK),
        (column is not None and column.category in _SPATIAL_CATEGORIES and operator in _OVERLAPS, _SPATIAL),
    ]
    return next((kind for is_it, kind in kinds if is_it), None)


def _key(asked: Asked, expression: Expression, kind: _Kind) -> Key | None:
    if not typed(expression, asked.table, asked.tables).immutable:
        return None
    key = IndexKey(
        text=quote_name(expression.column) if expression.column else expression.text,
        is_expression=not expression.column,
        operator_class=_qualified(asked, kind),
    )
    return Key(key=key, columns=expression.columns)


def _qualified(asked: Asked, kind: _Kind) -> str:
    """Return the operator class, with the schema of its extension where the search path would not find it."""
    schema = asked.tables.extensions.get(kind.extension, "")
    if not schema or schema in asked.tables.search_path:
        return kind.operator_class
    return f"{quote_name(schema)}.{kind.operator_class}"


def _idea(asked: Asked, keys: tuple[Key, ...], kind: _Kind) -> Idea | None:
    """Return the index, with its extension where that is missing; None where the server has none."""
    missing = kind.extension and kind.extension not in asked.tables.extensions
    if missing and kind.extension not in asked.tables.available:
        return None
    return Idea(
        keys=keys,
        method=kind.method,
        reason=kind.why.format(named(keys)),
        needs=(f"CREATE EXTENSION {kind.extension}",) if missing else (),
    )


def _nearest(asked: Asked) -> Iterator[Idea]:
    for order in asked.orders:
        if order.purpose is not Purpose.DISTANCE:
            continue
        expression = order.keys[0].expression
        type_name = typed(expression, asked.table, asked.tables).type_name
        column = asked.table.columns.get(expression.column)
        is_spatial = column is not None and column.category in _SPATIAL_CATEGORIES
        kind = _NEAREST if type_name in _TEXTS else _SPATIAL if is_spatial else None
        key = kind and _key(asked, expression, kind)
        idea = _idea(asked, (key,), kind) if key and kind else None
        if idea:
            yield idea
