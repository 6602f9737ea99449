"""Names in a query block: which reference a column belongs to, through aliases, subqueries, CTEs and views."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from perfkit.syntax.usage.model import Arm, Order, Predicate, Reference
from perfkit.syntax.usage.tree import Node, kind_of, messages_in, strings, words


class Relation(NamedTuple):
    """What a name stands for: a table's columns in their order, or a view's SELECT."""

    columns: tuple[str, ...] = ()
    view: str = ""


Lookup = Callable[[str, str], Relation | None]  # by schema as written or '', and name


@dataclass(slots=True, kw_only=True)
class Draft:
    """A reference while it is read; `needed` None for all columns."""

    schema: str
    name: str
    alias: str
    predicates: list[Predicate] = field(default_factory=list)
    alternatives: list[tuple[Arm, ...]] = field(default_factory=list)
    orders: list[Order] = field(default_factory=list)
    needed: set[str] | None = field(default_factory=set)
    target: str = ""
    written: set[str] = field(default_factory=set)

    def finish(self) -> Reference:
        """Return what was read."""
        return Reference(
            schema=self.schema,
            name=self.name,
            alias=self.alias,
            predicates=tuple(dict.fromkeys(self.predicates)),
            alternatives=tuple(dict.fromkeys(self.alternatives)),
            orders=tuple(dict.fromkeys(self.orders)),
            needed=None if self.needed is None else frozenset(self.needed),
            target=self.target,
            written=frozenset(self.written),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """An expression whose names are resolved.

    `node` has bare column names, and is None where nothing can be said of it; `columns` are all that it reads, with
    their references; `derived` when it also reads what no table has, such as the result of a subquery or function.
    """

    node: Node | None = None
    columns: frozenset[tuple[int, str]] = frozenset()
    derived: bool = False
    parameters: bool = False

    @property
    def references(self) -> frozenset[int]:
        """Return the references whose columns it reads."""
        return frozenset(reference for reference, _ in self.columns)


DERIVED = Value(derived=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One item of a FROM clause; `reference` is a table's number or -1.

    It is `open` when its columns are not known, so that any name may be one of them.
    """

    name: str
    columns: Mapping[str, Value]
    reference: int = -1
    open: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """The names that a query block sees: its own sources, then those of the blocks around it."""

    parent: "Scope | None" = None
    sources: list[Source] = field(default_factory=list)
    ctes: dict[str, Mapping[str, Value]] = field(default_factory=dict)

    @property
    def references(self) -> frozenset[int]:
        """Return the references that its names stand for, here and around."""
        here = (value.references for source in self.sources for value in source.columns.values())
        tables = frozenset(source.reference for source in self.sources if source.reference >= 0)
        return tables.union(*here, self.parent.references if self.parent else ())

    def cte(self, name: str) -> Mapping[str, Value] | None:
        """Return the columns of a common table expression, None when there is none of that name."""
        return self.ctes[name] if name in self.ctes else self.parent.cte(name) if self.parent else None

    def find(self, path: list[str]) -> Value:
        """Return what a column name, with its alias or without, stands for."""
        found = self._qualified(path[-2], path[-1]) if len(path) > 1 else self._bare(path[0])
        return found or (self.parent.find(path) if self.parent else DERIVED)

    def _qualified(self, alias: str, name: str) -> Value | None:
        for source in self.sources:
            if source.name == alias:
                return source.columns.get(name) or (
                    column(source.reference, name) if source.open else DERIVED
                )
        return None

    def _bare(self, name: str) -> Value | None:
        for source in self.sources:
            if name in source.columns:
                return source.columns[name]
        if any(source.name == name for source in self.sources):
            return DERIVED
        unknown = [source for source in self.sources if source.open]
        unknown = [source for source in unknown if source.reference >= 0] or unknown
        if not unknown:
            return None
        # A block around this one may have it, and its columns be known.
        outside = self.parent.find([name]) if self.parent else DERIVED
        known = column(unknown[0].reference, name) if len(unknown) == 1 else DERIVED
        return outside if outside.node is not None else known


def column(reference: int, name: str) -> Value:
    """Return a column of a reference as a value; -1 is a function or another source without a table."""
    if reference < 0:
        return DERIVED
    node = words().Node()
    node.column_ref.fields.add().string.sval = name
    return Value(node=node, columns=frozenset({(reference, name)}))


def resolve(node: Node, scope: Scope, subquery: Callable[[Node, Scope], object]) -> Value:
    """Return a node with every column name replaced by what it stands for; `subquery` is called for each SubLink."""
    copy = words().Node()
    copy.CopyFrom(node)
    columns: set[tuple[int, str]] = set()
    derived = parameters = False

    def walk(message: Node) -> None:
        nonlocal derived, parameters
        kind = kind_of(message) if message.DESCRIPTOR.name == "Node" else ""
        if kind == "column_ref":
            value = _column_value(message, scope)
            columns.update(value.columns)
            derived = derived or value.derived or value.node is None
            parameters = parameters or value.parameters
            if value.node is not None:
                message.CopyFrom(value.node)
            return
        if kind == "sub_link":
            derived = True
            subquery(message.sub_link, scope)
            return
        parameters = parameters or kind == "param_ref"
        for child in messages_in(message):
            walk(child)

    walk(copy)
    return Value(node=copy, columns=frozenset(columns), derived=derived, parameters=parameters)


def _column_value(node: Node, scope: Scope) -> Value:
    fields = node.column_ref.fields
    path = strings(fields)
    if len(path) < len(fields) or not path:  # p.*
        return DERIVED
    return scope.find(path)
