"""Thresholds of the exporter, each with its reason."""

# Of query times: 1, 2 and 5, as budgets and targets are written, from below the smallest that anybody writes to the
# longest that a person waits for; and the default statement limit. Each costs Prometheus a series a case.
QUERY_BUCKETS_S = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 30.0)
SCRAPE_BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0)

# As often as Prometheus usually scrapes: what is read more often is seen by nobody.
ACTIVITY_EVERY_S = 15.0
# Some checks read every index and table of the catalogs; what they look for grows over minutes.
HEALTH_EVERY_S = 60.0
# Files of results change when somebody runs a bench.
RESULTS_EVERY_S = 60.0

# A server that restarts is back within seconds; one that is gone is not asked more than twice a minute.
FIRST_WAIT_S = 0.5
LONGEST_WAIT_S = 30.0

# A client that sends no request, or takes no answer, for this long is let go: it holds a thread.
CLIENT_TIMEOUT_S = 5.0
