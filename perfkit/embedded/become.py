"""Run as a script: become an ordinary user, tie this process to its parent, then become the program.

Arguments: the mode, the parent's process id (0: outlive it), the program and its arguments.
It is a program of its own because a user namespace can only be entered by a process with one thread.
"""

import ctypes
import os
import signal
import sys
from pathlib import Path

NOBODY = 65534
_CLONE_NEWUSER = 0x10000000  # linux/sched.h
_PR_SET_PDEATHSIG = 1  # linux/prctl.h


def main(mode: str, parent: int, program: list[str]) -> None:
    """Become the program; exits with a line on stderr when a step is refused."""
    try:
        if mode == "userns":
            _enter_user_namespace()
        elif mode == "nobody":
            os.setgroups([])
            os.setgid(NOBODY)
            os.setuid(NOBODY)
        # After the change of user, which clears it. SIGINT is what both servers take as an orderly stop.
        if parent:
            _call("prctl", _PR_SET_PDEATHSIG, int(signal.SIGINT))
            if os.getppid() != parent:
                sys.exit("perfkit: cannot start, the process that asked for it is gone")
        os.execv(program[0], program)  # noqa: S606  there is no shell to be had
    except OSError as error:
        sys.exit(f"perfkit: cannot start {program[0]} (mode {mode}): {error}")


def _enter_user_namespace() -> None:
    """Let root look like an ordinary user to the program, while its files stay root's."""
    _call("unshare", _CLONE_NEWUSER)
    for name, text in (("setgroups", "deny"), ("uid_map", f"{NOBODY} 0 1"), ("gid_map", f"{NOBODY} 0 1")):
        Path("/proc/self", name).write_text(text)


def _call(function: str, *arguments: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if getattr(libc, function)(*arguments):
        raise OSError(ctypes.get_errno(), f"{function}: {os.strerror(ctypes.get_errno())}")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3:])
