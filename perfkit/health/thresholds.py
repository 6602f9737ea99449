"""The thresholds of all health checks, each with its reason; a caller may pass others."""

from dataclasses import dataclass
from math import inf


@dataclass(frozen=True, slots=True)
class Limit:
    """From which value on a check warns, and from which it is critical (never, when that is infinite)."""

    warn: float
    crit: float = inf


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """What the checks hold their numbers against."""

    # Share of the connections that ordinary roles may open. A pool that grows by a tenth, or a deployment that runs old
    # and new side by side for a minute, must still find room.
    connections_share: Limit = Limit(0.80, 0.90)
    # A request holds its transaction for milliseconds: five minutes is a forgotten session, after fifteen autovacuum
    # has passed the busiest tables several times for nothing.
    idle_in_transaction_s: Limit = Limit(300, 900)
    # Reports take minutes; half an hour is a runaway, or belongs on a replica.
    long_query_s: Limit = Limit(300, 1_800)
    # An HTTP client has given up after 30 s; after five minutes the waiting sessions have used up the pool.
    lock_wait_s: Limit = Limit(30, 300)
    # PostgreSQL's own emergency measures begin at 1.6 billion of 2.1 (vacuum_failsafe_age), which is 75 %; half of the
    # way is five times what autovacuum should ever let it come to.
    wraparound_share: Limit = Limit(0.50, 0.75)
    # Transactions: vacuum's work of a day on a small site; and vacuum_freeze_min_age, from where rows stay unfrozen.
    xmin_age: Limit = Limit(1_000_000, 50_000_000)
    # It holds locks and the horizon as a session idle in transaction does, and outlives a restart besides.
    prepared_transaction_s: Limit = Limit(300, 900)
    # WAL that a slot without a reader keeps: any is worth a look, 10 GB fill a small disk within days.
    inactive_slot_bytes: Limit = Limit(0, 10 * 1024**3)
    # A user who reads from the replica what was just written sees it missing; after five minutes a failover loses it.
    replication_lag_s: Limit = Limit(30, 300)
    # WAL that is not replayed: minutes of heavy writing, and what takes longer than a failover may.
    replication_lag_bytes: Limit = Limit(1024**3, 10 * 1024**3)
    # Widening a column of a large table takes planning: at 75 % there are months left, at 90 % weeks.
    sequence_share: Limit = Limit(0.75, 0.90)
    # Autovacuum looks once a minute and takes its time: a little over its own formula is its normal work.
    dead_rows_factor: Limit = Limit(1.5)
    # Fewer dead rows than this lie in some dozens of blocks.
    dead_rows_least: int = 1_000
    # An estimate errs by a fifth; twice the room is felt in the cache, and 100 MB is worth the rewriting.
    bloat_share: Limit = Limit(0.50)
    bloat_least_bytes: int = 100 * 1024**2
    # What one index saves below 1 MB is not worth the risk of dropping it.
    unused_least_bytes: int = 1024**2
    # A week has every weekly job in it.
    unused_least_days: float = 7
    # Deleting one referenced row reads the whole table: below this it takes about a millisecond.
    foreign_key_least_rows: int = 10_000
    # Fewer blocks than this say nothing of a cache.
    cache_least_blocks: int = 10_000


THRESHOLDS = Thresholds()

# What a check may take on the server: it reads catalogs and counters, and must not become a long query itself.
CHECK_TIMEOUT_MS = 5_000
# A costly one reads the statistics of every column.
COSTLY_TIMEOUT_MS = 60_000
# How many objects are shown to a person; the worst say enough, JSON has all.
SHOWN_OBJECTS = 5
