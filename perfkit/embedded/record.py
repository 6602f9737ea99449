"""What perfkit remembers of a server that it started: one small private JSON file in the server's folder."""

import contextlib
import dataclasses
import fcntl
import json
import os
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from perfkit.embedded.spawn import Mode
from perfkit.errors import DamagedFileError, ServerError

_SCHEMA = "perfkit.server/1"


@dataclass(frozen=True, slots=True)
class Record:
    """The last start of a server. Whether it still runs is for the process table to say, not for this."""

    mode: str
    version: str
    program: str
    password: str = field(repr=False)
    port: int = 0
    pid: int = 0
    birth: str = ""
    socket_directory: str = ""


def make_folder(directory: Path, mode: Mode) -> None:
    """Make the server's folder, private but for nobody's way in; one that exists stays as it is."""
    if not directory.exists():
        directory.parent.mkdir(parents=True, exist_ok=True)
        directory.mkdir(mode=0o700, exist_ok=True)
        if mode is Mode.NOBODY:
            directory.chmod(0o711)


def new_password() -> str:
    """Return a random password that needs no quoting in a URI, a shell or a configuration file."""
    return secrets.token_hex(16)


def read_record(path: Path) -> Record | None:
    """Return the record, or None when there is none. Raises DamagedFileError, or ServerError if it is another user's."""
    try:
        text = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ServerError(
            f"{path} cannot be read: {error.strerror}", hint="run perfkit as the user who started the server"
        ) from error
    try:
        return _decode(json.loads(text))
    except (ValueError, TypeError, RecursionError) as error:
        raise DamagedFileError(
            path,
            f"is no server record ({error})",
            hint=f"stop the server by hand if it runs, then delete {path.parent}",
        ) from error


def write_record(path: Path, record: Record) -> None:
    """Write the record whole or not at all, readable by its owner only."""
    partial = path.with_suffix(".part")
    partial.unlink(missing_ok=True)
    with open(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:  # noqa: PTH123  for the mode
        json.dump({"schema": _SCHEMA} | dataclasses.asdict(record), file, indent=2)
    partial.replace(path)


@contextlib.contextmanager
def locked(path: Path) -> Iterator[int]:
    """Hold the server's lock: of two commands at the same time one waits for the other.

    Gives the lock's file descriptor; a child that inherits it holds the lock too, until it ends.
    """
    with path.with_suffix(".lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield file.fileno()


def _decode(value: object) -> Record:
    if not isinstance(value, dict) or value.pop("schema", None) != _SCHEMA:
        raise ValueError(f"schema is not {_SCHEMA}")
    record = Record(**value)
    Mode(record.mode)
    for each in dataclasses.fields(record):
        if type(getattr(record, each.name)) is not each.type:
            raise ValueError(f"{each.name} is of the wrong type")
    return record
