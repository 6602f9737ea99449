"""Files that are written into a directory together, beside what stood there before."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from perfkit.errors import UsageError
from perfkit.files import write_all_atomically, write_error


class Standing(StrEnum):
    """How a file stands to the one that is there."""

    NEW = "new"
    CHANGED = "changed"
    SAME = "same"


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A file that is or would be written; `name` is its path within the directory."""

    name: str
    path: Path
    text: str
    standing: Standing


def compare(directory: Path, files: Mapping[str, str]) -> tuple[Written, ...]:
    """Return the files as they stand to those in the directory; raises UsageError for one that cannot be read."""
    return tuple(_compared(directory / name, name, text) for name, text in files.items())


def write(files: Sequence[Written], *, force: bool) -> None:
    """Write all of them or none; raises UsageError for one that would replace another unless told to `force`."""
    changed = [each for each in files if each.standing is Standing.CHANGED]
    if changed and not force:
        raise UsageError(
            f"{changed[0].path} is there and differs",
            hint="look at it; --force replaces it, --dry-run names all",
        )
    for folder in sorted({each.path.parent for each in files}):
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise write_error(folder, error) from None
    write_all_atomically({each.path: each.text for each in files if each.standing is not Standing.SAME})


def _compared(path: Path, name: str, text: str) -> Written:
    try:
        before = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        standing = Standing.NEW
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}") from None
    else:
        standing = Standing.SAME if before == text.encode() else Standing.CHANGED
    return Written(name=name, path=path, text=text, standing=standing)
