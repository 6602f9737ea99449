"""Rejects that the client found, kept in a file without a name until those that the server found are there too."""

import heapq
import json
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from types import TracebackType
from typing import IO, Self

from perfkit.bench.imports.reject import Reject, RejectKind
from perfkit.errors import MeasureError

_IN_MEMORY_BYTES = 1024 * 1024


class Spool:
    """Takes rejects by rising line, and yields them again; the file is gone with the process, however that ends."""

    def __init__(self) -> None:
        self._file: IO[str] = tempfile.SpooledTemporaryFile(  # noqa: SIM115  # closed by __exit__
            _IN_MEMORY_BYTES, mode="w+", encoding="utf-8", newline="\n"
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # What is still to be written is needed no more.
        with suppress(OSError):
            self._file.close()

    def add(self, reject: Reject) -> None:
        """Keep a reject; raises MeasureError when it cannot be written."""
        with _writing():
            self._file.write(json.dumps(asdict(reject)) + "\n")

    def __iter__(self) -> Iterator[Reject]:
        with _writing():
            self._file.seek(0)
        for line in self._file:
            given = json.loads(line)
            yield Reject(**given | {"kind": RejectKind(given["kind"])})


@contextmanager
def _writing() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        folder = tempfile.gettempdir()
        raise MeasureError(
            f"cannot keep the rejects in {folder}: {error.strerror or error}",
            hint="free some space there, or name another folder: TMPDIR",
        ) from None


def joined(first: Iterable[Reject], second: Iterable[Reject]) -> Iterator[Reject]:
    """Yield the rejects of both by rising line."""
    return heapq.merge(first, second, key=lambda reject: reject.line)
