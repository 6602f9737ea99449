"""The store: a JSON Lines file, a line a run, that many processes may append to and any may be killed at."""

import fcntl
import json
import os
import stat
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from perfkit.errors import DamagedFileError, NothingMeasuredError, UsageError
from perfkit.files import write_error
from perfkit.history.codec import BEGINNING, decode, encode
from perfkit.history.model import Entry

_TAIL_BYTES = 65_536


def append(path: Path, entry: Entry) -> None:
    """Append the entry to the file, which is made when it is not there, whole or not at all.

    Runs that append at once wait for one another. What a killed run left of its line is cut off. Raises MeasureError
    when there is no room, UsageError when the file cannot be written.
    """
    line = f"{encode(entry)}\n".encode("ascii")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o666)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            _append(descriptor, line)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise write_error(path, error) from error


def entries(path: Path, *, last: int | None = None) -> Iterator[Entry]:
    """Yield the entries of the file, oldest first, or only the `last` so many, without holding the others in memory.

    An incomplete line at the end is one that is being written, or that a killed run left: it is not there. Raises
    NothingMeasuredError when there is no entry, DamagedFileError with the line that is damaged or of a newer perfkit,
    UsageError when the file cannot be read.
    """
    lines = _lines(path)
    chosen = lines if last is None else deque(lines, maxlen=last)
    found = False
    for number, line in chosen:
        try:
            entry = decode(line, path, number)
        except DamagedFileError:
            if not line.endswith(b"\n") and _is_incomplete(line):
                continue
            raise
        found = True
        yield entry
    if not found:
        raise _empty(path)


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """Yield the lines that are not blank, with their numbers from 1."""
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, 1):
                if line.strip():
                    yield number, line
    except FileNotFoundError:
        raise _empty(path) from None
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}") from error


def _empty(path: Path) -> NothingMeasuredError:
    return NothingMeasuredError(
        f"there is no run in the history {path}", hint="measure first: perfkit regress, or perfkit baseline"
    )


def _is_incomplete(line: bytes) -> bool:
    """Tell whether the line, which has no newline, is the beginning of an entry and not all of one."""
    if not line.startswith(BEGINNING[: len(line)]):
        return False
    try:
        json.loads(line)
    except (ValueError, RecursionError):
        return True
    return False


def _append(descriptor: int, line: bytes) -> None:
    """Write the line at the end of the locked file; on an error the file is as it was before."""
    size_bytes = _without_incomplete_line(descriptor)
    glue = b"" if _ends_a_line(descriptor, size_bytes) else b"\n"
    pending = memoryview(glue + line)
    try:
        while pending:
            pending = pending[os.write(descriptor, pending) :]
        # Only a true file can be synchronised.
        if stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.fsync(descriptor)
    except OSError:
        with suppress(OSError):
            os.ftruncate(descriptor, size_bytes)
        raise


def _without_incomplete_line(descriptor: int) -> int:
    """Return the file's size, an incomplete entry at its end cut off first; what is no entry is not touched."""
    size_bytes = os.fstat(descriptor).st_size
    start = _last_line_start(descriptor, size_bytes)
    tail = os.pread(descriptor, size_bytes - start, start)
    if not tail or not _is_incomplete(tail):
        return size_bytes
    os.ftruncate(descriptor, start)
    return start


def _last_line_start(descriptor: int, size_bytes: int) -> int:
    """Return where what follows the last newline begins."""
    end = size_bytes
    while end > 0:
        start = max(end - _TAIL_BYTES, 0)
        newline = os.pread(descriptor, end - start, start).rfind(b"\n")
        if newline >= 0:
            return start + newline + 1
        end = start
    return 0


def _ends_a_line(descriptor: int, size_bytes: int) -> bool:
    return size_bytes == 0 or os.pread(descriptor, 1, size_bytes - 1) == b"\n"
