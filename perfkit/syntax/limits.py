"""The limits of a statement's text, each with its reason."""

STATEMENT_CHARACTERS_MAX = (
    1_000_000  # its parse tree is about 100 times as large, and must fit in a small machine
)
STATEMENT_DEPTH_MAX = (
    1_000  # PostgreSQL's parser library overruns an 8 MB stack at about 20,000 levels and ends the process
)
