"""Processes that perfkit started: whether they still run, and ending them, never mistaking a reused id."""

import contextlib
import os
import signal
import time
from collections.abc import Sequence
from pathlib import Path

_POLL_S = 0.01


def birth_of(pid: int) -> str:
    """Return a text that no other process of this id will ever share; '' when it is gone or a zombie."""
    is_dead, birth = _look_at(pid)
    return "" if is_dead else birth


def is_running(pid: int, birth: str) -> bool:
    """Return whether the process that was born then is alive; a zombie is not, and is reaped if it is our child."""
    is_dead, born = _look_at(pid)
    if not birth or birth != born:
        return False
    if is_dead:
        with contextlib.suppress(ChildProcessError):
            os.waitpid(pid, os.WNOHANG)
    return not is_dead


def wait_until_gone(pid: int, birth: str, limit_s: float) -> bool:
    """Wait for a process to end; returns False when it still runs after the time limit."""
    deadline = time.monotonic() + limit_s
    while is_running(pid, birth):
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL_S)
    return True


def end(pid: int, birth: str, steps: Sequence[tuple[signal.Signals, float]]) -> bool:
    """Send each signal and wait its seconds, until the process is gone; returns whether it is.

    Raises PermissionError when the process is another user's.
    """
    for kind, limit_s in steps:
        if not is_running(pid, birth):
            return True
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, kind)
        if wait_until_gone(pid, birth, limit_s):
            return True
    return not is_running(pid, birth)


def _look_at(pid: int) -> tuple[bool, str]:
    """Return whether the process is dead (gone or a zombie) and its birth."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(errors="replace")
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return True, ""
    # proc(5): the second field, a name in parentheses, may hold anything; state is field 3, start time 22.
    fields = stat.rpartition(")")[2].split()
    return fields[0] in "ZX", f"{boot}/{fields[19]}"
