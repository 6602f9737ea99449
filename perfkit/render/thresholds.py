"""The numbers of the rendered files that no bench measures: one table, each with its reason."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """Times in seconds, shares, counts."""

    # During a release the old and the new instances are connected, and each user may hold a connection.
    clients_per_user: int = 2
    # What administrators, health checks and metrics need beside users.
    clients_beside: int = 20
    # Opened only when clients have waited: a burst is served, and the pool stays the one that was measured.
    reserve_share: float = 0.25
    reserve_wait_s: int = 2
    # A request that waited this long for a connection has lost its user; an error frees what it holds.
    query_wait_s: int = 10
    # A transaction that nobody ends holds a connection of the pool, locks, and what vacuum could remove.
    idle_transaction_s: int = 60
    # Long enough to be reused over quiet minutes; connections are made anew hourly, as a backend's memory only grows.
    server_idle_s: int = 600
    server_lifetime_s: int = 3_600
    # A connection within a data centre takes milliseconds; one that takes longer goes to a host that is gone.
    connect_s: int = 2
    # As long as bench api waits: a request that takes longer has lost its user.
    request_s: int = 30
    # A client that sends its headers slower than this only holds a connection (slowloris).
    headers_s: int = 10
    # Shorter than an instance keeps an idle connection (75 s is usual), so that it never closes one that is about to be used.
    keep_alive_s: int = 60
    # Seen as gone after two checks; at the first sign of trouble it is looked at five times as often.
    check_ms: int = 1_000
    check_fast_ms: int = 200
    check_times: int = 2
    # An instance that was just started fills its caches and pool before it gets its whole share.
    slow_start_s: int = 10
    retries: int = 3
    # A file with a hash of its content in its name never changes: a year, beyond which caches gain nothing.
    immutable_s: int = 31_536_000
    # What is public and has no lifetime of its own; a CDN asks again after it, browsers each time.
    edge_s: int = 60
    # While the application is away, a CDN may serve what it has: an old page is better than none.
    stale_s: int = 86_400
    # A packet's worth: smaller answers do not become quicker by compression.
    compress_bytes: int = 1_400
    # Of a text, level 5 saves nearly what 9 does, in a third of the processor's time (nginx's own measurements).
    compress_level: int = 5
    # A client of the cache that says nothing for this long is gone, or makes a new connection when it comes back.
    cache_idle_s: int = 300
    # What a cache's process takes beside maxmemory: buffers of clients, fragmentation.
    cache_overhead_share: float = 0.5
    cache_overhead_bytes: int = 64 * 1024**2
    # Parallel queries share memory there; Docker's 64 MB are too few for a hash of some hundred thousand rows.
    shared_memory_bytes: int = 256 * 1024**2


THRESHOLDS = Thresholds()
