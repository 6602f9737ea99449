"""Thresholds of the load bench: one table, each with its reason."""

# A page that is there within a second does not break a person's train of thought (Nielsen, "Usability Engineering", 1993).
WITHIN_MS = 1_000.0
# A person looks at a page before the next click; a second is a hurried one, so that a user here is worth several real ones.
THINK_MS = 1_000.0
# Connections beyond this are of use to no machine that a pool is for.
POOL_MOST = 64
# The smallest pool that gives nearly all: two runs of the same pool differ by some percent, and each connection more costs
# memory, and the time that its statement waits for the others.
POOL_ENOUGH = 0.95
# When other programs take so much of the processors, a larger pool serves more by taking from them: each connection is a
# process in a session of its own, to each of which Linux gives the same share (autogroup, sched(7)).
OTHERS_SHARE = 0.15
# From this share of all processors on, they are what everything waits for.
CPU_SHARE = 0.85
# A fifth of the working sessions waiting for one thing makes it worth naming.
WAIT_SHARE = 0.2
# pgbench's threads cannot send more when they are this busy, and what is measured is the client.
CLIENT_SHARE = 0.9
# One user to see what a call takes, a hundred as the usual target, and three steps between to see where it bends.
RAMP_USERS = (1, 10, 25, 50, 100)
