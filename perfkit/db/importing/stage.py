"""The stage of an import bench: a run, a session, the table and its scratch copy, and the records to import into it."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import psycopg
from psycopg.sql import SQL, Composed, Identifier

from perfkit.bench.imports.accounts import Accounts
from perfkit.bench.imports.files import CleanFile
from perfkit.bench.imports.layout import layout_of
from perfkit.bench.imports.model import Part, PartKind
from perfkit.bench.imports.reject import Reject
from perfkit.bench.imports.source import Source, opened
from perfkit.bench.imports.table import ImportTable
from perfkit.db.connect import connected, require_own_session
from perfkit.db.guard import Guard, guarded
from perfkit.db.importing import scratch
from perfkit.db.importing.binary import cannot_write
from perfkit.db.importing.ground import ImportGround
from perfkit.db.importing.run import Run, guarded_run
from perfkit.db.importing.sample import export, sample
from perfkit.db.importing.table import read_table
from perfkit.db.importing.validated import Manner, import_validated
from perfkit.db.importing.values import Values
from perfkit.errors import NothingMeasuredError

Tell = Callable[[Iterable[Reject]], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """What a bench works with; `notes` say what the scratch copy lacks."""

    run: Run
    session: psycopg.Connection
    table: ImportTable
    notes: tuple[str, ...]
    guard: Guard

    @property
    def server_version(self) -> int:
        """Return server_version_num."""
        return self.session.info.server_version

    @property
    def parts(self) -> tuple[Part, ...]:
        """Return the parts of the table that the scratch copy has."""
        return tuple(
            part
            for part in self.table.parts
            if (self.guard.allow_writes or part.kind is not PartKind.TRIGGER)
            and not (part.kind is PartKind.FOREIGN_KEY and scratch.is_too_large(self.table, part.name))
        )

    @property
    def scratch(self) -> Identifier:
        """Return the scratch copy."""
        return Identifier(self.run.schema, self.table.name)

    @property
    def real(self) -> Identifier:
        """Return the table itself."""
        return Identifier(self.table.schema, self.table.name)

    def sampled(self, *, rows: int, seed: int) -> CleanFile:
        """Return rows of the table as a file.

        Raises NothingMeasuredError when it has none, StatementError when reading them takes longer than a statement may.
        """
        with guarded(self.session, self.guard):
            return sample(self.session, self.table, self._clean_path, rows=rows, seed=seed)

    def accounted(
        self, source: Source, manner: Manner, *, rows: int, into_table: bool, tell: Tell | None
    ) -> tuple[Accounts, CleanFile]:
        """Import a file, account for its records, and roll back; return a file of the first rows that it stored, too.

        Raises NothingMeasuredError when not one record can be stored.
        """
        manner = replace(manner, target=self.scratch, keys=scratch.own_keys(self.table, self.run.schema))
        with self.session.transaction(force_rollback=True):
            accounts = import_validated(
                self.session, self.table, source, manner, None if into_table else tell
            )
            clean = self._exported(source, manner, rows=rows, new_only=into_table and not manner.key)
        scratch.empty(self.session, self.run.schema, self.table)
        if into_table:
            manner = replace(manner, target=self.real, keys={})
            with self.session.transaction(force_rollback=True):
                accounts = import_validated(self.session, self.table, source, manner, tell)
        if not clean.rows:
            raise NothingMeasuredError(
                f"not one of {accounts.read:,} records of {source.name} can be stored",
                hint=accounts.examples[0].reason if accounts.examples else "the file has a header alone",
            )
        return accounts, clean

    def ground(self, clean: CleanFile, *, into_table: bool, key: tuple[str, ...]) -> ImportGround:
        """Return where trials with these records run."""
        return ImportGround(
            run=self.run,
            session=self.session,
            table=self.table,
            clean=clean,
            schema=self.table.schema if into_table else self.run.schema,
            key=key,
        )

    def not_binary(self, clean: CleanFile) -> tuple[str, ...]:
        """Return the types of the file's columns that COPY BINARY is not tried with."""
        return cannot_write([self.table.column(name).base for name in clean.columns])

    @property
    def _clean_path(self) -> Path:
        return self.run.folder / "clean.csv"

    def _exported(self, source: Source, manner: Manner, *, rows: int, new_only: bool) -> CleanFile:
        """Write what was stored in the scratch copy, in its order; of `new_only` nothing that the table has already.

        What refers to a record of the file is left out: ways that store it before that, or at once, cannot.
        """
        with opened(source) as (header, _):
            layout = layout_of(header, self.table, mapping=manner.mapping, values=manner.values)
        values = Values(table=self.table, layout=layout)
        columns = layout.columns
        unique = [index.columns for index in self.table.indexes if values.knows(index.columns)]
        conditions = [
            *(SQL("NOT {}").format(self._has(names, names)) for names in (unique if new_only else [])),
            *(
                SQL("({} OR {})").format(
                    SQL(" OR ").join(SQL("new.{} IS NULL").format(Identifier(name)) for name in key.columns),
                    self._has(key.referenced_columns, key.columns),
                )
                for key in values.own_keys
            ),
        ]
        query = SQL("SELECT {} FROM {} AS new WHERE {} LIMIT {}").format(
            SQL(", ").join(SQL("new.{}").format(Identifier(name)) for name in columns),
            self.scratch,
            SQL(" AND ").join([SQL("true"), *conditions]),
            rows,
        )
        path = self._clean_path
        return CleanFile(path=path, columns=columns, rows=export(self.session, query, path))

    def _has(self, names: Sequence[str], new_names: Sequence[str]) -> Composed:
        """Return the condition that a stored row has in these columns what the new row has in those."""
        same = SQL(" AND ").join(
            SQL("stored.{} = new.{}").format(Identifier(name), Identifier(new))
            for name, new in zip(names, new_names, strict=True)
        )
        return SQL("EXISTS (SELECT FROM {} AS stored WHERE {})").format(self.real, same)


@contextmanager
def import_stage(dsn: str, guard: Guard, table: str) -> Iterator[Stage]:
    """Yield the stage for a table, as SQL names it; nothing of it is left after, however the block or process ends.

    Triggers may write anywhere: they are copied only where the guard allows writes, and rolled back. Raises GuardError,
    also behind a pooler, UsageError for what is no table, MeasureError where no scratch schema can be made.
    """
    with connected(dsn) as connection:
        require_own_session(connection, "importing")
        with guarded(connection, guard):
            read_table(connection, table)
    with guarded_run(dsn) as run, run.connect() as session:
        found = read_table(session, table)
        notes = scratch.make_scratch(session, found, run.schema, triggers=guard.allow_writes)
        yield Stage(run=run, session=session, table=found, notes=notes, guard=guard)
