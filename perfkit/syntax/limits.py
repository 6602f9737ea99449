"""The limits of a statement's text, each with its reason."""

# Its parse tree is about 100 times as large, and must fit in a small machine.
STATEMENT_CHARACTERS_MAX = 1_000_000
# The parser library overruns an 8 MB stack, and ends the process, at about 20,000 levels.
STATEMENT_DEPTH_MAX = 1_000
