"""What became of every record of a file: stored, updated or rejected, and nothing else."""

from collections.abc import Mapping
from dataclasses import dataclass

from perfkit.bench.imports.reject import Reject, RejectKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Accounts:
    """Counts of records. `rejected` is by kind and column ('' for the whole record); `examples` are the first rejects.

    `formulas` are records that hold what a spreadsheet takes for a formula; unless rejected they are stored as they are.
    `ignored_fields` of the file go nowhere.
    """

    read: int
    stored: int
    updated: int
    rejected: Mapping[tuple[RejectKind, str], int]
    examples: tuple[Reject, ...]
    formulas: int
    ignored_fields: tuple[str, ...]
    elapsed_ms: float

    @property
    def rejects(self) -> int:
        """Return how many records were rejected."""
        return sum(self.rejected.values())

    @property
    def missing(self) -> int:
        """Return how many records are not accounted for, which must be none."""
        return self.read - self.stored - self.updated - self.rejects
