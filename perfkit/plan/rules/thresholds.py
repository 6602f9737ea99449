"""The thresholds of all plan rules, each with its reason."""

# A plan below any of these answers in less than a request's overhead: no advice on it is worth reading.
TRIVIAL_COST = 10.0
TRIVIAL_BLOCKS = 10
# ... unless it took this long all the same, as a plan whose cost was badly guessed does.
TRIVIAL_MS = 10.0

# Filtering 10,000 rows takes about 1 ms; fewer are not worth an index.
FILTER_REMOVED_ROWS = 10_000
# Below 90 % thrown away an index reads about as many blocks as the scan does.
FILTER_REMOVED_SHARE = 0.90
# A node below a tenth of the time or the blocks cannot make the query noticeably faster.
NODE_SHARE = 0.10

# More leading columns than this seldom narrow a search further.
INDEX_EQUAL_KEYS = 3

# Reading 100 rows in order for each one returned: the index gives the order but not the rows.
LIMIT_REMOVED_PER_ROW = 100
# Fewer rows than this are read in well under a millisecond, whatever the ratio.
LIMIT_REMOVED_ROWS = 1_000

# The planner's choices of join and memory withstand an error of a few times; at ten they begin to turn.
MISESTIMATE_FACTOR = 10.0
# At a thousand times the chosen join is almost surely the wrong one.
MISESTIMATE_ERROR_FACTOR = 1_000.0
# An error about few rows costs little, however large its factor.
MISESTIMATE_ROWS = 1_000
# Fewer groups than this fit the usual work_mem, so that too high an estimate does not keep them from being hashed.
MISESTIMATE_GROUPS = 100_000
# What autovacuum waits for before ANALYZE is 10 % of the table: beyond it the statistics are late.
STALE_ROWS = 1_000
STALE_SHARE = 0.10

# A lookup takes some microseconds; from a thousand on a hash join is usually cheaper.
NESTED_LOOPS = 1_000
# Below a third of the time the scans are not what is slow.
NESTED_INNER_SHARE = 0.30
# Lookups by an index cost about what a hash join would cost instead, until they are most of the time.
NESTED_LOOKUP_SHARE = 0.50
# The same for an expression that is evaluated a row at a time.
SUBPLAN_LOOPS = 1_000
# Pairs of rows compared one by one: 10,000 take about 1 ms.
JOIN_REMOVED_ROWS = 10_000

# Above this a sort is better served by an index than by memory; work_mem is taken per node and per worker.
LARGE_WORK_MEM_KB = 256 * 1024
# Rows take about two and a half times the room in memory that they take in a temporary file.
MEMORY_PER_DISK = 2.5

# A lossy block has to be rechecked row by row; below a tenth of the blocks it is not felt.
LOSSY_SHARE = 0.10
# Any BRIN, and any search for trigrams, fetches some rows in vain; an index does little when most of them are.
RECHECK_REMOVED_ROWS = 1_000
RECHECK_REMOVED_SHARE = 0.5

# An index-only scan that visits the table for a tenth of its rows has lost most of its advantage.
HEAP_FETCH_SHARE = 0.10
HEAP_FETCH_ROWS = 1_000

# Rows read and thrown away before the page begins.
OFFSET_ROWS = 1_000

# A block holds tens of rows: 50 blocks for one row is bloat or scattered rows.
BLOCKS_PER_ROW = 50
READ_BLOCKS = 1_000

# Fewer partitions than this are scanned in no time.
PARTITIONS = 4
# Partitions with rows, of those scanned: below a quarter the planner could have left most of them out.
PARTITIONS_USED_SHARE = 0.25

# Compiling pays when it is small beside running.
JIT_SHARE = 0.20
# Planning is felt from here on.
PLANNING_MS = 10.0
# Triggers that take a fifth of the time are worth a look ...
TRIGGER_SHARE = 0.20
# ... from a millisecond on; below it they are the price of a write.
TRIGGER_MS = 1.0
# Looking up a referenced key takes some microseconds: only many rows at once are worth another way of loading.
KEY_CHECKS = 1_000
