"""The words of a statement's usage: references to tables, and what is asked of their columns and expressions."""

from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """An expression by its parts, apart from how it is written.

    `kind` is "column", "constant", "parameter", "function", "operator", "cast", "construct" (COALESCE, CASE, IS NULL:
    as stable as its arguments) or "other" (nothing can be said of it). `name` is the column, the function, the operator
    or the type's internal name (int4, _text); `schema` as written, '' for none.
    """

    kind: str
    name: str = ""
    schema: str = ""
    arguments: tuple["Term", ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Expression:
    """An expression over columns of one reference; `text` is SQL with the bare column names, the same for the same tree."""

    text: str
    term: Term
    columns: frozenset[str]

    @property
    def column(self) -> str:
        """Return the column's name, unquoted, where the expression is a column and nothing else, or ''."""
        return self.term.name if self.term.kind == "column" else ""


class Comparison(StrEnum):
    """What a predicate asks of its expression."""

    EQUAL = "equal"
    IN = "in"
    RANGE = "range"
    NULL = "null"
    NOT_NULL = "not_null"
    TRUE = "true"
    FALSE = "false"
    LIKE = "like"
    SEARCH = "search"
    NOT_EQUAL = "not_equal"
    TEST = "test"
    OPERATOR = "operator"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Predicate:
    """A condition on one expression of a reference, whose other side is known before the row is looked up.

    TEST holds two columns of the row against one another: its expression is the whole of it.
    SEARCH is ILIKE, SIMILAR TO and the regular expressions; OPERATOR any operator that is not a comparison (@>, %, @@).
    `constants` are the literals of the other side as text when it is made of nothing else; `parameter` its $n, 0 when
    it is not a bare parameter. `joined` are the references that the other side reads; it is `derived` when that comes
    from a subquery, and `outer` when it is of the blocks around, as in a correlated subquery. `text` is the whole predicate, '' when it has more than this reference and constants.
    `then` are the expressions after the first in a comparison of rows.
    """

    comparison: Comparison
    expression: Expression
    operator: str = ""
    constants: tuple[str, ...] = ()
    parameter: int = 0
    joined: frozenset[int] = frozenset()
    derived: bool = False
    outer: bool = False
    text: str = ""
    then: tuple[Expression, ...] = ()

    @property
    def is_join(self) -> bool:
        """Tell whether the other side comes from another row, not from the statement's text or parameters."""
        return bool(self.joined) or self.derived


Arm = tuple[Predicate, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SortKey:
    """One key of an order; `nulls_first` is what it does, be it written or not."""

    expression: Expression
    descending: bool = False
    nulls_first: bool = False


class Purpose(StrEnum):
    """What an order of rows is good for."""

    ORDER = "ORDER BY"
    GROUP = "GROUP BY"
    DISTINCT = "DISTINCT"
    WINDOW = "the window"
    EXTREME = "min or max"
    DISTANCE = "nearest first"


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """An order that a query block asks for, as far as this reference gives it.

    `limited` when only its first rows are read; `complete` when no key of another table comes after these. The keys of
    GROUP and DISTINCT may stand in any order.
    """

    purpose: Purpose
    keys: tuple[SortKey, ...]
    limited: bool = False
    complete: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """One mention of a table, with what is asked of it.

    `schema` is as written, '' for none. `predicates` hold together; `alternatives` are ORs, each with its arms, all of
    which ask something of this reference. `needed` are the columns that the statement reads, None for all. `target` is
    "insert", "update", "delete" or '', and `written` the columns that are set.
    """

    schema: str
    name: str
    alias: str
    predicates: tuple[Predicate, ...]
    alternatives: tuple[tuple[Arm, ...], ...]
    orders: tuple[Order, ...]
    needed: frozenset[str] | None
    target: str = ""
    written: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What one statement asks of its tables; a reference's number is its place."""

    references: tuple[Reference, ...]
