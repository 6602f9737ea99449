"""The words of the import bench: the ways to import, a trial of one of them, what it measured, and all together."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from perfkit import stats


class Way(StrEnum):
    """How records get into a table."""

    ROW_INSERT = "row-insert"
    EXECUTEMANY = "executemany"
    MULTI_VALUES = "multi-values"
    COPY = "copy"
    COPY_BINARY = "copy-binary"
    STAGED = "staged"
    ON_ERROR = "on-error"
    PANDAS = "pandas"


MEANINGS: Mapping[Way, str] = {
    Way.ROW_INSERT: "an INSERT a record",
    Way.EXECUTEMANY: "prepared INSERTs in a pipeline",
    Way.MULTI_VALUES: "INSERT with many rows of VALUES",
    Way.COPY: "COPY of the file as it is",
    Way.COPY_BINARY: "COPY of values in the binary format",
    Way.STAGED: "COPY into staging, checked, then merged",
    Way.ON_ERROR: "COPY that leaves out what it cannot read (ON_ERROR ignore)",
    Way.PANDAS: "pandas: chunks of the file, INSERT with many rows",
}
BATCHED = frozenset({Way.EXECUTEMANY, Way.MULTI_VALUES, Way.PANDAS})


class PartKind(StrEnum):
    """What a row costs beyond its own writing."""

    INDEX = "index"
    TRIGGER = "trigger"
    FOREIGN_KEY = "foreign key"


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One index, trigger or foreign key of the table that an import pays for."""

    kind: PartKind
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One way of importing `rows` records, in batches of `batch` (0: it has none), from `workers` sessions at once.

    `without` is a part of the table that is left out, None for the whole table.
    """

    way: Way
    rows: int
    batch: int = 0
    workers: int = 1
    without: Part | None = None

    @property
    def id(self) -> str:
        """Return "copy", "multi-values-1000" or "copy-2-workers": the trial's name in figures."""
        batch = f"-{self.batch}" if self.batch else ""
        workers = f"-{self.workers}-workers" if self.workers > 1 else ""
        return f"{self.way}{batch}{workers}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """One run of a trial. `wal_bytes` are the server's, whoever wrote them meanwhile.

    `client_bytes` is the most memory that a client process held; `server_bytes` what the backends held in the end
    (proportional set size), None where they cannot be seen.
    """

    elapsed_ms: float
    rows: int
    wal_bytes: int
    client_bytes: int
    server_bytes: int | None

    @property
    def ms_per_1000(self) -> float:
        """Return the time that 1,000 records took."""
        return self.elapsed_ms * 1_000 / self.rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Reads:
    """What a session that reads the table saw, by itself or beside an import: its times, and how often a lock held it."""

    times_ms: tuple[float, ...]
    lock_waits: int

    def quantile_ms(self, q: float) -> float:
        """Return a quantile of the times, 0 where nothing was read."""
        return stats.quantile(self.times_ms, q) if self.times_ms else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """A trial with its measurements, at least one, and what a reader saw beside it, None where nobody read."""

    trial: Trial
    measurements: tuple[Measurement, ...]
    reads: Reads | None = None

    @property
    def times_ms(self) -> tuple[float, ...]:
        """Return the times of 1,000 records, a run each."""
        return tuple(each.ms_per_1000 for each in self.measurements)

    @property
    def median_ms(self) -> float:
        """Return the median time of 1,000 records."""
        return stats.median(self.times_ms)


@dataclass(frozen=True, slots=True, kw_only=True)
class PartShare:
    """What share of a COPY's time a part of the table takes: 1 - time without / time with, a round each."""

    part: Part
    shares: tuple[float, ...]

    @property
    def median(self) -> float:
        """Return the median share; below 0 when leaving the part out seemed to take longer."""
        return stats.median(self.shares)


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """All that was compared. `idle_reads` is the reader by itself; `skipped` says why a way was not tried."""

    tried: tuple[Tried, ...]
    shares: tuple[PartShare, ...]
    idle_reads: Reads | None
    commit_ms: tuple[float, ...] = ()
    skipped: Mapping[Way, str] = field(default_factory=dict)
