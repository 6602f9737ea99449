"""The thresholds of profiling, each with its reason."""

# Samples a second. Ten see a statement of 100 ms once on average, and cost a server some thousandth of a processor.
RATE = 10.0
# More often than this, a sample of a busy server takes longer than the pause after it.
RATE_MOST = 50.0
# The share of the window that may go by while a sample is read, most of it on the way there and back; beyond it, fewer are taken.
OWN_SHARE_MOST = 0.20
# A sample must not become a long query itself: two seconds are hundreds of times what one takes.
SAMPLE_TIMEOUT_MS = 2_000.0
# The counters of thousands of statements, and their texts, are read once before and once after.
COUNTERS_TIMEOUT_MS = 10_000.0
# An interval holds the share in 95 of 100 windows, as everywhere in perfkit.
CONFIDENCE = 0.95
# What follows one another resembles one another; twenty parts of a window are long enough to be nearly independent,
# and enough for Student's t to be near its limit (Law, "Simulation Modeling and Analysis", batch means).
PARTS = 20
# Wider than 20 points, the interval of the largest share does not tell the first query from the second.
SHARE_WIDTH_MOST = 0.20
# Fewer samples than parts make a part of each, whose spread says nothing of what lies between them.
SAMPLES_LEAST = PARTS
# How many points in time a picture has at most: a point every 10 pixels.
PICTURE_POINTS = 80
# A statement that was cut by track_activity_query_size is recognised by its beginning from this many words on.
BEGINNING_LEAST = 12
# Stacks a second of an application's process, py-spy's own default.
STACK_RATE = 100
# Deeper than this, a flame graph is a wall; and a runaway recursion would be as deep as Python lets it.
STACK_DEPTH_MOST = 150
