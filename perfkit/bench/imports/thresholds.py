"""What the import bench holds to, each with its reason."""

# Of three rounds a median has one on either side; more are the user's to ask for.
ROUNDS = 3
# A few seconds a round for a table with many indexes and triggers.
ROWS = 2_000
# A record a round trip takes a hundred times as long as COPY, and says as much with fewer.
SLOW_ROWS = 1_000
BATCHES = (100, 1_000, 10_000)
WORKERS = (1, 2, 4)
# Ways within this of the fastest are as fast, as far as three rounds can tell; the simplest of them is recommended.
AS_FAST = 1.05
# An extended statement has at most 65,535 parameters (PostgreSQL's protocol: a 16-bit count).
MOST_PARAMETERS = 65_535
# A quoted field may hold newlines; one that is not closed within so much is a quote that was forgotten.
RECORD_BYTES = 32 * 1024**2
CHUNK_BYTES = 256 * 1024
# Of a rejected record so much is shown: enough to find it, and a 10 MB field does not swell the file of rejects.
SHOWN_CHARACTERS = 4_096
# The reader beside an import: between two reads, and what it waits for a lock before it counts as held.
READ_PAUSE_S = 0.005
LOCK_WAIT_MS = 10
IDLE_READS = 40
COMMITS = 20
# A foreign key is kept against a copy of the keys that it refers to; more would take longer than the bench.
MOST_KEYS = 1_000_000
# A sample of single rows looks at every page, which takes no time in a table of 32 MB; of a larger one it has whole pages.
SAMPLED_PAGES = 4_096
# Of these a session learns what it keeps of the table.
WARM_UP_ROWS = 10
# Runs a round of what shares of parts are held against.
WHOLE_RUNS = 3
