"""Thresholds of the judge: one table, each with its reason."""

import math
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
class Level:
    """When a change in time is clear: beyond `ratio` with a chance of at most `alpha` to be wrong, and by `floor_ms`."""

    alpha: float
    ratio: float
    floor_ms: float

    def shared_by(self, cases: int) -> "Level":
        """Return the level for each of several cases, so that all of them together keep this one's alpha (Bonferroni)."""
        return Level(alpha=self.alpha / max(1, cases), ratio=self.ratio, floor_ms=self.floor_ms)

    def for_screening(self, alpha: float) -> "Level":
        """Return the level of a first look, by which little that is real slips: half the change, at another alpha."""
        return Level(alpha=alpha, ratio=math.sqrt(self.ratio), floor_ms=self.floor_ms / 2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Noise:
    """The standard deviation of a session, of logarithms, and how many degrees of freedom it is worth."""

    deviation: float
    degrees: int


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
    # Time, paired: noise falls on both sides alike, so that 5 % can be told; less than 0.2 ms a call nobody can feel.
    # alpha is that of a whole run, however many cases and looks it has.
    paired: Level = Level(alpha=0.005, ratio=1.05, floor_ms=0.2)
    # Time against a stored baseline: sessions of another hour differ by more, even on the same machine.
    stored: Level = Level(alpha=0.005, ratio=1.15, floor_ms=0.5)
    # A case is measured again when its change might be real: with one chance in five to be nothing.
    screen_alpha: float = 0.2
    # What a session is expected to vary by where the cases do not tell, as much as 4 more sessions would say of it.
    paired_noise: Noise = Noise(deviation=0.03, degrees=4)
    stored_noise: Noise = Noise(deviation=0.08, degrees=4)
    # Above this the interval, of 95 %, leaves room for a change that matters, and "same" would be a guess.
    inconclusive_ratio: float = 1.3
    inconclusive_alpha: float = 0.025
    # A machine that is so much slower or faster than the baseline's is another one: only counters count.
    machine_ratio: float = 1.4
    # There, a case that reads far more must also take twice as long as the others say it may.
    other_machine_ratio: float = 2.0
    # The cases may say that the machine is slower by no more than this beyond what the fixed work beside them says.
    machine_tolerance: float = 1.25
    # On a quiet machine the median of the fixed work is within 1.2 times its best.
    busy_ratio: float = 1.4
    # Blocks from disk, of those touched, from which on a cache is cold.
    cold_share: float = 0.05
    # Where something is known to have changed, such as a lost index, and a plan reads twice as much, its time need only
    # point the same way: a busy machine must not hide it.
    sure_blocks_ratio: float = 2.0
    sure_time_ratio: float = 1.15
    # Where nothing is, the planner chose another plan, as it does between plans that cost it the same. Over A/A
    # pairs on 10,000 people such a plan read up to 7.9 times the blocks and took up to 2.8 times as long; it is a
    # regression when it is beyond that in one of the two.
    choice_blocks_ratio: float = 10.0
    choice_time_ratio: float = 3.0
    # A paired change that grows a relation by so much is held to what its plan takes; indexes differ by up to 1.1 times
    # between a database and its restored dump.
    choice_growth_ratio: float = 1.15
    # Plans that are not run have no time: one that costs twice as much is held to be worse. Less than a tenth is what
    # statistics of another sample change; 1, what reading a page costs, is the least that counts.
    plan_cost: Margin = Margin(2.0, 1)
    plan_felt: Margin = Margin(1.1, 1)
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
