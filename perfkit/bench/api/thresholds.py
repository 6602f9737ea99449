"""Thresholds of the API bench: one table, each with its reason."""

# One user to see what a request takes, a hundred as the usual target, and two steps between.
RAMP_USERS = (1, 10, 50, 100)
# Users come one after another, and each makes its connection first: what is measured begins when all are there.
SETTLE_S = 1.0
# Locust runs on one processor: when it is this busy, requests wait in the client, and latencies are its own.
CLIENT_SHARE = 0.8
# A request that takes longer has lost its user (Nielsen, Usability Engineering, 1993, 5.5: ten seconds hold attention).
REQUEST_S = 10.0
# A client that comes so late, as a share of the limit, adds too much to each latency: its machine is busy otherwise.
CLIENT_LAG_SHARE = 0.1
# How often memory is read, as that takes a look at each process or a request to each instance.
MEMORY_S = 0.5
# A packet's worth: smaller answers do not become quicker by compression (RFC 2616's authors' rule, nginx gzip_min_length).
COMPRESS_BYTES = 1_400
# A year, beyond which caches gain nothing (RFC 9111's practice, Lighthouse "uses-long-cache-ttl").
LIFETIME_S = 31_536_000
# A page that is kept for minutes spares a server much, and shows a release soon enough.
PAGE_LIFETIME_S = 300
# Without a hash in its name, an asset that is kept longer than a day is old for as long after a release.
UNNAMED_LIFETIME_S = 86_400
