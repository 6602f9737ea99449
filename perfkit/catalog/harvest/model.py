"""The words of harvesting: what was counted, what becomes of it, and what a server answers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from perfkit.syntax.usage.model import Usage
from perfkit.syntax.usage.places import Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """A statement as pg_stat_statements has it, of all users together."""

    text: str
    calls: int
    calls_per_minute: float
    total_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """All that was counted in a database since `since`; `hidden` statements are of others and not shown to `role`.

    `evicted` is how often the server threw statements out because pg_stat_statements.max was reached.
    """

    statements: tuple[Counted, ...]
    since: datetime
    role: str
    hidden: int
    evicted: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A statement that can be measured, with what all its variants were counted together."""

    statement: str
    fingerprint: str
    counted: Counted

    @property
    def mean_ms(self) -> float:
        """Return what a call took on average, in milliseconds."""
        return self.counted.total_ms / max(1, self.counted.calls)


@dataclass(frozen=True, slots=True, kw_only=True)
class ParameterType:
    """A parameter's type as the server took it: its name, its base type's internal name and pg_type.typcategory.

    `label` is the first of an enumeration's, '' for any other type.
    """

    name: str
    base: str
    category: str
    label: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """A parameter of a query to be: its name there, its type and its place."""

    name: str
    type: ParameterType
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A statement with all that was found out about it; its tables are named as this role finds them."""

    candidate: Candidate
    statement: str
    usage: Usage
    parameters: tuple[Parameter, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A query to be written: `text` is the whole of its file; `source` says where its values come from.

    `fallback` is the same with values made up, for tables that have no row to draw from; '' for none. `is_planned` is
    False for one that writes where this role may not.
    """

    name: str
    text: str
    candidate: Candidate
    parameters: tuple[Parameter, ...] = ()
    source: str = ""
    fallback: str = ""
    is_planned: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Unresolved:
    """A statement that cannot be run as it is, why, and the text of a query file to be completed, '' for none."""

    candidate: Candidate
    reason: str
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnValues:
    """What pg_stats says of a column's values, as text: the common ones, most common first, and even steps of the rest."""

    common: tuple[str, ...] = ()
    bounds: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """The statements that are to be imported, those that are in the catalog, and why others were left out.

    `total_ms` is what all statements of applications took, chosen or not.
    """

    chosen: tuple[Candidate, ...]
    known: tuple[tuple[Candidate, str], ...] = ()
    left_out: Mapping[str, int] = field(default_factory=dict)
    unreadable: tuple[Unresolved, ...] = ()
    total_ms: float = 0.0


class Server(Protocol):
    """What harvesting asks of a server."""

    def parameter_types(self, statement: str, declared: Mapping[int, str]) -> tuple[ParameterType, ...]:
        """Return the types that PREPARE gives the parameters, some of them declared; raises StatementError."""

    def column_values(self, schema: str, table: str, column: str) -> ColumnValues:
        """Return what the statistics of a column say of its values; raises StatementError."""
