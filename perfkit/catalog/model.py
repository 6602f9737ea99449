"""The catalog's words: a query, its parameters, its cases, and the draws that make cases from data."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Param:
    """A declared parameter; `type` is a PostgreSQL type name as written in the header, such as int or text[]."""

    name: str
    type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Draw:
    """`count` cases to be drawn from the rows of `sql`, whose columns bear the parameters' names.

    `line` is where the header line begins; `sql` has a newline wherever that goes on in the next line.
    """

    count: int
    sql: str
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """One statement of the catalog.

    `sql` is the statement as written, without its header and last semicolon; `statement` is the same with each
    `:name` as `$n`, n being the parameter's place in `params`; both begin in line `sql_line` of the file, and `line` is
    that of the name. `weight` is in calls per minute; `budget_ms`, a p95, is None when the target holds. `cases` are the
    written ones; a query without parameters has the one case "default". `allowed` maps what the header allows (a rule
    id, "write", "volatile") to the reason given.
    """

    name: str
    summary: str
    sql: str
    statement: str
    path: Path
    line: int
    sql_line: int
    weight: float
    budget_ms: float | None
    params: tuple[Param, ...]
    cases: tuple["Case", ...]
    draws: tuple[Draw, ...]
    allowed: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One named set of parameter values of the query `query`; a value is text for the server to read, None is NULL."""

    query: str
    name: str
    values: Mapping[str, str | None]
    line: int

    @property
    def id(self) -> str:
        """Return "query/case", the name by which a case is selected, stored and reported."""
        return f"{self.query}/{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalog:
    """All queries, in order of name."""

    queries: tuple[Query, ...]
