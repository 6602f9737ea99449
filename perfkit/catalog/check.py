"""A query's statement, draws and types, checked by PostgreSQL's own parser."""

from functools import lru_cache

from perfkit.catalog.model import Query
from perfkit.errors import CatalogError
from perfkit.syntax.lexer import SqlError
from perfkit.syntax.statement import Statement, StatementKind, read_statement


def check_statement(query: Query) -> StatementKind:
    """Return the kind of the query's statement; CatalogError when it, a draw's or a parameter's type is not right.

    A statement that writes needs `-- allow: write` with a reason.
    """
    kind = _read_at(query, query.statement, query.sql_line).kind
    for param in query.params:
        _check_type(query, param.type)
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


def _read_at(query: Query, sql: str, line: int) -> Statement:
    try:
        return read_statement(sql)
    except SqlError as error:
        raise CatalogError(
            error.message, path=query.path, line=line + error.line - 1, hint=error.hint
        ) from None


def _check_type(query: Query, type_name: str) -> None:
    if not _is_type(type_name):
        raise CatalogError(
            f"{type_name!r} is not the name of a PostgreSQL type", path=query.path, line=query.line
        )


@lru_cache(maxsize=256)
def _is_type(type_name: str) -> bool:
    try:
        return read_statement(f"SELECT NULL::{type_name}").kind is StatementKind.READ
    except SqlError:
        return False
