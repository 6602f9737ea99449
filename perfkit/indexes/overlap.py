"""Which index makes another one superfluous, by their definitions alone."""

from dataclasses import replace

from perfkit.syntax.index import IndexDefinition, IndexKey

# Access methods whose keys are searched one by one, so that their order says nothing.
_UNORDERED = frozenset({"gin", "brin"})


def same(one: IndexDefinition, other: IndexDefinition) -> bool:
    """Tell whether two indexes do the same work for a query: all but their storage parameters is equal."""
    return replace(one, storage=()) == replace(other, storage=())


def covers(wide: IndexDefinition, narrow: IndexDefinition) -> bool:
    """Tell whether `wide` serves every query that `narrow` does, in that order and with no more than wider entries.

    It does when it has the keys of `narrow` first, with the same collation, operator class and direction, or all turned
    round, and `narrow`'s INCLUDE columns anywhere; the same predicate; and keeps the same rule when `narrow` keeps one.
    """
    if (wide.schema, wide.table, wide.method, wide.predicate) != (
        narrow.schema,
        narrow.table,
        narrow.method,
        narrow.predicate,
    ):
        return False
    if narrow.unique:
        return (
            wide.unique
            and wide.nulls_distinct == narrow.nulls_distinct
            and len(wide.keys) == len(narrow.keys)
            and _has_keys_of(wide, narrow)
        )
    return _has_keys_of(wide, narrow)


def alike(one: IndexDefinition, other: IndexDefinition) -> bool:
    """Tell whether one of the two does all that the other does, so that nobody needs both."""
    return covers(one, other) or covers(other, one)


def _has_keys_of(wide: IndexDefinition, narrow: IndexDefinition) -> bool:
    columns = {key.text for key in wide.keys if not key.is_expression} | set(wide.include)
    if not columns.issuperset(narrow.include):
        return False
    if narrow.method in _UNORDERED:
        return set(narrow.keys) <= set(wide.keys)
    if narrow.method != "btree":
        return narrow.keys == wide.keys
    first = wide.keys[: len(narrow.keys)]
    return narrow.keys in (first, tuple(map(_turned, first)))


def _turned(key: IndexKey) -> IndexKey:
    """Return the key as a scan from the other end finds it."""
    return replace(key, descending=not key.descending, nulls_first=not key.nulls_first)
