"""Starting a program as an ordinary user, which PostgreSQL insists on even when perfkit is run by root."""

import functools
import os
import subprocess
import sys
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path

from perfkit.embedded import become
from perfkit.errors import ServerError


class Mode(StrEnum):
    """As whom a server runs, and so whose its files are."""

    OWN = "own"
    """The user who runs perfkit."""
    USERNS = "userns"
    """Root, in a user namespace where it is not root: files stay root's, also under a closed home."""
    NOBODY = "nobody"
    """The user nobody, where a container forbids namespaces: it must be able to reach the files."""


def ordinary_mode() -> Mode:
    """Return the mode in which this process can start PostgreSQL."""
    if os.geteuid() != 0:
        return Mode.OWN
    return Mode.USERNS if _can_enter_user_namespace() else Mode.NOBODY


def spawn(program: list[str], *, mode: Mode, log: Path, die_with_parent: bool) -> int:
    """Start a program in the background, in a session of its own, and return its process id.

    Its output is appended to `log`. With `die_with_parent` (Linux) it gets SIGINT when the thread that
    called this ends. It is this process's child, which `processes.is_running` reaps; no object is to be closed,
    so that a server can outlive the command that started it.
    """
    if not Path("/proc/self/stat").exists():
        raise ServerError(
            "embedded servers need Linux", hint="start a server yourself and pass its address with --dsn"
        )
    argv = _as_mode(program, mode, die_with_parent=die_with_parent)
    appending = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    files = [
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, str(log), appending, 0o600),
        (os.POSIX_SPAWN_DUP2, 1, 2),
    ]
    return os.posix_spawn(argv[0], argv, _environment(), file_actions=files, setsid=True)


def run(
    program: list[str], *, mode: Mode, inherited: tuple[int, ...] = ()
) -> subprocess.CompletedProcess[str]:
    """Run a program to its end and return its exit code and output (stderr is in stdout).

    It is told to stop if this thread ends before; `inherited` are file descriptors that it keeps open.
    """
    return subprocess.run(
        _as_mode(program, mode, die_with_parent=True),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=_environment(),
        text=True,
        errors="replace",
        check=False,
        pass_fds=inherited,
    )


def hand_over(path: Path, mode: Mode) -> None:
    """Give a file or directory that root made to the user that the server will run as."""
    if mode is Mode.NOBODY:
        os.chown(path, become.NOBODY, become.NOBODY)


def _as_mode(program: list[str], mode: Mode, *, die_with_parent: bool) -> list[str]:
    parent = os.getpid() if die_with_parent else 0
    if mode is Mode.OWN and not parent:
        return program
    # -I -S: no user site, no environment; it starts in 15 ms and does not depend on how perfkit was installed.
    return [sys.executable, "-I", "-S", become.__file__, mode, str(parent), *program]


def _environment() -> Mapping[str, str]:
    """Return the environment without libpq's and the server's variables, and with messages in English."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "LC_", "LANG"))}
    return kept | {"LC_ALL": "C.UTF-8"}


@functools.cache
def _can_enter_user_namespace() -> bool:
    return run(["/bin/true"], mode=Mode.USERNS).returncode == 0
