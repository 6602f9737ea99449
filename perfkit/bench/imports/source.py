"""The bytes of a file that is imported, as UTF-8: plain or gzip, in any encoding, with or without a byte order mark."""

import codecs
import gzip
import io
import zlib
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from perfkit.bench.imports.thresholds import CHUNK_BYTES, RECORD_BYTES
from perfkit.csv_rows import csv_rows
from perfkit.errors import DamagedFileError, UsageError

_GZIP = b"\x1f\x8b"
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A file that is imported; `name` is what it is called to people, `header` its fields where it has no header itself."""

    path: Path
    name: str
    delimiter: str = ","
    encoding: str = "utf-8"
    header: tuple[str, ...] = ()


@contextmanager
def opened(source: Source) -> Iterator[tuple[tuple[str, ...], Iterator[bytes]]]:
    """Yield the fields of the header, and the blocks of what comes after it, in UTF-8 where the encoding is true.

    Raises UsageError for a file that cannot be read or has no header, DamagedFileError for a broken gzip.
    """
    if len(source.delimiter.encode()) != 1 or source.delimiter in '"\r\n':
        raise UsageError("--delimiter must be one ASCII character, and no quote or line end")
    with closing(_file_blocks(source)) as blocks:
        if source.header:
            yield source.header, blocks
            return
        header, first = _header(blocks, source)
        yield header, _chained(first, blocks)


def _file_blocks(source: Source) -> Generator[bytes]:
    """Yield the blocks of the file; what is raised where they are used is not raised in here, and no error of the file."""
    try:
        with source.path.open("rb") as file:
            yield from _blocks(file, source)
    except OSError as error:
        raise UsageError(f"cannot read {source.name}: {error.strerror or error}") from None


def _blocks(file: BinaryIO, source: Source) -> Iterator[bytes]:
    begin = file.read(len(_GZIP))
    file.seek(0)
    stream: io.BufferedIOBase | BinaryIO = gzip.GzipFile(fileobj=file) if begin == _GZIP else file
    read = _reading(stream, source)
    first = next(read, b"")
    if first.startswith(_UTF16):
        yield from _decoded(_chained(first, read), "utf-16", source)
    elif first.startswith(codecs.BOM_UTF8):
        yield from _chained(first[len(codecs.BOM_UTF8) :], read)
    elif _is_utf8(source.encoding):
        yield from _chained(first, read)
    else:
        yield from _decoded(_chained(first, read), source.encoding, source)


def _reading(stream: io.BufferedIOBase | BinaryIO, source: Source) -> Iterator[bytes]:
    try:
        while block := stream.read(CHUNK_BYTES):
            yield block
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise DamagedFileError(source.name, f"not a whole gzip file: {error}") from None


def _is_utf8(encoding: str) -> bool:
    try:
        return codecs.lookup(encoding).name == "utf-8"
    except LookupError:
        raise UsageError(
            f"--encoding {encoding}: there is no such encoding", hint="such as utf-8, latin-1, cp1252"
        ) from None


def _decoded(blocks: Iterator[bytes], encoding: str, source: Source) -> Iterator[bytes]:
    """Yield the blocks in UTF-8; bytes that the encoding does not have stay as they are, which is no UTF-8."""
    decoder = codecs.getincrementaldecoder(encoding)("surrogateescape")
    try:
        for block in blocks:
            yield decoder.decode(block).encode("utf-8", "surrogateescape")
        yield decoder.decode(b"", final=True).encode("utf-8", "surrogateescape")
    except UnicodeError as error:
        raise DamagedFileError(source.name, f"not {encoding}: {error}") from None


def _chained(first: bytes, blocks: Iterator[bytes]) -> Iterator[bytes]:
    if first:
        yield first
    yield from blocks


def _header(blocks: Iterator[bytes], source: Source) -> tuple[tuple[str, ...], bytes]:
    """Return the fields of the first line, and what was read after it."""
    text = b""
    while b"\n" not in text and (block := next(blocks, b"")):
        text += block
        if len(text) > RECORD_BYTES:
            break
    line, newline, rest = text.partition(b"\n")
    if not newline and b"\r" in text:
        raise UsageError(
            f"{source.name}: its lines end with carriage returns alone",
            hint="convert it: tr '\\r' '\\n'",
        )
    try:
        words = line.removesuffix(b"\r").decode("utf-8")
    except UnicodeDecodeError:
        raise UsageError(
            f"{source.name}: the header is not {source.encoding}", hint="say which it is: --encoding cp1252"
        ) from None
    if "\0" in words or not words.strip():
        raise UsageError(
            f"{source.name}: the first line is no header", hint="it must name the fields, as in a CSV file"
        )
    (fields,) = csv_rows([words], delimiter=source.delimiter)
    return tuple(name.strip() for name in fields), rest
