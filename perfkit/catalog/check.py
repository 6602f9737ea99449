"""A query's statement, draws and types, checked by PostgreSQL's own parser."""

from collections.abc import Collection, Iterator
from difflib import get_close_matches
from functools import lru_cache

from perfkit.catalog.model import Query
from perfkit.errors import CatalogError
from perfkit.syntax.lexer import SqlError
from perfkit.syntax.statement import Statement, StatementKind, read_statement


def check_statement(query: Query) -> StatementKind:
    """Return the kind of the query's statement; CatalogError when it or a draw's is not right.

    A statement that writes needs `-- allow: write` with a reason.
    """
    kind = _read_at(query, query.statement, query.sql_line).kind
    for draw in query.draws:
        if _read_at(query, draw.sql, draw.line).kind is not StatementKind.READ:
            raise CatalogError("a draw must only read", path=query.path, line=draw.line)
    if kind is StatementKind.WRITE and "write" not in query.allowed:
        raise CatalogError(
            f"query {query.name!r} writes or locks rows and does not say so",
            path=query.path,
            line=query.sql_line,
            hint="write `-- allow: write  why` in its header; perfkit rolls it back",
        )
    return kind


def unknown_allowances(query: Query, rules: Collection[str]) -> Iterator[CatalogError]:
    """Yield a problem for each thing that the query's header allows and that is neither a rule nor a kind of statement."""
    known = sorted({"write", "volatile", *rules})
    for allowed in query.allowed:
        if allowed not in known:
            close = get_close_matches(allowed, known, n=1)
            hint = f"did you mean {close[0]}?" if close else f"the ids are {', '.join(known)}"
            yield CatalogError(
                f"there is no rule {allowed!r} to allow", path=query.path, line=query.line, hint=hint
            )


def _read_at(query: Query, sql: str, line: int) -> Statement:
    try:
        return read_statement(sql)
    except SqlError as error:
        raise CatalogError(
            error.message, path=query.path, line=line + error.line - 1, hint=error.hint
        ) from None


@lru_cache(maxsize=256)
def is_type(type_name: str) -> bool:
    """Return whether PostgreSQL would parse `type_name` as a type's name; whether there is one, the server knows."""
    try:
        return read_statement(f"SELECT CAST(NULL AS {type_name})").kind is StatementKind.READ
    except SqlError:
        return False
