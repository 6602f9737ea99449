"""Records of a file: what is whole is taken as it is, what is broken is rejected by its line, and nothing is lost."""

import csv
import io
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from perfkit.bench.imports.files import NULL, rows_of
from perfkit.bench.imports.grammar import grammar_of
from perfkit.bench.imports.records import Screen
from perfkit.bench.imports.reject import Reject, RejectKind


def screened(
    text: bytes, *, fields: int = 3, block: int = 7, formulas: bool = True
) -> tuple[bytes, list[Reject], Screen]:
    """Return what is taken of the text after a header, the rejects, and the screen."""
    rejects: list[Reject] = []
    screen = Screen(grammar_of(",", fields), rejects.append, store_formulas=formulas)
    blocks = (text[at : at + block] for at in range(0, len(text), block))
    return b"".join(screen.take_all(blocks)), rejects, screen


def test_whole_records_are_taken_with_the_lines_they_begin_in() -> None:
    good, rejects, screen = screened(b'a,b,c\n"d\nd","e ""e""",\n\nf,g,h')
    assert good == b'2,a,b,c\n3,"d\nd","e ""e""",\n6,f,g,h\n'
    assert (rejects, screen.read) == ([], 3)


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        (b"a,b", RejectKind.FIELDS),
        (b"a,b,c,d", RejectKind.FIELDS),
        (b'a,"b""c,d', RejectKind.QUOTES),
        (b'a,b"b,c', RejectKind.QUOTES),
        (b'a,"b"b,c', RejectKind.QUOTES),
        (b'"a,b,"c"', RejectKind.QUOTES),
        (b"a,\xff,c", RejectKind.ENCODING),
        (b"a,b\0,c", RejectKind.CONTROL),
        (b"a,b\rb,c", RejectKind.CONTROL),
    ],
)
@pytest.mark.parametrize("ending", [b"\n", b"\r\n"])
def test_a_broken_record_costs_its_own_line_alone(line: bytes, kind: RejectKind, ending: bytes) -> None:
    good, rejects, screen = screened(ending.join([b"x,y,z", line, b"u,v,w", b'"p",q,"r"', b""]))
    assert good == b'2,x,y,z\n4,u,v,w\n5,"p",q,"r"\n'
    assert [(reject.line, reject.kind) for reject in rejects] == [(3, kind)]
    assert screen.read == 4


def test_a_quote_that_is_never_closed_costs_its_own_line_alone() -> None:
    good, rejects, _ = screened(b'a,"b,c\nd,e,f\ng,h,i\n')
    assert good == b"3,d,e,f\n4,g,h,i\n"
    assert [(reject.line, reject.reason) for reject in rejects] == [(2, "a quote is never closed")]


def test_a_quote_that_swallows_other_records_gives_them_back() -> None:
    good, rejects, _ = screened(b'a,"b,c\nd,e,f\ng,"h",i\n')
    assert good == b'3,d,e,f\n4,g,"h",i\n'
    assert [reject.line for reject in rejects] == [2]


def test_a_quote_that_is_open_for_too_long_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("perfkit.bench.imports.records.RECORD_BYTES", 10_000)
    line = b"x,y,z\n"
    many = 10_000 // len(line) + 10
    good, rejects, screen = screened(b'a,"b,c\n' + line * many, block=1_000)
    assert [(reject.line, reject.kind) for reject in rejects] == [(2, RejectKind.QUOTES)]
    assert (good.count(b"\n"), screen.read) == (many, many + 1)


def test_a_field_of_ten_megabytes_is_taken() -> None:
    large = b'"' + (b"x" * 99 + b"\n") * 100_000 + b'"'
    good, rejects, _ = screened(b"a," + large + b",c\nd,e,f\n", block=1 << 18)
    assert good == b"2,a," + large + b",c\n" + b"100003,d,e,f\n"
    assert rejects == []


def test_a_formula_of_any_length_is_seen() -> None:
    csv.field_size_limit(131_072)  # Python's own
    field = b"=" + b"1" * 200_000
    good, rejects, screen = screened(b"a," + field + b",c\n")
    assert (good, rejects, screen.formulas) == (b"2,a," + field + b",c\n", [], 1)


def test_clients_read_a_field_of_any_length(tmp_path: Path) -> None:
    csv.field_size_limit(131_072)
    path = tmp_path / "clean.csv"
    path.write_text(f"a,{'x' * 200_000}\n{NULL},b\n")
    assert list(rows_of(path, 2)) == [("a", "x" * 200_000), (None, "b")]


def test_line_ends_of_windows_are_taken_off_but_within_quotes() -> None:
    good, rejects, _ = screened(b'a,b,c\r\n"d\r\nd",e,f\r\n')
    assert (good, rejects) == (b'2,a,b,c\n3,"d\r\nd",e,f\n', [])


@pytest.mark.parametrize("field", [b"=1+1", b'"=HYPERLINK(""x"")"', b"@SUM(A1)", b'"@x"'])
def test_formulas_are_counted_and_stored_or_rejected(field: bytes) -> None:
    text = b"a," + field + b",c\nd,e =1,-5\n"
    good, rejects, screen = screened(text)
    assert (good, rejects, screen.formulas) == (b"2,a," + field + b",c\n3,d,e =1,-5\n", [], 1)
    good, rejects, _ = screened(text, formulas=False)
    assert (good, [reject.kind for reject in rejects]) == (b"3,d,e =1,-5\n", [RejectKind.FORMULA])


@given(st.lists(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0\r"), max_size=8), min_size=3, max_size=3)), st.integers(1, 50))  # fmt: skip
@example([["", "\n", "\n"], ["a\n", "b\n", "c\n"]], 1)
def test_what_a_csv_writer_writes_is_read_the_same(rows: list[list[str]], block: int) -> None:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_ALL).writerows(rows)
    good, rejects, screen = screened(text.getvalue().encode(), block=block)
    assert rejects == []
    assert screen.read == len(rows)
    assert [row[1:] for row in csv.reader(io.StringIO(good.decode(), newline=""))] == rows


@given(st.binary(max_size=200).map(lambda text: text.translate(bytes(b'",\n\r\0=a\xc3\xa9'[i % 9] for i in range(256)))), st.integers(1, 50))  # fmt: skip
def test_every_record_is_taken_or_rejected_however_it_is_cut_into_blocks(text: bytes, block: int) -> None:
    good, rejects, screen = screened(text, block=block)
    whole, rejects_of_whole, _ = screened(text, block=1_000)
    assert (good, rejects) == (whole, rejects_of_whole)
    lines = [int(row[0]) for row in csv.reader(io.StringIO(good.decode("utf-8"), newline=""), strict=True)]
    rejected = [reject.line for reject in rejects]
    assert screen.read == len(lines) + len(rejected)
    assert len({*lines, *rejected}) == screen.read
    assert rejected == sorted(rejected)
