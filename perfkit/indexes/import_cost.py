"""What an import takes without and with index changes, measured on rows that the table has."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from perfkit import stats

# An import's target is told for so many records.
ROWS = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """Of several measurements the median, the least and the most, in ms."""

    median_ms: float
    least_ms: float
    most_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportCost:
    """What inserting 1,000 rows takes, `before` without and `after` with the changes, of `rows` inserted at a time.

    `table` is qualified and unquoted. Where a rule of the table forbade to insert them again, they went `into_empty`, an
    empty table like it, whose indexes are small.
    """

    table: str
    rows: int
    before: Spread
    after: Spread
    into_empty: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportCosts:
    """What was measured, and why nothing was of each other table (qualified and unquoted)."""

    measured: tuple[ImportCost, ...] = ()
    unmeasured: Mapping[str, str] = field(default_factory=dict)


def spread_per_1000(times_ms: Sequence[float], rows: int) -> Spread:
    """Return the spread of several times, at least one, each of inserting so many rows, for 1,000 rows."""
    scaled = [each * ROWS / rows for each in times_ms]
    return Spread(median_ms=stats.median(scaled), least_ms=min(scaled), most_ms=max(scaled))
