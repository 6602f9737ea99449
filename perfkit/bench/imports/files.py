"""The file of clean records that all ways import: CSV as the server wrote it, without a header, NULL as a mark."""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from perfkit.csv_rows import csv_rows

# No reader but PostgreSQL's tells a quoted NULL mark from a bare one, so it is one that no text has.
NULL = "\x01"


@dataclass(frozen=True, slots=True, kw_only=True)
class CleanFile:
    """Such a file: the columns of its records, and how many there are."""

    path: Path
    columns: tuple[str, ...]
    rows: int


def rows_of(path: Path, most: int) -> Iterator[tuple[str | None, ...]]:
    """Yield the first records of the file, at most so many, as they are parsed by a client."""
    with path.open(encoding="utf-8", newline="") as stream:
        for row in itertools.islice(csv_rows(stream), most):
            yield tuple(None if value == NULL else value for value in row)


def split(path: Path, parts: int, rows: int) -> tuple[Path, ...]:
    """Return the first records of the file, in so many files beside it, each with its share of them in their order."""
    ends = [rows * (part + 1) // parts for part in range(parts)]
    paths = tuple(path.with_name(f"{path.stem}-{rows}-{part + 1}-of-{parts}.csv") for part in range(parts))
    if all(each.exists() for each in paths):
        return paths
    with path.open("rb") as source:
        done = 0
        for target, end in zip(paths, ends, strict=True):
            with target.open("wb") as stream:
                done = _copy_records(source, stream, done, end)
    return paths


def _copy_records(source: BinaryIO, target: BinaryIO, done: int, end: int) -> int:
    """Copy records until there are `end` in all; a record ends with a line in which no quote is open."""
    open_quotes = 0
    while done < end and (line := next(source, b"")):
        target.write(line)
        open_quotes ^= line.count(b'"') & 1
        done += not open_quotes
    return done


def in_batches(
    rows: Iterator[tuple[str | None, ...]], size: int
) -> Iterator[Sequence[tuple[str | None, ...]]]:
    """Yield the rows in lists of at most `size`."""
    while batch := list(itertools.islice(rows, size)):
        yield batch
