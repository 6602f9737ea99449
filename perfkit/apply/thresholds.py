"""Thresholds of changing indexes on a live server: one table, each with its reason."""

# A transaction of the application ends within a second; one this old is a report or a forgotten session, which
# a concurrent build would wait for, keeping VACUUM off its table all the while.
LONG_TRANSACTION_S = 30.0
# What has to lock out the application gives up its place in the queue after a third of the second that it may be kept
# waiting, and the whole statement before that second is over: one that takes several locks may wait for each.
BRIEF_LOCK_TIMEOUT_MS = 300
BRIEF_STATEMENT_TIMEOUT_MS = 700
# Between two tries those who queued behind the first are served; two minutes of tries outlast what is not a long transaction.
BRIEF_PAUSE_S = 1.0
BRIEF_TRIES = 90
# Tries that ran out of the statement's time had their locks, or got them one by one: not bad luck with a lock, which more
# tries would outlast, while each of them keeps the application waiting as long as it may.
BRIEF_OVERLONG_TRIES = 3
# A killed client's session is ended by the server within CLIENT_CHECK_S: so long its lock may still be held.
CLIENT_CHECK_S = 1
LOCK_PATIENCE_S = 5.0
# An entry of a b-tree has 8 bytes of header and 4 of line pointer beside its key, which is aligned to 8 (itup.h), and
# pages are filled to 90 % (nbtree.h).
ENTRY_OVERHEAD_BYTES = 12
ALIGNMENT_BYTES = 8
BTREE_FILL = 0.9
# Deduplication leaves of an entry, whose key may be NULL, no less than the place of its row (itemptr.h); a unique index is
# built without (_bt_load). A hash index begins with pages for all rows, of which NULL ones use none (_hash_init).
ROW_PLACE_BYTES = 6
# Of a key, however wide it is, a hash index has its hash (hash.h).
HASH_KEY_BYTES = 4
# Of many tables or indexes alike, what fits a line; the steps have all.
NAMES_SHOWN = 3
