"""The numbers of harvesting, each with its reason."""

# Enough that one unlucky value does not speak for the query, few enough that fifty queries are measured in minutes.
DRAWN_CASES = 3
# Rows that values are drawn from: many times the cases, so that a seed has a choice, and read in milliseconds.
SAMPLE_ROWS = 1_000
# A sample of fewer pages may fall on a single day of a table that grows by date, or find no row at all.
SAMPLE_PAGES = 10
# The rows of the sample between the ends of a range: some per cent of the table, as ranges of dates are.
RANGE_ROWS = 20
# What a page of results holds.
LIMIT_ROWS = 20
OFFSET_ROWS = 0
# Elements of an array that a parameter stands for.
ARRAY_LENGTH = 5
# Characters of a value that a pattern is made of: LIKE 'ande%' and '%ander%' are what people type.
PATTERN_CHARACTERS = 4
# The most common combinations of values in a log that become cases.
LOGGED_CASES = 3
# Texts of a log whose fingerprints are known without another look: an application's statements come again and again;
# texts with literals in them do not, and a log may hold millions.
REMEMBERED_TEXTS = 1_000
# A name stays readable in a table of results.
NAME_CHARACTERS = 60
