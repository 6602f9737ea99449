"""Thresholds of alerts, each with its reason; those of objectives stand beside their windows in slo.py."""

# Of six hours: fewer probes than these say nothing of a share.
LEAST_PROBES = 3

# A probe's time wavers by a third on a busy machine; twice the baseline is no chance, and 5 ms more is what adds up.
REGRESSED_RATIO = 2
REGRESSED_LEAST_S = 0.005

# A source is read once a minute or more often; three failures in 15 minutes are no single hiccup.
SOURCE_FAILURES = 3

# A second of waiting is longer than nearly every query takes.
POOL_WAIT_S = 1

# Requests a second in the hour before, so that silence at night is no news.
BUSY_RATE = 0.5
