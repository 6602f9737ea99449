"""The import file: what its writer promises about good, repeated and broken records."""

import csv
import io
import re
import tracemalloc
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perfkit.demo.import_file import BROKEN, COLUMNS, ImportFileCounts, write_import_file
from perfkit.demo.import_words import SUBJECTS
from perfkit.errors import UsageError

CODES = {f"{school}-BS-{subject}" for school, subjects in SUBJECTS.items() for subject in subjects}


def written(*, rows: int, seed: int = 1, bad_share: float = 0.0) -> tuple[str, ImportFileCounts]:
    stream = io.StringIO(newline="")
    counts = write_import_file(stream, rows=rows, seed=seed, bad_share=bad_share)
    return stream.getvalue(), counts


def records(text: str) -> list[list[str]]:
    header, *rows = csv.reader(io.StringIO(text, newline=""))
    assert tuple(header) == COLUMNS
    return rows


def is_date(text: str) -> bool:
    try:
        return date.fromisoformat(text) is not None
    except ValueError:
        return False


def problems(record: list[str]) -> list[str]:
    """Return what an importer would hold against a record, by the names of the kinds."""
    if len(record) != len(COLUMNS):
        # The lost quote has swallowed the fields after it
        return ["unbalanced_quotes" if record[-1].endswith('page 2"') else "ragged"]
    row = dict(zip(COLUMNS, record, strict=True))
    found = []
    if row["birth_date"] and not is_date(row["birth_date"]):
        found.append("bad_date")
    if row["email"] and not re.fullmatch(r"[^@\s]+@[^@\s]+", row["email"]):
        found.append("bad_email")
    if row["degree_code"] not in CODES:
        found.append("unknown_degree")
    if max(len(row["given_name"]), len(row["family_name"])) > 100:
        found.append("over_long")
    return found


def test_good_records_pass_every_check_and_come_back_whole() -> None:
    text, counts = written(rows=5000)
    rows = records(text)
    assert len(rows) == counts.rows == 5000
    assert [problems(row) for row in rows] == [[]] * 5000
    assert len({row[0] for row in rows}) == 5000


def test_the_file_has_what_real_ones_have() -> None:
    text, counts = written(rows=5000)
    rows = records(text)
    assert any("\n" in row[-1] for row in rows)
    assert any('"' in field for row in rows for field in row)
    assert any("," in row[10] for row in rows)
    assert any("é" in row[2] for row in rows)
    assert any("Петров" in row[4] for row in rows)
    assert 0.05 < sum(not row[6] for row in rows) / 5000 < 0.25
    assert 0.02 < counts.repeated / 5000 < 0.04


def test_repeated_people_share_an_address_with_an_earlier_record() -> None:
    text, counts = written(rows=5000)
    homes = [(row[8], row[12], row[15], row[6].lower()) for row in records(text) if row[6]]
    again = len(homes) - len(set(homes))
    assert counts.repeated * 0.7 < again <= counts.repeated


@given(rows=st.integers(0, 400), bad_share=st.floats(0, 1), seed=st.integers(0, 2**63))
@settings(max_examples=15, deadline=None)
def test_exactly_the_share_asked_for_is_broken_each_in_the_way_that_is_counted(
    rows: int, bad_share: float, seed: int
) -> None:
    text, counts = written(rows=rows, seed=seed, bad_share=bad_share)
    found = [problem for row in records(text) for problem in problems(row)]
    assert len(found) == round(rows * bad_share)
    assert {kind: found.count(kind) for kind in BROKEN} == counts.broken


def test_every_kind_of_breakage_occurs() -> None:
    _, counts = written(rows=1000, bad_share=0.1)
    assert min(counts.broken.values()) > 0


def test_unbalanced_quotes_are_an_error_for_a_strict_reader() -> None:
    text, counts = written(rows=300, bad_share=1.0)
    lines = [line for line in text.splitlines() if line.endswith('page 2"')]
    assert len(lines) == counts.broken["unbalanced_quotes"] > 0
    for line in lines:
        with pytest.raises(csv.Error):
            list(csv.reader([line], strict=True))


def test_the_same_seed_gives_the_same_file_and_another_seed_another() -> None:
    assert written(rows=3000, bad_share=0.02) == written(rows=3000, bad_share=0.02)
    assert written(rows=3000, bad_share=0.02) != written(rows=3000, seed=2, bad_share=0.02)


def test_memory_does_not_grow_with_the_rows() -> None:
    class Nowhere:
        def write(self, text: str, /) -> None: ...

    def peak_bytes(rows: int) -> int:
        tracemalloc.start()
        try:
            write_import_file(Nowhere(), rows=rows, seed=1, bad_share=0.01)
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    assert peak_bytes(30_000) < peak_bytes(10_000) * 1.1


@pytest.mark.parametrize(("rows", "bad_share"), [(-1, 0.0), (1, -0.1), (1, 1.1), (1, float("nan"))])
def test_impossible_wishes_are_refused(rows: int, bad_share: float) -> None:
    with pytest.raises(UsageError, match="cannot write"):
        written(rows=rows, bad_share=bad_share)
