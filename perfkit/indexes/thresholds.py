"""Thresholds of the index advice: one table, each with its reason."""

# An index that saves less is not worth its place in anybody's head: 1 ms a minute is a second and a half a day.
LEAST_BENEFIT_MS_PER_MINUTE = 1.0
# And where no call gets faster by LEAST_GAIN_FELT_MS, it must be a two-thousandth of the workload: below that stand copies
# of other indexes with one column more, which make each of many calls faster by microseconds.
LEAST_BENEFIT_SHARE = 0.0005
# Costs are estimates: that one plan is cheaper by less than a tenth says nothing about which is faster.
LEAST_CASE_BENEFIT = 0.1
# The look back ends when a round of it saves less of the whole: what is left is not worth the search.
LEAST_IMPROVEMENT = 0.001
# A case that takes more for a unit of cost than the median case does so by any plan that costs a fifth or more of what it
# costs as it is, and no longer by one that costs a tenth: over 577 plans under indexes that were built, of the demo and TPC-H,
# the logarithm of its time for a unit of cost, beyond the median's, was 0.9 times what it had been, and then 0.0 times.
SAME_PLAN_SHARE = 0.2
OTHER_PLAN_SHARE = 0.1
# Where nothing was timed: the median of the demo's 200 cases, in memory, is 0.0046 ms for a cost of 1, and four in five
# lie between 0.001 and 0.024. It only weighs what cases cost against the ms that writes take; nobody is told it as a time.
MS_PER_COST = 0.005
# A call that is faster or slower by less is so on paper: opening one more index takes tens of microseconds, and what it
# brings to other cases counts for more.
LEAST_FELT_MS = 1.0
# An index is worth its place when a call gets faster by this, however rare it is: a third of a frame of a screen. By less,
# the demo without a budget got nine more indexes (of 52) for 0.05 % of its time.
LEAST_GAIN_FELT_MS = 5.0
# 16 pages are read in a tenth of a millisecond, and the planner would pass an index by.
TINY_TABLE_BYTES = 16 * 8192

# What one entry costs to make, and to vacuum once its row is gone, in ms of processor time: the dearest of each kind that
# python -m tests.bench.write_cost measured (18.6, 100,000 rows in memory), where GIN's pending list is emptied by vacuum.
# Waiting for a disk comes on top, so that a write costs this at least.
ENTRY_MS = {"btree": 0.004, "gin": 0.0012, "gin trigrams": 0.0055, "brin": 0.0003}
VACUUM_MS = {"btree": 0.0009, "gin": 0.0015, "gin trigrams": 0.0034, "brin": 0.0008}
# GiST as measured; hash, SP-GiST and methods of extensions are taken to be like it.
OTHER_ENTRY_MS = 0.0055
OTHER_VACUUM_MS = 0.0009

# Candidates. No table is asked for more in one place but by a statement that a program wrote.
IDEAS_MAX = 100
# What more than half of the rows have narrows no search; an order that ends early may still go through it.
WEAK_SHARE = 0.5
# A join that finds more than a twentieth of the table for each row is better made by a hash.
JOIN_SHARE_MAX = 0.05
# One of several columns that are compared is worth an index of its own when it leaves no more than this.
SINGLE_SHARE_MAX = 0.1
# A page holds tens of rows: to look at a few more than the one that is wanted costs nothing.
FEW_ROWS = 5
# Where the statement's own conditions leave no more than this, they are what is looked up, and joins come after.
PAGE_ROWS = 100
# A fourth column compared for equality seldom narrows a search further, and a longer key costs more to keep.
EQUAL_KEYS_MAX = 4
ORDER_KEYS_MAX = 4
# Sorting a thousand rows takes less than a millisecond.
SORTED_ROWS_MIN = 1_000
# An entry of a b-tree must fit a third of a page (2,704 bytes); long before that it is larger than what it saves.
KEY_WIDTH_BYTES_MAX = 250
# What a page of a list shows makes a scan index-only while it is narrow; more columns copy the table.
INCLUDE_COLUMNS_MAX = 7
INCLUDE_WIDTH_BYTES_MAX = 80
# Two statements together ask for no more than one of them may.
MERGED_COLUMNS_MAX = 7
# On a third of the rows or less an index is small enough to be another one; with a LIMIT also nearly all rows are
# worth leaving the rest out, as reading stops sooner.
PARTIAL_SHARE_MAX = 1 / 3
PARTIAL_SHARE_LIMITED_MAX = 0.9
# A column with more values than this is asked for another one in the next call, be the value written in the statement.
PARTIAL_VALUES_MAX = 20
# 1,000 pages are 8 MB, which takes a millisecond to read; below this correlation the ranges of blocks overlap.
BRIN_PAGES_MIN = 1_000
BRIN_CORRELATION_MIN = 0.9
# What a comparison leaves when statistics say nothing, as PostgreSQL's planner takes it (selfuncs.h, selfuncs.c).
UNKNOWN_SHARES = {
    "equal": 0.005, "in": 0.05, "range": 1 / 3, "null": 0.005, "not_null": 0.995, "true": 0.5, "false": 0.5,
    "like": 0.005, "search": 0.005, "operator": 0.01, "not_equal": 0.995, "test": 1 / 3,
}  # fmt: skip
# Rows of 100 bytes with their headers, for a table that was never analyzed.
UNKNOWN_ROWS_PER_PAGE = 60
# A list whose length is not known is taken to have ten values (estimate_array_length).
UNKNOWN_LIST_VALUES = 10

# Dropping a smaller unused index gains nothing that anybody would notice.
UNUSED_LEAST_BYTES = 1024**2
# A week has the weekly report in it; what runs less often is why an unused index is a suggestion with its statement kept.
UNUSED_LEAST_DAYS = 7.0
# A case may cost that much more without an index: another one of the same keys can be a page higher or wider.
DROP_MOST_LOSS = 0.01
