"""The folder of one run that copies a database: locked while the run lives, removed by the next when it was killed."""

import fcntl
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from perfkit.embedded.postgres import stop_postgres
from perfkit.embedded.spawn import hand_over, ordinary_mode
from perfkit.errors import ServerError

# Beside the folders, held while one is made or looked at, so that a new one is never taken for an orphan.
_DOOR = "door.lock"
_OWN = "run.lock"
SERVER = "server"


@contextmanager
def run_folder(parent: Path) -> Iterator[Path]:
    """Yield a new folder in `parent`, after removing those of killed runs; in the end it is removed too.

    A server in its subfolder `SERVER` is stopped before. Raises ServerError when `parent` cannot be written to.
    """
    try:
        parent.mkdir(parents=True, exist_ok=True)
        with _locked(parent / _DOOR):
            remove_orphans(parent)
            folder = parent / secrets.token_hex(4)
            folder.mkdir(mode=0o711)
            own = os.open(folder / _OWN, os.O_WRONLY | os.O_CREAT, 0o600)
            fcntl.flock(own, fcntl.LOCK_EX)
    except OSError as error:
        raise ServerError(
            f"copies cannot be made in {parent}: {error.strerror}",
            hint="choose a folder that you may write to and that has room (--dir)",
        ) from error
    try:
        hand_over(folder, ordinary_mode())
        yield folder
    finally:
        try:
            _remove(folder)
        finally:
            os.close(own)


def remove_orphans(parent: Path) -> tuple[Path, ...]:
    """Remove the folders whose run has ended, and stop a server that still runs in one; return their paths."""
    orphans = [path.parent for path in parent.glob(f"*/{_OWN}") if _is_free(path)]
    # One that was killed between making its folder and its lock held the door, and left nothing else.
    orphans += [path for path in parent.iterdir() if path.is_dir() and not any(path.iterdir())]
    for folder in orphans:
        _remove(folder)
    return tuple(orphans)


def _remove(folder: Path) -> None:
    stop_postgres(folder / SERVER)
    # The lock goes last: what a second interrupt leaves is found by it.
    for path in folder.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
        elif path.name != _OWN:
            path.unlink()
    shutil.rmtree(folder)


def _is_free(lock: Path) -> bool:
    with lock.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
