"""A migration applied to a copy: its files' statements one by one, and the vacuum and statistics that follow."""

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg.pq import TransactionStatus
from psycopg.rows import class_row
from psycopg.sql import SQL, Identifier

from perfkit.db import sql
from perfkit.db.connect import connected, redact, server_errors
from perfkit.db.copy_session import copy_session
from perfkit.db.vacuum import COLLECTOR_DELAY_S, SHARED_STATISTICS_VERSION
from perfkit.errors import GuardError, MeasureError, UsageError
from perfkit.syntax.lexer import SqlError, line_at
from perfkit.syntax.script import ScriptStatement, split_script

_SERVER_WIDE = r"database|role|user(?!\s+mapping)|group|tablespace|subscription|system"
# What begins like this reaches beyond the copy: the roles, databases and settings of a server are all its databases'.
_REFUSED = tuple(
    re.compile(rf"(?:{pattern})(?!\w)")
    for pattern in (
        rf"(?:create|alter|drop) (?:{_SERVER_WIDE})",
        rf"(?:comment|security label(?: for \w+)?) on (?:{_SERVER_WIDE})",
        r"(?:reassign|drop) owned",
        r"(?:grant|revoke) .*?on (?:database|tablespace|parameter)",
        r"prepare transaction",
        r"copy .*?(?:\bto|from program)",
    )
)
# GRANT role TO role, which has no ON.
_ROLE_GRANT = re.compile(r"(?:grant|revoke) (?!.*?\bon\b)")
_COPY_BY_CLIENT = re.compile(r"copy .*?(?:from stdin|to stdout)(?!\w)")
# What a DO block runs cannot be told for sure: its text must not name what is refused.
_REFUSED_IN_BLOCK = re.compile(
    rf"\b(?:create|alter|drop)\s+(?:{_SERVER_WIDE})\b|\bprogram\s+'", re.IGNORECASE
)
_REFUSAL_HINT = "a copy shares its server with the database itself: take this out of the file"


@dataclass(frozen=True, slots=True, kw_only=True)
class MigrationFile:
    """A file and its statements, none of which reaches beyond its database as far as can be seen."""

    path: Path
    statements: tuple[ScriptStatement, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Relation:
    schema: str
    name: str
    oid: int
    file: int
    columns: list[str] | None
    expression_indexes: list[str] | None
    extended_statistics: list[str] | None
    rows_written: int


def read_migration(files: Sequence[Path]) -> tuple[MigrationFile, ...]:
    """Return the files' statements, in order. Nothing is run.

    Raises UsageError for a file that cannot be read or is no SQL script, and GuardError for a statement that would
    change more than the copy; both name file and, where there is one, line.
    """
    return tuple(_read_file(path) for path in files)


def apply_migration(dsn: str, files: Sequence[Path], *, statement_timeout_ms: int = 0) -> None:
    """Run the files on the copy, each in a session of its own, statement by statement in autocommit.

    So CREATE INDEX CONCURRENTLY works, and so do BEGIN and COMMIT in a file. All files are read before the first
    statement runs. Raises what `read_migration` raises, and MeasureError "FILE:LINE: message" when the server refuses
    a statement or it takes longer than the timeout (0: none).
    """
    for file in read_migration(files):
        _apply_file(dsn, file, statement_timeout_ms)


def settle(base_dsn: str, head_dsn: str) -> tuple[str, ...]:
    """Vacuum and analyze in `head` the tables that the migration changed, as autovacuum would; return their names.

    These are new, rewritten or written to, or have other columns, expression indexes or extended statistics than in
    `base`. All others keep the statistics that they share with `base`.
    """
    with connected(base_dsn) as connection:
        before = {(relation.schema, relation.name): relation for relation in _relations(connection)}
    with copy_session(head_dsn) as connection:
        changed = [
            relation
            for relation in _relations(connection)
            if relation.rows_written
            or _made_of(relation) != _made_of(before.get((relation.schema, relation.name)))
        ]
        for relation in changed:
            connection.execute(SQL("VACUUM (ANALYZE) {}").format(Identifier(relation.schema, relation.name)))
    return tuple(f"{relation.schema}.{relation.name}" for relation in changed)


def _read_file(path: Path) -> MigrationFile:
    try:
        script = path.read_text("utf-8-sig")
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}", hint="name a file of SQL that you may read") from None
    except UnicodeDecodeError:
        raise UsageError(f"{path}: is not UTF-8 text", hint="name a file of SQL, saved as UTF-8") from None
    statements = []
    try:
        for statement in split_script(script):
            _refuse(path, statement)
            statements.append(statement)
    except SqlError as error:
        raise UsageError(f"{path}:{error.line}: {error.message}", hint=error.hint) from None
    if not statements:
        raise UsageError(f"{path}: has no statement", hint="name a file of SQL")
    return MigrationFile(path=path, statements=tuple(statements))


def _refuse(path: Path, statement: ScriptStatement) -> None:
    words = " ".join(statement.words)
    place = f"{path}:{statement.line}"
    if _COPY_BY_CLIENT.match(words):
        raise UsageError(
            f"{place}: COPY with the client's data", hint="write INSERTs, or load the data from a table"
        )
    named = next((match[0] for pattern in _REFUSED if (match := pattern.match(words))), "")
    if not named and _ROLE_GRANT.match(words):
        named = f"{statement.words[0]} of a role"
    if not named and words.startswith("do"):
        named = " ".join(match[0].split()) if (match := _REFUSED_IN_BLOCK.search(statement.text)) else ""
    if named:
        raise GuardError(f"{place}: {named.upper()} reaches beyond the copy", hint=_REFUSAL_HINT)


def _apply_file(dsn: str, file: MigrationFile, statement_timeout_ms: int) -> None:
    with connected(dsn) as connection:
        with server_errors():
            # The copy is perfkit's own, whatever the role may do by default.
            connection.execute("SET default_transaction_read_only = off")
            connection.execute(SQL("SET statement_timeout = {}").format(statement_timeout_ms))
        for statement in file.statements:
            _apply_statement(connection, file.path, statement)
        if connection.info.transaction_status != TransactionStatus.IDLE:
            raise MeasureError(
                f"{file.path}: its last transaction has no COMMIT", hint="without it nothing would be kept"
            )
        with server_errors():
            _flush_counts(connection)


def _apply_statement(connection: psycopg.Connection, path: Path, statement: ScriptStatement) -> None:
    try:
        connection.execute(statement.text.encode())
    except psycopg.Error as error:
        position = int(error.diag.statement_position or 1) - 1
        line = statement.line + line_at(statement.text, position) - 1
        message = " ".join((error.diag.message_primary or str(error)).split())
        raise MeasureError(
            f"{path}:{line}: {redact(message)}", hint=redact(error.diag.message_hint or "")
        ) from None


def _flush_counts(connection: psycopg.Connection) -> None:
    """Let other sessions see which rows this one wrote, now rather than some time after its end."""
    if connection.info.server_version >= SHARED_STATISTICS_VERSION:
        connection.execute("SELECT pg_catalog.pg_stat_force_next_flush()")
        connection.execute(
            "SELECT 1"
        )  # counts are flushed when a transaction has ended and before the next begins
    else:
        time.sleep(COLLECTOR_DELAY_S)


def _relations(connection: psycopg.Connection) -> list[_Relation]:
    with server_errors(), psycopg.RawCursor(connection, row_factory=class_row(_Relation)) as cursor:
        return cursor.execute(sql.load("copy_relations")).fetchall()


def _made_of(relation: _Relation | None) -> tuple[object, ...]:
    if relation is None:
        return ()
    return (
        relation.file,
        relation.columns,
        relation.expression_indexes,
        relation.extended_statistics,
    )
