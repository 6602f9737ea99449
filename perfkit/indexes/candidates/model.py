"""A candidate, and what the families make it of: a table, the keys that a statement asks for, and their reasons."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from perfkit.plan.tables import Table, Tables
from perfkit.syntax.index import IndexDefinition, IndexKey
from perfkit.syntax.usage.model import Order, Predicate


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """An index that might help a statement.

    `reason` says in words why it has these keys in this order; `equal_keys` is how many of them, from the first, are
    compared for equality; `needs` are the statements that must be run before it can be made; `tables` are the qualified
    names, unquoted, of the tables whose reading or writing it is for.
    """

    definition: IndexDefinition
    reason: str
    equal_keys: int = 0
    needs: tuple[str, ...] = ()
    tables: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a statement asks of one table in one place: conditions that hold together, and orders.

    `needed` are the columns that it reads, None for all. `shared` counts, for each key's text, the statements of the
    workload that ask for it; `parameter_types` are those of $1, $2, … as far as they are known.
    """

    table: Table
    tables: Tables
    predicates: tuple[Predicate, ...]
    orders: tuple[Order, ...] = ()
    needed: frozenset[str] | None = None
    shared: Mapping[str, int] = field(default_factory=dict)
    parameter_types: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """A key that a condition or an order asks for.

    `share` is the part of the rows that the condition leaves, 1 for an order, and `worst_share` with the most common value;
    `equal` when the condition is an equality.
    """

    key: IndexKey
    columns: frozenset[str]
    share: float = 1.0
    worst_share: float = 1.0
    equal: bool = False
    is_list: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Idea:
    """An index in the making: keys, what they are for, and what goes with them.

    It is `whole` when it has all that the statement's conditions can give it, so that more columns may make it covering;
    not `alone` when it is of use only where it is covering; `ordered` when it gives an order that ends early.
    """

    keys: tuple[Key, ...]
    reason: str
    method: str = "btree"
    include: tuple[str, ...] = ()
    predicate: str = ""
    needs: tuple[str, ...] = ()
    whole: bool = False
    alone: bool = True
    ordered: bool = False

    @property
    def columns(self) -> frozenset[str]:
        """Return the columns whose values can be read from the index: its bare keys and INCLUDE."""
        return frozenset(self.include).union(
            *(each.columns for each in self.keys if not each.key.is_expression)
        )
