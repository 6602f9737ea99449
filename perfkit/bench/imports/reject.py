"""A record that is not stored: where it stands, which column is at fault, and why; and the file that tells all of them."""

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import TextIO

from perfkit.bench.imports.thresholds import SHOWN_CHARACTERS

HEADINGS = ("line", "column", "kind", "reason", "record")
# What a spreadsheet takes for the beginning of a formula (OWASP, "CSV Injection").
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


class RejectKind(StrEnum):
    """Why a record is rejected."""

    FIELDS = "fields"  # more or fewer than the header
    QUOTES = "quotes"
    ENCODING = "encoding"
    CONTROL = "control"  # a NUL byte, or a carriage return that ends no line
    FORMULA = "formula"
    TYPE = "type"
    MISSING = "missing"
    CHECK = "check"
    REFERENCE = "reference"
    DUPLICATE = "duplicate"  # of an earlier record of the file
    TAKEN = "taken"  # a stored row has its unique value
    REFUSED = "refused"  # by the server, for another reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Reject:
    """A rejected record: the line that it begins in (the header's is 1), the column or '', and the record as it came."""

    line: int
    column: str
    kind: RejectKind
    reason: str
    record: str


def write_rejects(stream: TextIO, rejects: Iterable[Reject]) -> None:
    """Write the rejects as CSV under HEADINGS; what a spreadsheet would run as a formula begins with an apostrophe."""
    # All text is quoted: csv leaves a carriage return bare, which readers take for a line's end.
    writer = csv.writer(stream, lineterminator="\n", quoting=csv.QUOTE_NONNUMERIC)
    writer.writerow(HEADINGS)
    for reject in rejects:
        cells = (reject.column, reject.kind, reject.reason, reject.record)
        writer.writerow([reject.line, *map(harmless, cells)])


def harmless(cell: str) -> str:
    """Return a cell that no spreadsheet runs."""
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


def shown(record: bytes) -> str:
    """Return a record as people can read it, what is no UTF-8 as escapes, and no more than is useful."""
    text = record[: SHOWN_CHARACTERS * 4].decode("utf-8", errors="backslashreplace").replace("\0", "\\0")
    return cut(text, len(record))


def cut(text: str, size_bytes: int) -> str:
    """Return the text, or its beginning and how long it is."""
    if len(text) <= SHOWN_CHARACTERS:
        return text
    return f"{text[:SHOWN_CHARACTERS]}… ({size_bytes:,} bytes)"
