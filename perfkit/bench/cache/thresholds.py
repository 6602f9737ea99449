"""The thresholds of the cache bench, each with its reason."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """Where the bench draws lines."""

    # A write whose notification is not dealt with by then has returned, and is told as late: a listener that is this slow is gone.
    notify_limit_s: float = 2.0
    # Who waits for another's fill looks first soon, as most queries are short, then less often.
    lock_first_wait_s: float = 0.001
    lock_longest_wait_s: float = 0.05
    # Longer than nearly every query; a slower one is asked twice, which costs less than waiting on a holder that died.
    lock_ttl_ms: int = 10_000
    lock_wait_s: float = 5.0
    # The curve is of a stream this many times as long as a run: rare queries are read again only in a long one, and what a
    # simulation takes a second for takes a run, most of which waits for the database, a minute.
    predicted_runs: int = 60
    # Runs of the way whose figures are kept, where the user does not say: two show their spread. The other ways are there to
    # count stale reads, which needs no spread.
    rounds: int = 2
    # Longer than this, simulations take minutes; but never shorter than a run.
    predicted_most: int = 400_000
    # What is left free in the recommended maxmemory, for clients' buffers and what the model does not know.
    headroom_share: float = 0.1
    # A query that was read less often in the stream says too little of how it would fare.
    fewest_reads: int = 20
    # Entries that only their versions end live at least this long: a TTL is there to take away what is not read again.
    least_ttl_s: float = 60.0
    # The size that is recommended saves this share of what the largest would: beyond it, memory buys little.
    enough_saved: float = 0.95
    # A policy is chosen over LRU, the default that people know, only for this much more of the reads.
    policy_gain_share: float = 0.01
    # With TTL alone, a query's TTL is chosen so that this share of its hits is older than the database.
    stale_share: float = 0.01
    # Where writes could not be seen, no count of them allows more: as old as people take a page to be.
    unseen_ttl_s: float = 60.0
    # Streams of more keys than this are sampled for the curve (SHARDS): some thousands of keys are within a point.
    sampled_keys: int = 8_000
    # Writers and readers of a stampede's trial: enough that an unprotected cache shows it, few for the server.
    stampede_clients: int = 8
    stampede_rounds: int = 10
    # Keys are asked for once to learn their time and size, the most read first, for this long; others are like their query's.
    learn_s: float = 6.0
    # Cases are looked at for blocks for this long.
    blocks_s: float = 4.0

    def predicted_requests(self, requests: int) -> int:
        """Return how long a stream the curve is of, where a run makes so many requests."""
        return max(requests, min(self.predicted_runs * requests, self.predicted_most))


THRESHOLDS = Thresholds()
