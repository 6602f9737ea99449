"""The limits of a statement's text, each with its reason."""

# Its parse tree can be 300 times as large, and must fit in a small machine.
STATEMENT_CHARACTERS_MAX = 250_000
# The parser library overruns its stack, and ends the process, between 60,000 and 100,000 levels with 8 MB of stack and
# between 8,000 and 16,000 with 1 MB.
STATEMENT_DEPTH_MAX = 1_000
