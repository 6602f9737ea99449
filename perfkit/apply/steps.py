"""The steps of an apply and of its undo: each is a statement and a goal, so that doing it again does no harm."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from perfkit.apply.state import Definition, Index, Name, Table
from perfkit.syntax.index import IndexDefinition, read_definition


class Action(StrEnum):
    """What a step does; the goal that it is held to says when it is done already."""

    CREATE = "create"
    CREATE_PARENT = "create-parent"
    ATTACH = "attach"
    CLEAR = "clear"
    DROP = "drop"
    DROP_PARENT = "drop-parent"
    RUN = "run"


CREATING = frozenset({Action.CREATE, Action.CREATE_PARENT})
DROPPING = frozenset({Action.DROP, Action.DROP_PARENT})
LOCKING = frozenset({Action.CREATE_PARENT, Action.ATTACH, Action.DROP_PARENT})
"""What cannot be done concurrently: it takes locks that the application waits for, so it must be brief."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One statement, and the index that it is about: None for one that may be run at any time, such as ANALYZE.

    `parent` is the index to attach to. `whole` is the partitioned table of whose many parts the step does one. `since` is, for a step of the undo, the number of the step of the apply, from 0,
    before which there is nothing to take back.
    """

    action: Action
    statement: str
    table: Name
    index: Name | None = None
    definition: Definition | None = None
    parent: Name | None = None
    whole: Name | None = None
    since: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """An index on one table: the whole of an ordinary index, or the part of a partitioned one on one of its tables.

    `found` is the equal index that is there already, `parent` the index that it belongs to.
    """

    index: Name
    table: Name
    parent: Name | None
    is_partitioned: bool
    definition: Definition
    tablespace: str = ""
    found: Index | None = None

    @property
    def was_there(self) -> bool:
        """Tell whether an index that can be used was there before."""
        return self.found is not None and self.found.valid


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """The steps of one change and those that take it back."""

    do: tuple[Step, ...]
    undo: tuple[Step, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Steps:
    """The steps of all changes, and those of the undo in their own order."""

    do: tuple[Step, ...]
    undo: tuple[Step, ...]


def index_change(steps: Sequence[Step]) -> tuple[Step, IndexDefinition] | None:
    """Return, of the steps of one change, that which makes or drops the index as a whole, and what the index does by parts.

    None when there is nothing to be done.
    """
    for step in steps:
        if step.action in CREATING | DROPPING and step.whole is None and step.index and step.definition:
            return step, read_definition(step.definition.create(step.index, step.table))
    return None


def numbered(groups: Iterable[Group]) -> Steps:
    """Return the steps of the groups in their order; the last group is taken back first."""
    do: list[Step] = []
    undo: list[Step] = []
    for group in groups:
        undo[:0] = [replace(step, since=len(do)) for step in group.undo]
        do += group.do
    return Steps(do=tuple(do), undo=tuple(undo))


def creation(parts: Sequence[Part], *, has_expression: bool = False) -> Group:
    """Return how an index is made of its parts, parents first, and how it is taken back.

    A partitioned index comes first, empty and invalid, so that a partition that is made meanwhile gets its own part;
    each partition's part is built concurrently and attached, and the last makes the whole valid.
    """
    built = [part.table for part in parts if not part.is_partitioned and not part.was_there]
    made = (*_made(parts), *(_analyzed(built) if has_expression else ()))
    whole = parts[0].table
    return Group(do=_of_whole(whole, made), undo=_of_whole(whole, tuple(_taken_back(parts))))


def _of_whole(whole: Name, steps: Sequence[Step]) -> tuple[Step, ...]:
    return tuple(step if step.table == whole else replace(step, whole=whole) for step in steps)


def removal(tree: Sequence[Index]) -> Group:
    """Return how an index, the first of its tree, is dropped and made again, which is not done for an invalid one."""
    index = tree[0]
    undo = _of_whole(index.table, tuple(_made_again(tree))) if index.valid else ()
    return Group(do=(drop_step(index),), undo=undo)


def drop_step(index: Index) -> Step:
    """Return the step that drops an index, concurrently where that can be."""
    action = Action.DROP_PARENT if index.is_partitioned else Action.DROP
    return _drop(action, index.name, index.table, index.definition)


def _made(parts: Sequence[Part]) -> Iterator[Step]:
    for part in parts:
        if part.is_partitioned and part.found is None:
            yield _create(part)
    for part in parts:
        if not part.is_partitioned and not part.was_there:
            if part.found is not None:
                yield _drop(Action.CLEAR, part.found.name, part.table, part.definition)
            yield _create(part)
    for part in _deepest_first(parts):
        if part.parent is not None and not (part.found and part.found.parent):
            yield Step(
                action=Action.ATTACH,
                statement=f"ALTER INDEX {part.parent.sql} ATTACH PARTITION {part.index.sql}",
                table=part.table,
                index=part.index,
                definition=part.definition,
                parent=part.parent,
            )


def _deepest_first(parts: Sequence[Part]) -> list[Part]:
    """Return the parts, which come parents first, so that each is whole before it is attached."""
    depths: dict[Name | None, int] = {None: 0}
    for part in parts:
        depths[part.index] = depths[part.parent] + 1
    return sorted(parts, key=lambda part: -depths[part.index])


def _made_again(indexes: Sequence[Index]) -> Iterator[Step]:
    """Yield the steps that make indexes, parents first, as they were: each with its own definition and all that is its."""
    names = {index.name for index in indexes}
    yield from _made(
        [
            Part(
                index=index.name,
                table=index.table,
                parent=index.parent if index.parent in names else None,
                is_partitioned=index.is_partitioned,
                definition=index.definition,
                tablespace=index.tablespace,
            )
            for index in indexes
        ]
    )
    for index in indexes:
        for statement in index.further:
            yield Step(action=Action.RUN, statement=statement, table=index.table)
    yield from _analyzed(
        index.table for index in indexes if index.has_expression and not index.is_partitioned
    )


def _taken_back(parts: Sequence[Part]) -> Iterator[Step]:
    """Yield the steps back; a partitioned index takes the parts that are attached with it, those that were there too."""
    for part in parts:
        if part.is_partitioned and not part.was_there:
            yield _drop(Action.DROP_PARENT, part.index, part.table, part.definition)
    yield from _made_again([part.found for part in parts if part.found and part.found.valid])
    for part in parts:
        if not part.is_partitioned and not part.was_there:
            yield _drop(Action.DROP, part.index, part.table, part.definition)


def _create(part: Part) -> Step:
    return Step(
        action=Action.CREATE_PARENT if part.is_partitioned else Action.CREATE,
        statement=part.definition.create(
            part.index, part.table, only=part.is_partitioned, tablespace=part.tablespace
        ),
        table=part.table,
        index=part.index,
        definition=part.definition,
    )


def _drop(action: Action, index: Name, table: Name, definition: Definition) -> Step:
    manner = "" if action is Action.DROP_PARENT else "CONCURRENTLY "
    return Step(
        action=action,
        statement=f"DROP INDEX {manner}{index.sql}",
        table=table,
        index=index,
        definition=definition,
    )


def _analyzed(tables: Iterable[Name]) -> Iterator[Step]:
    """Yield an ANALYZE of each table, which holds rows: until then the planner guesses what an expression selects."""
    for table in tables:
        yield Step(action=Action.RUN, statement=f"ANALYZE {table.sql}", table=table)


def tree_of(index: Index, tables: Sequence[Table]) -> tuple[Index, ...]:
    """Return an index on the first of the tables and those that are attached below it, parents first."""
    tree = {index.name: index}
    for table in tables[1:]:
        tree |= {each.name: each for each in table.indexes if each.parent in tree}
    return tuple(tree.values())
