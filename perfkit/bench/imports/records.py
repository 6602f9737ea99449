"""Records out of the bytes of a file: the whole ones with their line numbers, the broken ones as rejects.

A line that needs no second look is only counted, so that reading costs less than what the server does with it meanwhile.
"""

import io
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from perfkit.bench.imports.grammar import Grammar, count_fields
from perfkit.bench.imports.reject import Reject, RejectKind, shown
from perfkit.bench.imports.thresholds import RECORD_BYTES
from perfkit.csv_rows import csv_rows

_FORMULAS = (b"=", b"@", b'"=', b'"@')


@dataclass(slots=True)
class Screen:
    """Takes lines in turn; what is whole is in `good`, each record under its line number as a first field.

    `read` counts records, rejected ones too; `formulas` those that hold what a spreadsheet takes for a formula.
    """

    grammar: Grammar
    reject: Callable[[Reject], None]
    store_formulas: bool = True
    line: int = 1
    read: int = 0
    formulas: int = 0
    good: list[bytes] = field(default_factory=list)
    _open: list[bytes] = field(default_factory=list)
    _open_bytes: int = 0
    _close: bool = True
    _marks: tuple[bytes, ...] = ()

    def __post_init__(self) -> None:
        self._marks = tuple(
            before + formula for before in (self.grammar.delimiter, b"\n") for formula in _FORMULAS
        )

    def take_all(self, blocks: Iterable[bytes]) -> Iterator[bytes]:
        """Yield blocks of whole records, made of the blocks of a file after its header."""
        rest = b""
        for block in blocks:
            text = rest + block
            end = text.rfind(b"\n") + 1
            rest = text[end:]
            if end:
                self._take_block(text[: end - 1])
            if self.good:
                yield self._taken()
        if rest:
            self._take_block(rest)
        while self._open:
            self._give_up("a quote is never closed")
        if self.good:
            yield self._taken()

    def _taken(self) -> bytes:
        block = b"".join(self.good)
        self.good.clear()
        return block

    def _take_block(self, text: bytes) -> None:
        """Take the lines of a block; whether each must be looked at closely is asked of all of them at once."""
        ends_in_crlf = b"\r" in text
        close = (
            (ends_in_crlf and text.count(b"\r") != text.count(b"\r\n") + text.endswith(b"\r"))
            or b"\0" in text
            or not _is_utf8(text)
            or self._may_have_formula(text)
        )
        self._close = close or (bool(self._open) and self._close)
        delimiter, further = self.grammar.delimiter, self.grammar.fields - 1
        is_record, keep = self.grammar.record.fullmatch, self.good.append
        for line in text.split(b"\n"):
            self.line += 1
            bare = line.removesuffix(b"\r") if ends_in_crlf else line
            if (
                close
                or self._open
                or not (is_record(bare) if b'"' in bare else bare.count(delimiter) == further)
            ):
                self._take_line(line)
            else:
                self.read += 1
                keep(b"%d%b%b\n" % (self.line, delimiter, bare))

    def _take_line(self, line: bytes) -> None:
        bare = line.removesuffix(b"\r")
        if self._open:
            self._go_on(line)
        elif not bare:
            pass
        elif self.grammar.whole.fullmatch(bare):
            self._take_record(bare, self.line)
        elif self.grammar.opens.fullmatch(line):
            self._open.append(line)
            self._open_bytes = len(line)
        else:
            self._refuse(RejectKind.QUOTES, "a quote stands within a field", bare, self.line)

    def _go_on(self, line: bytes) -> None:
        """Take a line that begins within a quote."""
        grammar = self.grammar
        if b'"' not in line or grammar.stays.fullmatch(line) or grammar.reopens.fullmatch(line):
            self._open.append(line)
            self._open_bytes += len(line)
            if self._open_bytes > RECORD_BYTES:
                self._give_up(f"a quote is not closed within {RECORD_BYTES // 1024**2} MB")
        elif grammar.closes.fullmatch(bare := line.removesuffix(b"\r")):
            first = self.line - len(self._open)
            record = b"\n".join([*self._open, bare])
            self._open.clear()
            self._take_record(record, first)
        else:
            self._open.append(line)
            self._give_up("a quote is not closed, or stands within a field")

    def _give_up(self, reason: str) -> None:
        """Reject the line that opened the quote alone, and take those after it anew: they may be whole."""
        first, *others = self._open
        self._open.clear()
        self.line -= len(others)
        self._refuse(RejectKind.QUOTES, reason, first, self.line)
        for line in others:
            self.line += 1
            self._take_line(line)

    def _take_record(self, record: bytes, line: int) -> None:
        """Take a record whose quotes are right."""
        problem = self._problem(record)
        if problem:
            self._refuse(*problem, record, line)
            return
        self.read += 1
        self.good.append(b"%d%b%b\n" % (line, self.grammar.delimiter, record))

    def _problem(self, record: bytes) -> tuple[RejectKind, str] | None:
        fields = count_fields(record, self.grammar.delimiter)
        if fields != self.grammar.fields:
            return RejectKind.FIELDS, f"{fields} fields, the header has {self.grammar.fields}"
        return self._close_problem(record) if self._close else None

    def _close_problem(self, record: bytes) -> tuple[RejectKind, str] | None:
        """Return what only some blocks hold."""
        delimiter = self.grammar.delimiter.decode()
        if b"\0" in record:
            return RejectKind.CONTROL, "it holds a NUL byte, which PostgreSQL's text cannot"
        if not _is_utf8(record):
            return RejectKind.ENCODING, "it is not in the file's encoding"
        if b"\r" in record and any(b"\r" in part for part in record.split(b'"')[::2]):
            return RejectKind.CONTROL, "it holds a carriage return outside quotes"
        if self._may_have_formula(record) and _has_formula(record.decode(), delimiter):
            self.formulas += 1
            if not self.store_formulas:
                return RejectKind.FORMULA, "a spreadsheet would run a field as a formula"
        return None

    def _refuse(self, kind: RejectKind, reason: str, record: bytes, line: int) -> None:
        self.read += 1
        self.reject(Reject(line=line, column="", kind=kind, reason=reason, record=shown(record)))

    def _may_have_formula(self, text: bytes) -> bool:
        # A search a beginning is many times as fast as one pattern for all.
        return text.startswith(_FORMULAS) or any(mark in text for mark in self._marks)


def _is_utf8(text: bytes) -> bool:
    try:
        text.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _has_formula(record: str, delimiter: str) -> bool:
    (fields,) = csv_rows(io.StringIO(record, newline=""), delimiter=delimiter)
    return any(field.startswith(("=", "@")) for field in fields)
