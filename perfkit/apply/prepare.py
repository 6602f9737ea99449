"""What an apply will do, held to what is there: by what an index does, not by its name."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from perfkit import units
from perfkit.apply.changes import Changes, Creation, Removal
from perfkit.apply.refusals import Refusal, no_place, not_owned
from perfkit.apply.space import Size, most_bytes, size_of
from perfkit.apply.state import Index, Name, Table, Wanted
from perfkit.apply.steps import Group, Part, Step, Steps, creation, numbered, removal, tree_of
from perfkit.apply.thresholds import NAMES_SHOWN
from perfkit.errors import UsageError

# pg_class.relkind of what can have an index: table, materialised view, partitioned table.
_INDEXABLE = frozenset("rmp")
_LONGEST_NAME_BYTES = 63


class Catalog(Protocol):
    """What a server says of its tables and indexes; a schema of '' means the search path."""

    def tables(self, schema: str, name: str) -> tuple[Table, ...]:
        """Return a table and all partitions below it, parents first; empty when there is none."""

    def index(self, schema: str, name: str) -> Index | None:
        """Return the index of that name, None when there is none."""

    def wanted(self, creation: Creation, table: Name) -> Wanted:
        """Return a definition as the server reads it; raises UsageError when it cannot."""

    def is_taken(self, name: Name) -> bool:
        """Tell whether a relation has that name."""

    def is_partition(self, table: Name, whole: Name) -> bool:
        """Tell whether a table is a partition of another one, right below it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """What an apply will do: its steps, what it need not do, what is worth knowing, and why it would not start.

    `sizes` are those of the indexes that it builds where the database has its data.
    """

    steps: Steps
    notes: tuple[str, ...]
    refusals: tuple[Refusal, ...]
    sizes: tuple[Size, ...] = ()

    @property
    def tables(self) -> tuple[Name, ...]:
        """Return the tables that are touched."""
        return tuple(dict.fromkeys(step.table for step in self.steps.do))


@dataclass(slots=True)
class _Findings:
    foreign: list[Table] = field(default_factory=list)
    unread: int = 0
    notes: list[str] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    sizes: list[Size] = field(default_factory=list)
    names: dict[Name, str] = field(default_factory=dict)
    kept: dict[Name, str] = field(default_factory=dict)


def prepare(changes: Changes, catalog: Catalog, *, allow_locks: bool = False) -> Prepared:
    """Return what the changes come to on this server: creations first, then drops.

    `allow_locks` lets a partitioned index be dropped. Raises UsageError where the file asks for what cannot be.
    """
    found = _Findings()
    groups: list[Group] = []
    for each in changes.create:
        groups += _creation(each, catalog, found)
    for removed in changes.drop:
        groups += _removal(removed, catalog, found, allow_locks=allow_locks)
    if found.unread:
        found.notes.append(
            f"{units.counted(found.unread, 'index', 'indexes')} to create {'is' if found.unread == 1 else 'are'} left out"
            " here: what a definition comes to, the server tells only who may create it"
        )
    return Prepared(
        steps=numbered(groups),
        notes=tuple(found.notes),
        refusals=(*not_owned(found.foreign), *dict.fromkeys(found.refusals)),
        sizes=tuple(found.sizes),
    )


def prepared_again(steps: Sequence[Step], catalog: Catalog) -> Prepared:
    """Return the steps of a journal that are still to be done, as they can be done now."""
    tables = {step.table: catalog.tables(step.table.schema, step.table.name)[:1] for step in steps}
    refusals = tuple(not_owned([table for found in tables.values() for table in found]))
    return Prepared(steps=Steps(do=tuple(steps), undo=()), notes=(), refusals=refusals)


def _creation(asked: Creation, catalog: Catalog, found: _Findings) -> Iterator[Group]:
    tables = catalog.tables(asked.schema, asked.table)
    _check_table(asked, tables)
    found.foreign += tables
    schemas = {table.name.schema for table in tables if table.is_owned and not table.may_create}
    found.refusals += map(no_place, sorted(schemas))
    if schemas or not all(table.is_owned for table in tables):
        found.unread += 1
        return
    wanted = catalog.wanted(asked, tables[0].name)
    equal = _equal(tables[0], wanted)
    if equal is not None and equal.valid:
        found.notes.append(f"{equal.name.sql} already does what {asked.place} asks for")
        found.kept[equal.name] = asked.place
        return
    index = _root_name(asked, tables[0].name, wanted, equal, catalog, found)
    parts = _parts(tables, index, wanted, lambda table: _free_name(table, wanted, catalog, found))
    for part in parts:
        if part.found is not None and not part.found.valid:
            found.refusals += _being_built(part.found)
    built = {part.table for part in parts if not part.is_partitioned and not part.was_there}
    sizes = [size_of(table, wanted) for table in tables if table.name in built]
    if wanted.tablespace and sizes:
        most = units.format_bytes(most_bytes(sizes))
        found.notes.append(
            f"{index.sql} is built in tablespace {wanted.tablespace}, whose room is not looked at: at most about {most}"
        )
    else:
        found.sizes += sizes
    found.notes += _rebuilt_by_undo(index, parts)
    yield creation(parts, has_expression=wanted.has_expression)


def _rebuilt_by_undo(index: Name, parts: Sequence[Part]) -> Iterator[str]:
    """Yield what is worth knowing where indexes that are there become parts: PostgreSQL cannot detach them again."""
    own = [part.index.sql for part in parts if part.was_there]
    if own:
        become, them = ("becomes a part", "it") if len(own) == 1 else ("become parts", "them")
        yield (
            f"{units.listed(own, NAMES_SHOWN)} {become} of {index.sql}, which cannot be reversed: --undo drops {them} too"
            f" and builds {them} again, and the application is without {them} meanwhile"
        )


def _check_table(asked: Creation, tables: Sequence[Table]) -> None:
    name = f"{asked.schema}.{asked.table}".removeprefix(".")
    if not tables:
        raise UsageError(f"{asked.place}: there is no table {name}")
    if tables[0].kind not in _INDEXABLE:
        raise UsageError(f"{asked.place}: {name} is no table")
    if asked.only and tables[0].is_partitioned:
        raise UsageError(
            f"{asked.place}: ON ONLY leaves the index of a partitioned table invalid",
            hint="write it without ONLY: each partition's part is built and attached",
        )
    others = [table.name.sql for table in tables if table.kind not in _INDEXABLE]
    if others:
        raise UsageError(f"{asked.place}: the partition {others[0]} can have no index of this kind")


def _equal(table: Table, wanted: Wanted) -> Index | None:
    """Return the index that does the same, one that can be used before one that cannot."""
    equal = [index for index in table.indexes if index.definition == wanted.definition]
    return min(equal, key=lambda index: (not index.valid, index.name), default=None)


def _root_name(
    asked: Creation, table: Name, wanted: Wanted, equal: Index | None, catalog: Catalog, found: _Findings
) -> Name:
    """Return the name that the file gives, that of the invalid index that is made anew, or a free one."""
    if not asked.name:
        return equal.name if equal else Name(table.schema, _free_name(table, wanted, catalog, found))
    index = Name(table.schema, asked.name)
    if index in found.names:
        raise UsageError(f"{asked.place}: {found.names[index]} creates {index.sql} too")
    if catalog.is_taken(index) and (equal is None or equal.name != index):
        raise UsageError(
            f"{asked.place}: {index.sql} is there already, and is something else",
            hint="choose another name, or drop it first",
        )
    found.names[index] = asked.place
    return index


def _parts(
    tables: Sequence[Table], root: Name, wanted: Wanted, free_name: Callable[[Name], str]
) -> tuple[Part, ...]:
    """Return the parts of an index on the first table and its partitions; equal ones that belong to no other are used."""
    parts: list[Part] = []
    indexes: dict[Name | None, Name] = {None: root}
    for table in tables:
        parent = indexes[table.parent] if table.parent else None
        free = replace(table, indexes=tuple(each for each in table.indexes if each.parent in (None, parent)))
        equal = _equal(free, wanted)
        if table is tables[0]:
            name = root
        else:
            name = equal.name if equal else Name(table.name.schema, free_name(table.name))
        if table.is_partitioned and equal is not None and equal.name != name:
            equal = None  # an invalid whole under another name: its parts stay its own
        indexes[table.name] = name
        parts.append(
            Part(
                index=name,
                table=table.name,
                parent=parent,
                is_partitioned=table.is_partitioned,
                definition=wanted.definition,
                tablespace=wanted.tablespace,
                found=equal,
            )
        )
    return tuple(parts)


def _being_built(index: Index) -> Iterator[Refusal]:
    if index.builder_pid:
        yield Refusal(
            f"{index.name.sql} is being built now, by process {index.builder_pid}",
            "wait until it is done, and apply then",
        )


def _removal(asked: Removal, catalog: Catalog, found: _Findings, *, allow_locks: bool) -> Iterator[Group]:
    index = catalog.index(asked.schema, asked.name)
    shown = f"{asked.schema}.{asked.name}".removeprefix(".")
    if index is None:
        if asked.schema and catalog.is_taken(Name(asked.schema, asked.name)):
            raise UsageError(f"{asked.place}: {shown} is no index")
        found.notes.append(f"{shown} does not exist, so that {asked.place} has nothing to drop")
        return
    if index.name in found.kept:
        raise UsageError(
            f"{asked.place}: it drops {shown}, which does what {found.kept[index.name]} asks for"
        )
    if index.name in found.names:
        raise UsageError(f"{asked.place}: {found.names[index.name]} names {shown} too")
    found.names[index.name] = asked.place
    tables = catalog.tables(index.table.schema, index.table.name)
    found.foreign += tables
    refusals = [*_held(index), *_being_built(index)]
    if index.is_partitioned and not allow_locks:
        refusals.append(
            Refusal(
                f"{index.name.sql} is partitioned, and PostgreSQL cannot drop such an index concurrently",
                "pass --allow-locks: reads and writes of its table then wait for it, for less than a second",
            )
        )
    found.refusals += refusals
    if index.definition.unique:
        found.notes.append(f"{index.name.sql} is unique: without it nothing keeps duplicates out")
    yield removal(tree_of(index, tables))


def _held(index: Index) -> Iterator[Refusal]:
    if index.held_by:
        yield Refusal(f"{index.name.sql} must stay: {index.held_by}", "take its DROP INDEX out of the file")
    if index.parent is not None:
        yield Refusal(
            f"{index.name.sql} is a part of {index.parent.sql} and goes only with it",
            f"drop {index.parent.sql}, or leave it",
        )


def _free_name(table: Name, wanted: Wanted, catalog: Catalog, found: _Findings) -> str:
    """Return a name that nothing has yet, made as PostgreSQL makes one (ChooseIndexName in indexcmds.c)."""
    number = 0
    while True:
        name = Name(table.schema, _name(table.name, wanted.columns, str(number or "")))
        if name not in found.names and not catalog.is_taken(name):
            found.names[name] = f"the index on {table.sql}"
            return name.name
        number += 1


def _name(table: str, columns: Sequence[str], number: str) -> str:
    """Return table_columns_idx, the longer of both cut until the whole fits."""
    label = f"idx{number}"
    first, second = table.encode(), "_".join(columns).encode()
    while len(first) + len(second) + len(label) + 2 > _LONGEST_NAME_BYTES:
        if len(first) > len(second):
            first = first[:-1]
        else:
            second = second[:-1]
    return f"{first.decode(errors='ignore')}_{second.decode(errors='ignore')}_{label}"
