"""What PostgreSQL's own parser says of a statement: its kind, the functions it calls, the tables it names."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from perfkit.names import quote_name
from perfkit.syntax.depth import check_depth
from perfkit.syntax.lexer import COMMENTS, SqlError, line_at, tokenize
from perfkit.syntax.limits import STATEMENT_CHARACTERS_MAX

Name = tuple[str | None, str]  # schema as written or None, name
_WRITES = frozenset({"InsertStmt", "UpdateStmt", "DeleteStmt", "MergeStmt"})
_TAKEN = _WRITES | {"SelectStmt"}


class StatementKind(StrEnum):
    """Whether a statement only reads, or writes or locks rows."""

    READ = "read"
    WRITE = "write"


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """What one statement is and refers to, as written: names are not looked up in a database.

    `tables` has the names of common table expressions too, which may hide a table of that name. `attributes` are the
    names after a dot (`p.name`): PostgreSQL calls a function of that name with the row when the table has no such column.
    Operators, casts, views and triggers may call functions too, which no parser can see.
    """

    kind: StatementKind
    function_calls: frozenset[Name]
    tables: frozenset[Name]
    attributes: frozenset[str]

    @property
    def relation_names(self) -> frozenset[str]:
        """Return the tables, quoted as to_regclass reads them."""
        return frozenset(
            ".".join(quote_name(part) for part in name if part is not None) for name in self.tables
        )


def read_statement(sql: str) -> Statement:
    """Return what the one statement of `sql` is, parameters being `$n`.

    SqlError when PostgreSQL 18 would not parse it, when it is not one SELECT, VALUES, TABLE, INSERT, UPDATE, DELETE or
    MERGE, or when it is too long or too deep to be parsed safely.
    """
    statements = _parse(sql)["stmts"] if sql else []
    if len(statements) != 1:
        problem = "there is no statement" if not statements else "there is more than one statement"
        line = line_at(sql, 0) if not statements else _line_of_second(sql, statements)
        raise SqlError(problem, line=line)
    node = statements[0].get("stmt", {})
    if not _TAKEN & node.keys():
        raise SqlError(
            f"{first_word(sql)} is not a statement that perfkit measures",
            line=1,
            hint="a query is one SELECT, VALUES, TABLE, INSERT, UPDATE, DELETE or MERGE",
        )
    return _describe(node)


def _parse(sql: str) -> dict[str, Any]:
    """Return the parse tree as libpg_query's JSON, which is four times as fast to read and walk as its protobuf."""
    content = _bytes_of(sql)
    check_depth(sql)
    # Importing it takes 0.1 s, which a command that parses nothing should not pay.
    from postgast.errors import PgQueryError, check_error
    from postgast.native import lib

    result = lib.pg_query_parse(content)
    try:
        check_error(result)
        tree: dict[str, Any] = json.loads(result.parse_tree)
    except PgQueryError as error:
        # postgast's documentation says bytes, but the library counts characters.
        raise SqlError(error.message, line=line_at(sql, max(error.cursorpos - 1, 0))) from None
    except RecursionError:
        raise SqlError("the statement nests too deeply to be checked", line=1, hint="break it up") from None
    finally:
        lib.pg_query_free_parse_result(result)
    return tree


def _bytes_of(sql: str) -> bytes:
    if len(sql) > STATEMENT_CHARACTERS_MAX:
        raise SqlError(
            f"the statement has {len(sql):,} characters; {STATEMENT_CHARACTERS_MAX:,} at most", line=1
        )
    nul = sql.find("\0")
    if nul >= 0:
        raise SqlError("a NUL byte", line=line_at(sql, nul))
    try:
        return sql.encode()
    except UnicodeEncodeError as error:
        raise SqlError("a character that is not Unicode text", line=line_at(sql, error.start)) from None


def _line_of_second(sql: str, statements: list[dict[str, Any]]) -> int:
    content = sql.encode()
    start = statements[1].get("stmt_location", 0)
    start += len(content[start:]) - len(content[start:].lstrip())
    return content.count(b"\n", 0, start) + 1


def first_word(sql: str) -> str:
    """Return the first word of a statement that has one, in capitals."""
    first = next(token for token in tokenize(sql) if token.kind not in COMMENTS)
    return sql[first.start : first.end].upper()


def _describe(node: dict[str, Any]) -> Statement:
    writes = False
    function_calls: set[Name] = set()
    tables: set[Name] = set()
    attributes: set[str] = set()
    for part in _objects(node):
        if "intoClause" in part:
            raise SqlError("SELECT INTO creates a table", line=1, hint="measure the SELECT alone")
        writes = writes or "lockingClause" in part or not _WRITES.isdisjoint(part)
        if "FuncCall" in part:
            function_calls.add(_qualified(part["FuncCall"]["funcname"]))
        elif "relname" in part:
            tables.add((part.get("schemaname"), part["relname"]))
        elif "ColumnRef" in part:
            attributes.update(_strings(part["ColumnRef"]["fields"][1:]))
        elif "indirection" in part:
            attributes.update(_strings(part["indirection"]))
    return Statement(
        kind=StatementKind.WRITE if writes else StatementKind.READ,
        function_calls=frozenset(function_calls),
        tables=frozenset(tables),
        attributes=frozenset(attributes),
    )


def _objects(node: dict[str, Any]) -> list[dict[str, Any]]:
    """Return every object of a JSON tree."""
    found = [node]
    for part in found:  # which grows meanwhile
        for value in part.values():
            if isinstance(value, dict):
                found.append(value)
            elif isinstance(value, list):
                found.extend(item for item in value if isinstance(item, dict))
    return found


def _qualified(names: list[dict[str, Any]]) -> Name:
    parts = list(_strings(names))
    return (parts[-2] if len(parts) > 1 else None, parts[-1])


def _strings(nodes: list[dict[str, Any]]) -> Iterator[str]:
    return (node["String"]["sval"] for node in nodes if "String" in node)
