"""Calls: the functions that a statement calls, also out of views, and whether running them could leave a trace."""

from collections.abc import Mapping
from dataclasses import dataclass

import psycopg

from perfkit.db import sql
from perfkit.errors import GuardError
from perfkit.syntax.lexer import SqlError
from perfkit.syntax.statement import Name, Statement, read_statement


@dataclass(frozen=True, slots=True, kw_only=True)
class Calls:
    """Function names as written, and the attributes that may be calls too (`person.name`)."""

    functions: frozenset[Name]
    attributes: frozenset[str]


def calls_of(connection: psycopg.Connection, text: str) -> Calls:
    """Return what the statement, and the views under it, call; raises GuardError when that cannot be told."""
    statement = _read(text)
    relations = list(statement.relation_names)
    with psycopg.RawCursor(connection) as cursor:
        views = cursor.execute(sql.load("views"), [relations]).fetchall() if relations else []
    read = [statement, *(_read(definition) for (definition,) in views)]
    return Calls(
        functions=frozenset[Name]().union(*(part.function_calls for part in read)),
        attributes=frozenset[str]().union(*(part.attributes for part in read)),
    )


def refuse_volatile(connection: psycopg.Connection, calls: Calls) -> None:
    """Raise GuardError when one of the calls is of a volatile function that may leave a trace."""
    with psycopg.RawCursor(connection) as cursor:
        volatile = cursor.execute(
            sql.load("volatile"), [*_columns(calls), sorted(calls.attributes)]
        ).fetchall()
    if volatile:
        raise GuardError(
            f"it calls the volatile function {', '.join(name for (name,) in volatile)}",
            hint="if it changes nothing outside its transaction, say so in the header: -- allow: volatile  <reason>",
        )


def functions_of(connection: psycopg.Connection, calls: Calls) -> Mapping[str, str]:
    """Return those of the called functions that users made, by signature, each with the md5 of its definition.

    Functions that these name in their bodies count too, one level deep.
    """
    if not calls.functions:
        return {}
    with psycopg.RawCursor(connection) as cursor:
        return dict(cursor.execute(sql.load("functions"), _columns(calls)).fetchall())


def _columns(calls: Calls) -> list[list[str | None]]:
    return [[schema for schema, _ in calls.functions], [name for _, name in calls.functions]]


def _read(text: str) -> Statement:
    try:
        return read_statement(text)
    except SqlError as error:
        raise GuardError(f"its function calls cannot be checked: {error.message}") from None
