"""The grammar of CSV lines (RFC 4180): which lines are whole records, which leave a quote open, which are broken."""

import re
import sys
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Grammar:
    """Patterns of lines of bytes, each to be matched in full, for records of `fields` fields.

    `record` is a whole record with as many fields as it should have, `whole` one with any number of them, `opens` leaves a
    quote open. For a line that begins within a quote: `stays` leaves it open, `closes` ends the record, `reopens` closes
    it and opens another. A line that matches none has broken quotes.
    """

    delimiter: bytes
    fields: int
    record: re.Pattern[bytes]
    whole: re.Pattern[bytes]
    opens: re.Pattern[bytes]
    stays: re.Pattern[bytes]
    closes: re.Pattern[bytes]
    reopens: re.Pattern[bytes]


def grammar_of(delimiter: str, fields: int) -> Grammar:
    """Return the grammar of records with so many fields; quotes stand at both ends of a field, and double within it."""
    separator = re.escape(delimiter.encode())
    inside = _possessive(rb'[^"]++|""')
    # Before a quote that stays open there is no empty field: it begins one.
    field = rb'(?:"%b"|[^"%b]*+(?!"))' % (inside, separator)
    before = _possessive(field + separator)
    after = _possessive(separator + field)
    return Grammar(
        delimiter=delimiter.encode(),
        fields=fields,
        record=re.compile(rb"(?:%b%b){%d}%b" % (field, separator, fields - 1, field), re.DOTALL),
        whole=re.compile(rb"%b%b" % (field, after), re.DOTALL),
        opens=re.compile(rb'%b"%b' % (before, inside), re.DOTALL),
        stays=re.compile(inside, re.DOTALL),
        closes=re.compile(rb'%b"%b' % (inside, after), re.DOTALL),
        reopens=re.compile(rb'%b"%b%b"%b' % (inside, after, separator, inside), re.DOTALL),
    )


def _possessive(group: bytes) -> bytes:
    """Return the group as often as it comes, so that a long line that does not match is found out in one pass.

    Python before 3.11.5 loses matches of possessive groups (cpython#106052); an atomic group takes more memory.
    """
    return rb"(?:%b)*+" % group if sys.version_info >= (3, 11, 5) else rb"(?>(?:%b)*)" % group


def count_fields(record: bytes, delimiter: bytes) -> int:
    """Return how many fields a whole record has."""
    return 1 + sum(part.count(delimiter) for part in record.split(b'"')[::2])
