"""ImportGround: the real server behind the bench's Protocol; every trial in processes of its own, rolled back."""

import time
from dataclasses import dataclass

import psycopg

from perfkit.bench.imports.files import CleanFile, split
from perfkit.bench.imports.model import Measurement, PartKind, Reads, Trial
from perfkit.bench.imports.table import ImportTable
from perfkit.bench.imports.thresholds import COMMITS
from perfkit.db.connect import server_errors
from perfkit.db.importing import scratch
from perfkit.db.importing.commits import commit_times
from perfkit.db.importing.job import Job
from perfkit.db.importing.reader import reading
from perfkit.db.importing.run import Run
from perfkit.db.importing.workers import work
from perfkit.names import quote_name


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportGround:
    """Where trials run: into the scratch copy, or into the table itself where `schema` is the table's own."""

    run: Run
    session: psycopg.Connection
    table: ImportTable
    clean: CleanFile
    schema: str
    key: tuple[str, ...] = ()

    def measure(self, trial: Trial) -> Measurement:
        """Return what one run of the trial took; raises MeasureError where it failed."""
        measurement = self._measured(trial)
        self._empty()
        return measurement

    def watched(self, trial: Trial) -> tuple[Measurement, Reads]:
        """Return what one run of the trial took, and what a session that read the table saw meanwhile."""
        with reading(self.run, self.schema, self.table.name) as seen:
            measurement = self._measured(trial)
        self._empty()
        return measurement, seen()

    def idle_reads(self, seconds: float) -> Reads:
        """Return what a session sees that reads the table for so long while nobody imports."""
        with reading(self.run, self.schema, self.table.name) as seen:
            time.sleep(seconds)
        return seen()

    def commit_ms(self) -> tuple[float, ...]:
        """Return what single commits of one small row take, in ms."""
        return commit_times(self.session, self.run.schema, COMMITS)

    def _measured(self, trial: Trial) -> Measurement:
        jobs = self._jobs(trial)
        before = self._wal_position()
        done = work(jobs)
        return Measurement(wal_bytes=self._wal_position() - before, **done)

    def _empty(self) -> None:
        if self.schema == self.run.schema:
            scratch.empty(self.session, self.schema, self.table)

    def _jobs(self, trial: Trial) -> list[Job]:
        paths = split(self.clean.path, trial.workers, trial.rows)
        bases = tuple(self.table.column(name).base for name in self.clean.columns)
        prepare = [scratch.without(trial.without, self.schema, self.table)] if trial.without else []
        return [
            Job(
                dsn=self.run.dsn,
                way=trial.way,
                path=str(path),
                schema=self.schema,
                table=self.table.name,
                columns=self.clean.columns,
                bases=bases,
                rows=trial.rows,
                batch=trial.batch,
                prepare=tuple(statement.as_string(self.session) for statement in prepare),
                gin_indexes=self._gin_indexes(trial),
                defined_by=self.table.qualified_name,
                key=self.key,
            )
            for path in paths
        ]

    def _gin_indexes(self, trial: Trial) -> tuple[str, ...]:
        left_out = trial.without.name if trial.without and trial.without.kind is PartKind.INDEX else None
        return tuple(
            f"{quote_name(self.schema)}.{quote_name(index.name)}"
            for index in self.table.indexes
            if " USING gin " in index.definition and index.name != left_out
        )

    def _wal_position(self) -> int:
        with server_errors():
            ((position,),) = self.session.execute(
                "SELECT pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_current_wal_insert_lsn(), '0/0')::bigint"
            ).fetchall()
        return int(position)
