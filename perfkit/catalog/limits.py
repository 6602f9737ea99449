"""The catalog's limits, each with its reason."""

FILE_SIZE_BYTES_MAX = (
    16 * 1024**2
)  # far above any catalog; a dump named .sql is refused before it fills the memory
    1_000_000  # its parse tree is about 100 times as large, and must fit in a small machine
)
    1_000  # PostgreSQL's parser library overruns an 8 MB stack at about 20,000 levels and ends the process
)
DRAW_COUNT_MAX = 1_000  # more cases of one query take hours and say nothing new
NAME_CHARACTERS_MAX = 100  # a name is also a file name, with a suffix, on file systems that allow 255 bytes
