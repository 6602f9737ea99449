"""Files written whole or not at all: a reader, or a run that dies, never sees half of one."""

import errno
import os
import secrets
import stat
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

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


def write_atomically(path: Path, text: str) -> None:
    """Write `text` as UTF-8 to `path`; an existing file is replaced in one step, or kept untouched when that fails.

    A device or pipe, such as /dev/stdout, is written straight to. Raises MeasureError when there is no room,
    UsageError when the path cannot be written.
    """
    write_all_atomically({path: text})


def write_all_atomically(texts: Mapping[Path, str]) -> None:
    """Write each text to its path, all or none as far as the file system allows; errors as in `write_atomically`.

    Every text is on disk under a temporary name (`.perfkit-*.tmp` beside its target) before the first target is
    replaced, so that no room or no right for one of them leaves all of them as they were.
    """
    temporaries: dict[Path, Path] = {}
    path = Path()
    try:
        for path, text in texts.items():
            target = Path(os.path.realpath(path))
            if _is_device(target):
                _write(os.open(target, os.O_WRONLY), text)
            else:
                temporaries[target] = _write_beside(target, text, temporaries)
        for path in list(temporaries):
            temporaries[path].replace(path)
            del temporaries[path]
    except OSError as error:
        raise write_error(path, error) from error
    finally:
        for temporary in temporaries.values():
            with suppress(OSError):
                temporary.unlink()


def write_error(path: Path | str, error: OSError) -> UsageError | MeasureError:
    """Return the error to raise when writing to `path` ended in `error`."""
    reason = error.strerror or str(error)
    if error.errno in _NO_ROOM:
        return MeasureError(f"cannot write {path}: {reason}", hint="free some space, or write elsewhere")
    hint = _HINTS.get(error.errno or 0, "choose another place to write to")
    return UsageError(f"cannot write {path}: {reason}", hint=hint)


def _is_device(target: Path) -> bool:
    """Tell whether `target` is there and neither a file nor a directory; renaming onto it would replace the device."""
    try:
        mode = target.stat().st_mode
    except FileNotFoundError:
        return False
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(target))
    return not stat.S_ISREG(mode)


def _write_beside(target: Path, text: str, temporaries: dict[Path, Path]) -> Path:
    """Write the text under a temporary name in the target's directory and return that path."""
    temporary = target.parent / f".perfkit-{secrets.token_hex(8)}.tmp"
    # 0o666 under the process's umask: a new file gets the rights that any other program would give it.
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
    # Known to the caller before anything can fail, so that it is cleaned up.
    temporaries[target] = temporary
    _write(descriptor, text)
    with suppress(FileNotFoundError):
        temporary.chmod(stat.S_IMODE(target.stat().st_mode))
    return temporary


def _write(descriptor: int, text: str) -> None:
    with os.fdopen(descriptor, "wb") as file:
        file.write(text.encode("utf-8"))
        file.flush()
        # Only a true file can be synchronised; /dev/stdout and pipes refuse.
        if stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            os.fsync(file.fileno())
