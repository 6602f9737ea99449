"""The file of rejects: every reject with its place and reason, in a file that is safe to open in a spreadsheet."""

import csv
import io

import pytest

from perfkit.bench.imports.reject import Reject, RejectKind, shown, write_rejects
from perfkit.bench.imports.thresholds import SHOWN_CHARACTERS


def written(*rejects: Reject) -> list[dict[str, str]]:
    stream = io.StringIO()
    write_rejects(stream, rejects)
    return list(csv.DictReader(io.StringIO(stream.getvalue(), newline="")))


def reject(record: str, reason: str = "31/12/1985 is no date") -> Reject:
    return Reject(line=7, column="birth_date", kind=RejectKind.TYPE, reason=reason, record=record)


def test_a_reject_is_told_with_line_column_and_reason() -> None:
    assert written(reject('a,"b\nb",c')) == [
        {
            "line": "7",
            "column": "birth_date",
            "kind": "type",
            "reason": "31/12/1985 is no date",
            "record": 'a,"b\nb",c',
        }
    ]


@pytest.mark.parametrize("record", ["=1+1", "+cmd|' /C calc'!A0", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_no_cell_begins_as_a_formula(record: str) -> None:
    (row,) = written(reject(record, reason=record))
    assert (row["record"], row["reason"]) == (f"'{record}", f"'{record}")


def test_bytes_that_are_no_text_are_shown_and_large_records_cut() -> None:
    assert shown(b"a\xff\0b") == "a\\xff\\0b"
    text = shown(b"x" * 10_000_000)
    assert len(text) < SHOWN_CHARACTERS + 30
    assert text.endswith("… (10,000,000 bytes)")
