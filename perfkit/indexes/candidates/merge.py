"""Indexes that do the work of two candidates, so that statements which ask for nearly the same can share one."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import groupby, permutations

from perfkit.indexes import thresholds
from perfkit.indexes.candidates.model import Candidate
from perfkit.indexes.overlap import covers
from perfkit.names import quote_name
from perfkit.plan.tables import Tables
from perfkit.syntax.index import IndexDefinition, IndexKey

_PATTERN = "_pattern_ops"


def merged(candidates: Iterable[Candidate], tables: Tables) -> tuple[Candidate, ...]:
    """Return the indexes, other than those given, that do all that two of the candidates do.

    Two are merged when the keys of one come first in the other: the longer keys, with the INCLUDE columns of both. What
    is compared for equality is searched as well with the operator class of LIKE 'x%', where the other has that.
    """
    given = {each.definition: each for each in candidates}
    found: dict[IndexDefinition, Candidate] = {}
    by_group = sorted(given.values(), key=lambda each: _group(each.definition))
    for _, group in groupby(by_group, key=lambda each: _group(each.definition)):
        for candidate in _pairs(list(group), tables):
            if candidate.definition not in given:
                found.setdefault(candidate.definition, candidate)
    return tuple(found.values())


def _group(definition: IndexDefinition) -> tuple[str, str, str, str, str]:
    return (
        definition.schema, definition.table, definition.method, definition.predicate, definition.keys[0].text
    )  # fmt: skip


def _pairs(group: list[Candidate], tables: Tables) -> Iterator[Candidate]:
    for short, long in permutations(group, 2):
        one, other = short.definition, long.definition
        keys = _keys(one.keys, other.keys, long.equal_keys)
        if one.method != "btree" or not keys:
            continue
        names = {*one.include, *other.include} - {key.text for key in keys if not key.is_expression}
        definition = replace(other, keys=keys, include=_in_order(names, other, tables))
        is_small = _is_small(definition, tables)
        if is_small and not any(covers(one_of, definition) for one_of in (one, other)):
            also = "" if long.reason.startswith(short.reason) else f"; also serves: {short.reason}"
            yield replace(long, definition=definition, reason=f"{long.reason}{also}")


def _keys(short: tuple[IndexKey, ...], long: tuple[IndexKey, ...], equal: int) -> tuple[IndexKey, ...]:
    """Return the long keys, of which so many are for equality, with the short ones first; () when these do not come first."""
    number = min(equal, len(short))
    as_in_short = (*map(_as_in_a_pattern, long[:number], short), *long[number:])
    return as_in_short if as_in_short[: len(short)] == short else ()


def _as_in_a_pattern(key: IndexKey, pattern: IndexKey) -> IndexKey:
    """Return the key with the operator class of a pattern, by which it is searched for one value just as well."""
    if key.operator_class or not pattern.operator_class.endswith(_PATTERN):
        return key
    return replace(key, operator_class=pattern.operator_class)


def _in_order(names: set[str], definition: IndexDefinition, tables: Tables) -> tuple[str, ...]:
    columns = tables.tables[f"{definition.schema}.{definition.table}"].columns
    return tuple(filter(names.__contains__, map(quote_name, columns)))


def _is_small(definition: IndexDefinition, tables: Tables) -> bool:
    columns = tables.tables[f"{definition.schema}.{definition.table}"].columns
    widths = [
        column.width_bytes for name, column in columns.items() if quote_name(name) in definition.include
    ]
    return len(widths) <= thresholds.MERGED_COLUMNS_MAX and sum(widths) <= thresholds.INCLUDE_WIDTH_BYTES_MAX
