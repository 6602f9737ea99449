"""The catalog's limits, each with its reason."""

# Far above any catalog; a dump named .sql is refused before it fills the memory.
FILE_SIZE_BYTES_MAX = 16 * 1024**2
# More cases of one query take hours and say nothing new.
DRAW_COUNT_MAX = 1_000
# A name is also a file name, with a suffix, on file systems that allow 255 bytes.
NAME_CHARACTERS_MAX = 100
