"""From a statement's usage to the indexes that might help it."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import chain, islice, takewhile

from perfkit.indexes import thresholds
from perfkit.indexes.candidates.brin import brin_ideas
from perfkit.indexes.candidates.btree import btree_ideas, covering_ideas
from perfkit.indexes.candidates.foreign_keys import foreign_key_candidates
from perfkit.indexes.candidates.inverted import inverted_ideas
from perfkit.indexes.candidates.keys import equalities, joins
from perfkit.indexes.candidates.model import Asked, Candidate, Idea
from perfkit.indexes.candidates.partial import partial_ideas
from perfkit.indexes.candidates.spelling import as_the_server_spells_it
from perfkit.names import quote_name
from perfkit.plan.tables import Table, Tables
from perfkit.syntax.index import IndexDefinition
from perfkit.syntax.usage.model import Reference, Usage
from perfkit.syntax.usage.scope import Lookup, Relation

# By qualified table and the text of a key: how many statements ask for it.
Sharing = Mapping[tuple[str, str], int]
_NOT_SHARED: Sharing = {}


def lookup_in(tables: Tables) -> Lookup:
    """Return what the names of relations stand for in a database, as read_usage asks for it."""

    def lookup(schema: str, name: str) -> Relation | None:
        key = tables.find(schema, name)
        if key in tables.views:
            return Relation(view=tables.views[key])
        return Relation(columns=tuple(tables.tables[key].columns)) if key else None

    return lookup


def sharing(usages: Iterable[Usage], tables: Tables) -> Sharing:
    """Return for each key how many of the statements compare it with what they say or join by it."""
    counts: Counter[tuple[str, str]] = Counter()
    for usage in usages:
        keys = {
            (asked.table.qualified_name, key.key.text)
            for reference in usage.references
            for asked in _asked(reference, tables, {}, ())
            for key in (*equalities(asked), *chain.from_iterable(joins(asked)))
        }
        counts.update(keys)
    return counts


def offer(
    usage: Usage, tables: Tables, *, shared: Sharing = _NOT_SHARED, parameter_types: tuple[str, ...] = ()
) -> tuple[Candidate, ...]:
    """Return every index that a statement could make use of, also those that exist or whose table is small.

    `shared` is what `sharing` says of the workload; `parameter_types` are those of $1, $2, … where they are known.
    """
    found: dict[IndexDefinition, Candidate] = {}
    for reference in usage.references:
        for candidate in _for_reference(reference, tables, shared, parameter_types):
            found.setdefault(candidate.definition, candidate)
    return tuple(found.values())


def _for_reference(
    reference: Reference, tables: Tables, shared: Sharing, parameter_types: tuple[str, ...]
) -> Iterator[Candidate]:
    for asked in _asked(reference, tables, shared, parameter_types):
        useful = (idea for idea in _ideas(asked) if idea.alone)
        for idea in islice(useful, thresholds.IDEAS_MAX):
            yield _candidate(idea, asked.table)
    table = tables.tables.get(tables.find(reference.schema, reference.name))
    if table:
        yield from foreign_key_candidates(reference, table, tables)


def _ideas(asked: Asked) -> Iterator[Idea]:
    yield from _searched(asked)
    yield from brin_ideas(asked)
    yield from partial_ideas(asked, _searched)


def _searched(asked: Asked) -> Iterator[Idea]:
    plain = list(btree_ideas(asked))
    yield from plain
    yield from covering_ideas(asked, plain)
    yield from inverted_ideas(asked)


def _asked(
    reference: Reference, tables: Tables, shared: Sharing, parameter_types: tuple[str, ...]
) -> Iterator[Asked]:
    """Yield what is asked of a table, and what each arm of an OR asks beside that."""
    table = tables.tables.get(tables.find(reference.schema, reference.name))
    if table is None or reference.target == "insert":
        return
    name = table.qualified_name
    whole = Asked(
        table=table,
        tables=tables,
        predicates=reference.predicates,
        orders=reference.orders,
        needed=None if reference.target else reference.needed,
        shared={key: count for (owner, key), count in shared.items() if owner == name},
        parameter_types=parameter_types,
    )
    yield whole
    given = tuple(each for each in reference.predicates if not each.is_join)
    for arms in reference.alternatives:
        for arm in arms:
            yield replace(whole, predicates=(*given, *arm), orders=(), needed=None)
        together = tuple(predicate for arm in arms for predicate in arm)
        yield replace(whole, predicates=together, orders=(), needed=None)


def _candidate(idea: Idea, table: Table) -> Candidate:
    definition = IndexDefinition(
        schema=table.schema,
        table=table.name,
        keys=tuple(each.key for each in idea.keys),
        method=idea.method,
        include=tuple(map(quote_name, idea.include)),
        predicate=idea.predicate,
    )
    return Candidate(
        definition=as_the_server_spells_it(definition, table),
        reason=idea.reason,
        equal_keys=len(tuple(takewhile(lambda key: key.equal, idea.keys))),
        needs=idea.needs,
        tables=(table.qualified_name,),
    )
