"""Thresholds of the judge: one table, each with its reason."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Margin:
    """How much more is too much: more than `ratio` times as much, and at least `least` more."""

    ratio: float
    least: float

    def exceeded(self, before: float, now: float) -> bool:
        """Tell whether `now` is more than `before` by more than the margin."""
        return now > before * self.ratio and now - before >= self.least


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """What the judge lets pass. "A/A" is a measurement of an unchanged database against itself."""

    # Hit + read of one plan over the same data was the same in all of 7,200 A/A samples, so that 5 % is room for what
    # ordinary life does to a table (a split page, a hint); fewer than 8 blocks (64 kB) nobody can feel.
    blocks: Margin = Margin(1.05, 8)
    # Rows are as exact as blocks.
    rows: Margin = Margin(1.05, 8)
    # A rolled back write leaves dead rows, which the next run walks past: over 40 A/A rounds of 8 runs each, one-row
    # writes drifted by up to 5 blocks (+25 %) and updates of 1,400 rows by up to +16 %. Runs that did not count the
    # same among themselves are held to no more.
    drifting_blocks: Margin = Margin(1.5, 64)
    # What a write must log depends less on dead rows: up to +4 % in the same rounds, 3 records for a one-row insert.
    wal_records: Margin = Margin(1.25, 16)
    # Until VACUUM, every scan walks past the dead rows on its way, at most a block each, and a GIN index's pending list,
    # up to gin_pending_list_limit of 4 MB. 8 A/A rounds with rolled back writes between them made 66 of 200 cases count
    # more, the worst 8 of them beyond their tables' growth by up to 1.9 times or 91 blocks; VACUUM undid all of it.
    dead_rows_ratio: float = 2.0
    dead_rows_least_blocks: int = 512
    # With a changed plan, time must agree with the counters. Between sessions medians shift by more than 1.2 times in
    # 10 % of A/A comparisons on a quiet machine and in half of them on a busy one.
    time: Margin = Margin(1.5, 0.5)
    # Where no index is lost, the planner chose another plan, as it does between plans that cost it the same. Over A/A
    # pairs on 10,000 people such a plan read up to 7.9 times the blocks and took up to 2.8 times as long; it is a
    # regression when it is beyond that in one of the two.
    choice_blocks_ratio: float = 10.0
    choice_time_ratio: float = 3.0
    # Below 8 blocks a relation doubles by one page; it counts as if it had 8, and as many rows as fit there.
    growth_least_bytes: int = 8 * 8192
    growth_least_rows: int = 1_000
    # Above this, a relation's size and its rows no longer tell of the same growth.
    growth_margin: float = 1.05
    # Statistics are stale when autovacuum's own formula would have analyzed: 10 % of the rows, here at least 1,000.
    stale_share: float = 0.1
    stale_least_rows: int = 1_000
    # The cases with unchanged plan and work tell how much slower the machine is; fewer than 5 could all be outliers.
    machine_least_cases: int = 5


THRESHOLDS = Thresholds()
