"""Rows to import where no file is given: some that the table has."""

from pathlib import Path

import psycopg
from psycopg.sql import SQL, Composed, Identifier

from perfkit.bench.imports.files import NULL, CleanFile
from perfkit.bench.imports.table import ImportTable
from perfkit.bench.imports.thresholds import SAMPLED_PAGES
from perfkit.db.connect import server_errors
from perfkit.errors import NothingMeasuredError

# A sample is drawn by chance: so much more than is wanted that it is seldom less.
_MARGIN = 1.1
_MARGIN_ROWS = 100
_MARGIN_PAGES = 20


def sample(
    connection: psycopg.Connection, table: ImportTable, path: Path, *, rows: int, seed: int
) -> CleanFile:
    """Write a sample of the table's rows as a clean file; the same for the same seed and table.

    It has at most as many rows as the table; of a large table it has the rows of some pages, or all would be read.
    Raises NothingMeasuredError for an empty one.
    """
    columns = tuple(column.name for column in table.writable)
    share = (_MARGIN * rows + _MARGIN_ROWS) / table.rows if table.rows else 1.0
    method = SQL("BERNOULLI")
    if table.pages > SAMPLED_PAGES:
        share += _MARGIN_PAGES / table.pages
        method = SQL("SYSTEM")
    query = SQL("SELECT {} FROM {} TABLESAMPLE {} ({}) REPEATABLE ({}) LIMIT {}").format(
        SQL(", ").join(map(Identifier, columns)),
        Identifier(table.schema, table.name),
        method,
        min(100.0, 100 * share),
        seed,
        rows,
    )
    written = export(connection, query, path)
    if not written:
        raise NothingMeasuredError(
            f"{table.qualified_name} has no rows to import again", hint="give a file to import"
        )
    return CleanFile(path=path, columns=columns, rows=written)


def export(connection: psycopg.Connection, query: Composed, path: Path) -> int:
    """Write the rows of a query as a clean file; return how many there are."""
    command = SQL("COPY ({}) TO STDOUT WITH (FORMAT csv, NULL {})").format(query, NULL)
    with server_errors(), path.open("wb") as stream, connection.cursor() as cursor:
        with cursor.copy(command) as copy:
            for block in copy:
                stream.write(block)
        return cursor.rowcount
