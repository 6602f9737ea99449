"""The index that would serve a scan's conditions, written from the plan."""

import re
from collections.abc import Iterable

from perfkit.plan.condition import Comparison
from perfkit.plan.expression import split_list
from perfkit.plan.facts import Relation
from perfkit.plan.label import relation_name
from perfkit.plan.model import Node

# More leading columns than this seldom narrow a search further.
_MAX_EQUAL_KEYS = 3
_CAST_COLUMN = re.compile(r'\(\((?P<column>[\w$]+|"(?:[^"]|"")*")\)::(?P<type>[\w ]+)\)')
_FUNCTION = re.compile(r"(\w+)\(")
# Functions that give the same for the same input, as an index demands.
_IMMUTABLE = frozenset({"lower", "upper", "btrim", "ltrim", "rtrim", "md5", "abs", "length", "left", "right"})


def index_keys(conditions: Iterable[Comparison]) -> tuple[str, ...]:
    """Return the keys of a b-tree for the conditions: those compared for equality first, then one range."""
    usable = [condition for condition in conditions if _indexable(condition)]
    equal = list(dict.fromkeys(condition.key for condition in usable if condition.kind == "equal"))[
        :_MAX_EQUAL_KEYS
    ]
    ranges = [
        condition.key for condition in usable if condition.kind == "range" and condition.key not in equal
    ]
    return (*equal, *ranges[:1])


def create_index(node: Node, conditions: Iterable[Comparison], relation: Relation | None) -> str:
    """Return the CREATE INDEX for a scan's conditions, '' when none can be written from the plan.

    Where `relation` shows an index with these leading keys already, the answer says so instead.
    """
    conditions = tuple(conditions)
    table = relation_name(node)
    if not table:
        return ""
    if keys := index_keys(conditions):
        return _existing(keys, relation) or f"CREATE INDEX CONCURRENTLY ON {table} ({', '.join(keys)});"
    for condition in conditions:
        if condition.key and condition.kind == "prefix":
            return f"CREATE INDEX CONCURRENTLY ON {table} ({condition.key} text_pattern_ops);"
        if condition.key and condition.kind == "infix":
            return (
                "CREATE EXTENSION IF NOT EXISTS pg_trgm; "
                f"CREATE INDEX CONCURRENTLY ON {table} USING gin ({condition.key} gin_trgm_ops);"
            )
        if condition.key and condition.kind == "contains":
            return f"CREATE INDEX CONCURRENTLY ON {table} USING gin ({condition.key});"
    return ""


def cast_column(condition: Comparison) -> tuple[str, str] | None:
    """Return the column and the type that a condition casts it to, None where it does not compare a cast column."""
    match = _CAST_COLUMN.fullmatch(condition.key)
    return (match["column"], match["type"]) if match and condition.kind in {"equal", "range"} else None


def needs_another_rule(conditions: Iterable[Comparison]) -> bool:
    """Tell whether no b-tree serves the conditions because of a cast or a wildcard, which have rules of their own."""
    conditions = tuple(conditions)
    hidden = any(cast_column(item) or (item.kind == "infix" and item.key) for item in conditions)
    return hidden and not index_keys(conditions)


def index_columns(definition: str) -> tuple[str, ...]:
    """Return the keys of an index from its definition, without their options (DESC, operator classes)."""
    match = re.search(r" USING \w+ \((.*?)\)(?: INCLUDE | WITH | WHERE | TABLESPACE |$)", definition)
    return tuple(split_list(match[1])) if match else ()


def _existing(keys: tuple[str, ...], relation: Relation | None) -> str:
    for index in relation.indexes if relation else ():
        if (
            index.valid
            and " WHERE " not in index.definition
            and index_columns(index.definition)[: len(keys)] == keys
        ):
            return (
                f"Index {index.name} has these keys already and was not chosen:"
                " compare the condition's types with the columns', and the estimate with the actual rows."
            )
    return ""


def _indexable(condition: Comparison) -> bool:
    """Tell whether an index can surely be made on the key: a column, ->>, or a function that is immutable."""
    if condition.bare:
        return True
    called = _FUNCTION.findall(condition.key)
    only_immutable = all(name in _IMMUTABLE for name in called)
    return (
        bool(condition.key)
        and only_immutable
        and ("::" not in condition.key or bool(called) or "->>" in condition.key)
    )
