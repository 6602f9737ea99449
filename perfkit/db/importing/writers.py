"""The ways of importing, each a function that writes a job's records into its table and returns how many it wrote."""

from collections.abc import Callable, Iterator, Mapping, Sequence

import psycopg
from psycopg.sql import SQL, Composed, Identifier, Placeholder

from perfkit.bench.imports.files import NULL, in_batches, rows_of
from perfkit.bench.imports.model import Way
from perfkit.bench.imports.source import Source
from perfkit.bench.imports.thresholds import CHUNK_BYTES, MOST_PARAMETERS
from perfkit.db.importing.binary import converters
from perfkit.db.importing.job import Job
from perfkit.db.importing.table import read_table
from perfkit.db.importing.validated import Manner, import_validated

_ROW = Sequence[str | None]


def write(connection: psycopg.Connection, job: Job) -> int:
    """Import the job's records its way; return how many were written."""
    return _WRITERS[job.way](connection, job)


def _row_insert(connection: psycopg.Connection, job: Job) -> int:
    insert = _insert(job, 1)
    written = 0
    with connection.cursor() as cursor:
        for row in rows_of(job.file, job.rows):
            cursor.execute(insert, row)
            written += cursor.rowcount
    return written


def _executemany(connection: psycopg.Connection, job: Job) -> int:
    insert = _insert(job, 1)
    written = 0
    with connection.cursor() as cursor:
        for batch in in_batches(rows_of(job.file, job.rows), job.batch):
            cursor.executemany(insert, batch)
            written += cursor.rowcount
    return written


def _multi_values(connection: psycopg.Connection, job: Job) -> int:
    return _insert_batches(connection, job, rows_of(job.file, job.rows))


def _insert_batches(connection: psycopg.Connection, job: Job, rows: Iterator[tuple[str | None, ...]]) -> int:
    """Insert with as many rows of VALUES as a batch has, or as a statement can hold."""
    size = min(job.batch, MOST_PARAMETERS // len(job.columns))
    whole = _insert(job, size)
    written = 0
    with connection.cursor() as cursor:
        for batch in in_batches(rows, size):
            insert = whole if len(batch) == size else _insert(job, len(batch))
            cursor.execute(insert, [value for row in batch for value in row])
            written += cursor.rowcount
    return written


def _pandas(connection: psycopg.Connection, job: Job) -> int:
    """Read chunks into frames of text, as import scripts do, and insert each in batches."""
    import pandas as pd

    def rows() -> Iterator[tuple[str | None, ...]]:
        frames = pd.read_csv(
            job.file,
            header=None,
            names=list(job.columns),
            dtype=str,
            keep_default_na=False,
            na_values=[NULL],
            nrows=job.rows,
            chunksize=job.batch,
        )
        for frame in frames:
            yield from frame.astype(object).where(frame.notna(), None).itertuples(index=False, name=None)

    return _insert_batches(connection, job, rows())


def _copy(connection: psycopg.Connection, job: Job) -> int:
    return _copy_file(connection, job, SQL("FORMAT csv, NULL {}").format(NULL))


def _on_error(connection: psycopg.Connection, job: Job) -> int:
    return _copy_file(connection, job, SQL("FORMAT csv, NULL {}, ON_ERROR ignore").format(NULL))


def _copy_file(connection: psycopg.Connection, job: Job, options: Composed) -> int:
    """Send the bytes of the file as they are; the server parses them."""
    command = SQL("COPY {} ({}) FROM STDIN WITH ({})").format(_target(job), _columns(job), options)
    with connection.cursor() as cursor:
        with job.file.open("rb") as file, cursor.copy(command) as copy:
            while chunk := file.read(CHUNK_BYTES):
                copy.write(chunk)
        return cursor.rowcount


def _copy_binary(connection: psycopg.Connection, job: Job) -> int:
    command = SQL("COPY {} ({}) FROM STDIN WITH (FORMAT binary)").format(_target(job), _columns(job))
    types, converting = converters(job.bases)
    with connection.cursor() as cursor:
        with cursor.copy(command) as copy:
            copy.set_types(types)
            for row in rows_of(job.file, job.rows):
                copy.write_row(
                    [
                        None if value is None else convert(value)
                        for convert, value in zip(converting, row, strict=True)
                    ]
                )
        return cursor.rowcount


def _staged(connection: psycopg.Connection, job: Job) -> int:
    table = read_table(connection, job.defined_by)
    source = Source(path=job.file, name=job.path, header=job.columns)
    accounts = import_validated(
        connection, table, source, Manner(target=_target(job), key=job.key, null=NULL, dates="YMD")
    )
    return accounts.stored + accounts.updated


def _insert(job: Job, rows: int) -> Composed:
    row = SQL("({})").format(SQL(", ").join([Placeholder()] * len(job.columns)))
    return SQL("INSERT INTO {} ({}) OVERRIDING SYSTEM VALUE VALUES {}").format(
        _target(job), _columns(job), SQL(", ").join([row] * rows)
    )


def _target(job: Job) -> Identifier:
    return Identifier(job.schema, job.table)


def _columns(job: Job) -> Composed:
    return SQL(", ").join(map(Identifier, job.columns))


_WRITERS: Mapping[Way, Callable[[psycopg.Connection, Job], int]] = {
    Way.ROW_INSERT: _row_insert,
    Way.EXECUTEMANY: _executemany,
    Way.MULTI_VALUES: _multi_values,
    Way.COPY: _copy,
    Way.COPY_BINARY: _copy_binary,
    Way.STAGED: _staged,
    Way.ON_ERROR: _on_error,
    Way.PANDAS: _pandas,
}
