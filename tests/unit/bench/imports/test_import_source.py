"""Files as offices send them: with a byte order mark, compressed, in other encodings; and those that are none."""

import errno
import gzip
import sys
from pathlib import Path

import pytest

from perfkit.bench.imports.source import Source, opened
from perfkit.errors import DamagedFileError, UsageError

TEXT = "name,city\nZoé,München\n"


def read(path: Path, *, encoding: str = "utf-8", delimiter: str = ",") -> tuple[tuple[str, ...], bytes]:
    source = Source(path=path, name=path.name, encoding=encoding, delimiter=delimiter)
    with opened(source) as (header, blocks):
        return header, b"".join(blocks)


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        (TEXT.encode(), "utf-8"),
        (TEXT.encode("utf-8-sig"), "utf-8"),
        (gzip.compress(TEXT.encode(), mtime=0), "utf-8"),
        (gzip.compress(TEXT.encode("utf-8-sig"), mtime=0), "utf-8"),
        (TEXT.encode("latin-1"), "latin-1"),
        (TEXT.encode("utf-16"), "utf-8"),
    ],
    ids=["plain", "bom", "gzip", "gzip and bom", "latin-1", "utf-16"],
)
def test_the_text_is_the_same_however_it_comes(tmp_path: Path, data: bytes, encoding: str) -> None:
    path = tmp_path / "people.csv"
    path.write_bytes(data)
    assert read(path, encoding=encoding) == (("name", "city"), "Zoé,München\n".encode())


def test_fields_may_be_separated_otherwise(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_text("name; city\r\na;b\r\n", newline="")
    assert read(path, delimiter=";") == (("name", "city"), b"a;b\r\n")


def test_bytes_that_an_encoding_lacks_stay_no_text(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_bytes(b"name\n\x81\n")
    assert read(path, encoding="cp1252") == (("name",), b"\x81\n")


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"", "no header"),
        (b"\n1,2\n", "no header"),
        (b"\0\0\n", "no header"),
        (b"\xff,b\n", "the header is not utf-8"),
        (b"a,b\r1,2\r", "carriage returns alone"),
        (gzip.compress(TEXT.encode() * 100, mtime=0)[:-20], "not a whole gzip file"),
        (b"\x1f\x8bnothing", "not a whole gzip file"),
    ],
)
def test_what_is_no_such_file_is_told(tmp_path: Path, data: bytes, problem: str) -> None:
    path = tmp_path / "people.csv"
    path.write_bytes(data)
    with pytest.raises(UsageError, match=problem):
        read(path)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot read nowhere"):
        read(tmp_path / "nowhere.csv")


@pytest.mark.skipif(sys.platform != "linux", reason="a file that opens and cannot be read is in /proc")
def test_a_file_that_ends_in_an_error_is_told() -> None:
    with pytest.raises(UsageError, match="cannot read mem: Input/output error"):
        read(Path("/proc/self/mem"))


def test_what_fails_where_a_file_is_used_is_not_the_files(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_text(TEXT)
    with pytest.raises(OSError, match="elsewhere"), opened(Source(path=path, name=path.name)):
        raise OSError(errno.ENOSPC, "elsewhere")


@pytest.mark.parametrize(("encoding", "delimiter"), [("klingon", ","), ("utf-8", "||"), ("utf-8", '"')])
def test_what_is_no_encoding_or_delimiter_is_told(tmp_path: Path, encoding: str, delimiter: str) -> None:
    path = tmp_path / "people.csv"
    path.write_text(TEXT)
    with pytest.raises(UsageError, match="--"):
        read(path, encoding=encoding, delimiter=delimiter)


def test_a_damaged_gzip_is_a_damaged_file(tmp_path: Path) -> None:
    path = tmp_path / "people.csv.gz"
    path.write_bytes(gzip.compress(TEXT.encode() * 1000)[:-9])
    with pytest.raises(DamagedFileError):
        read(path)
