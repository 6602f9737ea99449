"""Which index makes another one superfluous, by their definitions alone."""

from dataclasses import replace

from perfkit.syntax.index import IndexDefinition, IndexKey

# Access methods whose keys are searched one by one, so that their order says nothing.
_UNORDERED = frozenset({"gin", "brin"})
# Access methods whose storage parameters say how large an index is and how fast it is kept, not what it finds.
_FINDING_THE_SAME = frozenset({"btree", "hash", "gin"})


def same(one: IndexDefinition, other: IndexDefinition) -> bool:
    """Tell whether two indexes do the same work for a query: all is equal but storage parameters that do not decide it."""
    return replace(one, storage=_deciding(one)) == replace(other, storage=_deciding(other))


def covers(wide: IndexDefinition, narrow: IndexDefinition) -> bool:
    """Tell whether `wide` serves every query that `narrow` does, in that order and with no more than wider entries.

    It does when it has the keys of `narrow` first, with the same collation, operator class and direction, or all turned
    round, and `narrow`'s INCLUDE columns anywhere; the same predicate, and storage parameters where they decide what it
    finds; and keeps the same rule when `narrow` keeps one.
    """
    if (wide.schema, wide.table, wide.method, wide.predicate, _deciding(wide)) != (
        narrow.schema,
        narrow.table,
        narrow.method,
        narrow.predicate,
        _deciding(narrow),
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


def _deciding(definition: IndexDefinition) -> tuple[tuple[str, str], ...]:
    """Return the storage parameters that decide what the index finds, such as BRIN's pages_per_range."""
    return () if definition.method in _FINDING_THE_SAME else definition.storage


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
