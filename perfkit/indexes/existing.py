"""The indexes that a database has, with what they do read from their definitions."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from perfkit.indexes.overlap import covers
from perfkit.plan.tables import Table, TableIndex
from perfkit.syntax.index import IndexDefinition, read_definition, read_expression


@dataclass(frozen=True, slots=True, kw_only=True)
class ExistingIndex:
    """An index as the catalog has it; `name` and `table` are qualified and unquoted."""

    name: str
    table: str
    definition: IndexDefinition
    index: TableIndex


def existing_indexes(tables: Iterable[Table]) -> tuple[ExistingIndex, ...]:
    """Return the indexes of the tables, in order of their names."""
    found = [
        ExistingIndex(
            name=f"{table.schema}.{index.name}",
            table=table.qualified_name,
            definition=read_definition(index.definition),
            index=index,
        )
        for table in tables
        for index in table.indexes
    ]
    return tuple(sorted(found, key=lambda existing: existing.name))


def serving(narrow: ExistingIndex, existing: Iterable[ExistingIndex]) -> list[ExistingIndex]:
    """Return the valid indexes that serve in the place of one; of those that are equal only what is kept before it."""
    return [
        wide
        for wide in existing
        if wide.name != narrow.name
        and wide.index.valid
        and covers(wide.definition, narrow.definition)
        and not (covers(narrow.definition, wide.definition) and keeping(narrow) < keeping(wide))
    ]


def keeping(existing: ExistingIndex) -> tuple[bool, bool, bool, int, str]:
    """Return the order in which one of several equal indexes is kept: a constraint's, held, unique, most used."""
    index = existing.index
    return (not index.constraint, not index.held, not index.unique, -(index.scans or 0), existing.name)


def unestimated(
    index: IndexDefinition, beside: Iterable[IndexDefinition], of_statistics: Iterable[str]
) -> str:
    """Return which expressions the planner would know nothing of without an index, '' for none; may raise SqlError.

    Indexes `beside` it that are not partial and extended statistics, whose expressions are given, tell it how their values
    are spread (examine_variable in selfuncs.c).
    """
    expressions = [key.text for key in index.keys if key.is_expression]
    if index.predicate or not expressions:
        return ""
    telling = (
        each for each in beside if each.qualified_table == index.qualified_table and not each.predicate
    )
    known = {key.text for each in telling for key in each.keys}
    known.update(map(read_expression, of_statistics))
    lost = [text for text in expressions if text not in known]
    if not lost:
        return ""
    return (
        f"the planner estimates {', '.join(lost)} by its statistics: CREATE STATISTICS …"
        f" ON {', '.join(f'({text})' for text in lost)} FROM {index.qualified_table}, and ANALYZE it, first"
    )


def definitions_by_table(existing: Iterable[ExistingIndex]) -> Mapping[str, tuple[IndexDefinition, ...]]:
    """Return what writes must keep up to date, by qualified table; an invalid index is kept up to date too."""
    found: defaultdict[str, list[IndexDefinition]] = defaultdict(list)
    for each in existing:
        found[each.table].append(each.definition)
    return {table: tuple(definitions) for table, definitions in found.items()}
