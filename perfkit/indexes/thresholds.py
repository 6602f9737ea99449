"""Thresholds of the index advice: one table, each with its reason."""

# An index that saves less is not worth its place in anybody's head: 1 ms a minute is a second and a half a day.
LEAST_BENEFIT_MS_PER_MINUTE = 1.0
# Costs are estimates: that one plan is cheaper by less than a tenth says nothing about which is faster.
LEAST_CASE_BENEFIT = 0.1
# 16 pages are read in a tenth of a millisecond, and the planner would pass an index by.
TINY_TABLE_BYTES = 16 * 8192

# What one entry costs to make, and to vacuum once its row is gone, in ms: python -m tests.bench.write_cost.
ENTRY_MS = {"btree": 0.002, "gin": 0.01, "gin trigrams": 0.05, "brin": 0.0002}
VACUUM_MS = {"btree": 0.0005, "gin": 0.002, "gin trigrams": 0.01, "brin": 0.0}
# Hash, GiST, SP-GiST and methods of extensions: as GIN, the dearest of the common ones but for trigrams.
OTHER_ENTRY_MS = 0.01
OTHER_VACUUM_MS = 0.002

# Apply. A transaction of the application ends within a second; one this old is a report or a forgotten session, which
# a concurrent build would wait for, keeping VACUUM off its table all the while.
LONG_TRANSACTION_S = 30.0
# What has to lock out the application gives up its place in the queue after a third of the second that it may be kept
# waiting, and the whole statement before that second is over: one that takes several locks may wait for each.
BRIEF_LOCK_TIMEOUT_MS = 300
BRIEF_STATEMENT_TIMEOUT_MS = 700
# Between two tries those who queued behind the first are served; two minutes of tries outlast what is not a long transaction.
BRIEF_PAUSE_S = 1.0
BRIEF_TRIES = 90
# A killed client's session is ended by the server within CLIENT_CHECK_S: so long its lock may still be held.
CLIENT_CHECK_S = 1
LOCK_PATIENCE_S = 10.0
# An entry of a b-tree has 8 bytes of header and 4 of line pointer beside its key, which is aligned to 8 (itup.h), and
# pages are filled to 90 % (nbtree.h). Deduplication only makes it smaller.
ENTRY_OVERHEAD_BYTES = 12
ALIGNMENT_BYTES = 8
BTREE_FILL = 0.9
# The entries are sorted on disk while the index is built.
BUILD_SPACE_FACTOR = 2.0
