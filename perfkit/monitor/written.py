"""Files that are written into a directory together, beside what stood there before."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path, PurePath

from perfkit import __version__
from perfkit.errors import UsageError
from perfkit.files import making_folders, write_all_atomically

_COMMENTS = {".yml": "#", ".sql": "--"}
# Of the first line of every file that has comments, and of dashboards, which are JSON and have none.
_OWN_HEAD = b" by perfkit "
_OWN_DASHBOARD = b'"uid": "perfkit-'


class Standing(StrEnum):
    """How a file stands to the one that is there; a foreign one is not perfkit's and differs."""

    NEW = "new"
    CHANGED = "changed"
    SAME = "same"
    FOREIGN = "foreign"


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A file that is or would be written; `name` is its path within the directory."""

    name: str
    path: Path
    text: str
    standing: Standing


def first_line(name: str, *, command: str) -> str:
    """Return the line, without a comment's sign, by which the file `name` is known again as that command's."""
    return f"{name}, written by perfkit {command} {__version__}, which will replace it unless you delete this line"


def headed(files: Mapping[str, str], *, command: str) -> dict[str, str]:
    """Return the files by their names, each that can hold a comment below the line by which it is known again."""
    return {
        name: f"{sign} {first_line(PurePath(name).name, command=command)}\n{text}"
        if (sign := _COMMENTS.get(PurePath(name).suffix))
        else text
        for name, text in files.items()
    }


def is_own(content: bytes) -> bool:
    """Tell whether perfkit wrote the file, or nobody anything."""
    return not content or _OWN_HEAD in content.partition(b"\n")[0] or _OWN_DASHBOARD in content


def placed(files: Mapping[str, str], output: Path) -> tuple[Path, dict[str, str]]:
    """Return the folder, and the files by their names in it; a single one goes to `output` itself unless that is a folder."""
    if len(files) == 1 and not output.is_dir():
        return output.parent, dict(zip([output.name], files.values(), strict=True))
    return output, dict(files)


def compare(directory: Path, files: Mapping[str, str]) -> tuple[Written, ...]:
    """Return the files as they stand to those in the directory; raises UsageError for one that cannot be read."""
    return tuple(_compared(directory / name, name, text) for name, text in files.items())


def refuse_foreign(files: Sequence[Written]) -> None:
    """Raise UsageError for a file that would replace somebody's own."""
    foreign = [each.path for each in files if each.standing is Standing.FOREIGN]
    if foreign:
        raise UsageError(
            f"{foreign[0]} is there, and perfkit did not write it",
            hint="choose another place, or --force to replace it",
        )


def is_stream(path: Path) -> bool:
    """Tell whether what is written there is not kept, but read by somebody, such as /dev/stdout."""
    return path.is_char_device() or path.is_fifo()


def write(files: Sequence[Written]) -> None:
    """Write all of them or none, folders too; raises as `write_all_atomically`."""
    with making_folders({each.path.parent for each in files}):
        write_all_atomically({each.path: each.text for each in files if each.standing is not Standing.SAME})


def _compared(path: Path, name: str, text: str) -> Written:
    try:
        standing = _standing(path, text.encode())
    except (FileNotFoundError, NotADirectoryError):
        standing = Standing.NEW
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}") from None
    return Written(name=name, path=path, text=text, standing=standing)


def _standing(path: Path, content: bytes) -> Standing:
    if is_stream(path):  # nobody should read it
        return Standing.NEW
    before = path.read_bytes()
    if before == content:
        return Standing.SAME
    return Standing.CHANGED if is_own(before) else Standing.FOREIGN
