"""Files written whole or not at all: a reader, or a run that dies, never sees half of one."""

import errno
import os
import secrets
import stat
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO

from perfkit.errors import MeasureError, UsageError

_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_HINTS = {
    errno.ENOENT: "its directory does not exist; make it first (mkdir -p)",
    errno.ENOTDIR: "a part of its path is a file, not a directory",
    errno.EISDIR: "name a file in that directory instead",
    errno.EACCES: "choose a place that you may write to",
    errno.EPERM: "choose a place that you may write to",
    errno.EROFS: "choose a place that you may write to",
}


def write_atomically(path: Path, content: str | bytes) -> None:
    """Write `content`, text as UTF-8, to `path`; an existing file is replaced in one step, or kept untouched when that fails.

    A device or pipe, such as /dev/stdout, is written straight to. Raises MeasureError when there is no room,
    UsageError when the path cannot be written.
    """
    write_all_atomically({path: content})


def write_all_atomically(contents: Mapping[Path, str | bytes]) -> None:
    """Write each content to its path, all or none as far as the file system allows; errors as in `write_atomically`.

    Every content is on disk under a temporary name (`.perfkit-*.tmp` beside its target) before the first target is
    replaced, so that no room or no right for one of them leaves all of them as they were.
    """
    temporaries: dict[Path, Path] = {}
    path = Path()
    try:
        for path, content in contents.items():
            if _is_device(path):
                _write(os.open(path, os.O_WRONLY), content)
            else:
                _write_beside(Path(os.path.realpath(path)), content, temporaries)
        for path in list(temporaries):
            _put_in_place(temporaries[path], path)
            del temporaries[path]
    except OSError as error:
        raise write_error(path, error) from error
    finally:
        for temporary in temporaries.values():
            with suppress(OSError):
                temporary.unlink()


@contextmanager
def making_folders(folders: Iterable[Path]) -> Iterator[None]:
    """Make the folders that are missing, for a block that writes into them; when it fails they are taken away again.

    Raises as `write_atomically` for one that cannot be made.
    """
    made: list[Path] = []
    try:
        for folder in sorted({each for path in folders for each in (path, *path.parents)}):
            try:
                if not folder.is_dir():
                    folder.mkdir()
                    made.append(folder)
            except OSError as error:
                raise write_error(folder, error) from error
        yield
    except BaseException:
        for folder in reversed(made):
            with suppress(OSError):  # somebody else has put something into it
                folder.rmdir()
        raise


@contextmanager
def writing_atomically(path: Path) -> Iterator[TextIO]:
    """Yield a stream for text too long for memory; the file is there, whole, when the block ends without an error.

    Newlines are written as they are; errors as in `write_atomically`.
    """
    target = Path(os.path.realpath(path))
    temporary = target
    try:
        if _is_device(path):
            with path.open("w", encoding="utf-8", newline="") as stream:
                yield stream
            return
        descriptor, temporary = _create_beside(target)
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        _put_in_place(temporary, target)
    except OSError as error:
        raise write_error(path, error) from error
    finally:
        if temporary != target:
            temporary.unlink(missing_ok=True)


def write_error(path: Path | str, error: OSError) -> UsageError | MeasureError:
    """Return the error to raise when writing to `path` ended in `error`."""
    reason = error.strerror or str(error)
    if error.errno in _NO_ROOM:
        return MeasureError(f"cannot write {path}: {reason}", hint="free some space, or write elsewhere")
    hint = _HINTS.get(error.errno or 0, "choose another place to write to")
    return UsageError(f"cannot write {path}: {reason}", hint=hint)


def _is_device(path: Path) -> bool:
    """Tell whether the path leads to what is neither a file nor a directory; renaming onto it would replace the device.

    The path as it is: /dev/stdout leads to a pipe that has no other name.
    """
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return False
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    return not stat.S_ISREG(mode)


def _write_beside(target: Path, content: str | bytes, temporaries: dict[Path, Path]) -> None:
    """Write the content under a temporary name in the target's directory, known to the caller before anything can fail."""
    descriptor, temporaries[target] = _create_beside(target)
    _write(descriptor, content)


def _create_beside(target: Path) -> tuple[int, Path]:
    temporary = target.parent / f".perfkit-{secrets.token_hex(8)}.tmp"
    # 0o666 under the process's umask: a new file gets the rights that any other program would give it.
    return os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666), temporary


def _put_in_place(temporary: Path, target: Path) -> None:
    with suppress(FileNotFoundError):
        temporary.chmod(stat.S_IMODE(target.stat().st_mode))
    temporary.replace(target)


def _write(descriptor: int, content: str | bytes) -> None:
    with os.fdopen(descriptor, "wb") as file:
        file.write(content.encode("utf-8") if isinstance(content, str) else content)
        file.flush()
        # Only a true file can be synchronised; /dev/stdout and pipes refuse.
        if stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            os.fsync(file.fileno())
