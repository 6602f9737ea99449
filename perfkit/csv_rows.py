"""Rows of CSV with fields as long as they are: Python's own reader refuses those of more than 128 KiB."""

import csv
from collections.abc import Iterable, Iterator

# What fits a C long everywhere; PostgreSQL's own texts end at half of it.
_LONGEST_FIELD = 2**31 - 1


def csv_rows(lines: Iterable[str], *, delimiter: str = ",") -> Iterator[list[str]]:
    """Return the rows of the lines, as csv.reader does."""
    csv.field_size_limit(_LONGEST_FIELD)
    return csv.reader(lines, delimiter=delimiter)
