"""py-spy beside a profile: the stacks of an application's process over the same window.

The process is not stopped for a sample (--nonblocking): a stack that changed while it was read is lost instead.
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from perfkit.errors import MeasureError, UsageError
from perfkit.profile.stacks import Stacks, read_stacks
from perfkit.profile.thresholds import STACK_RATE

# What it takes to look at a process once, generously; and to write what was seen.
_LOOK_S = 20
_END_S = 10
_MARGIN_S = 5
_REFUSED = ("permission denied", "operation not permitted")


@dataclass(slots=True)
class Watching:
    """py-spy at work; `stacks` ends it and returns what it saw."""

    pid: int
    process: subprocess.Popen[str]
    output: Path

    def stacks(self) -> Stacks:
        """Return the stacks until now, or until the process went."""
        finished = self.process.poll() is not None
        if not finished:
            self.process.send_signal(signal.SIGINT)
        try:
            _, told = self.process.communicate(timeout=_END_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            _, told = self.process.communicate()
        counts = read_stacks(self.output.read_text("utf-8").splitlines()) if self.output.exists() else {}
        return Stacks(pid=self.pid, counts=counts, problem=self._problem(told, finished=finished))

    def _problem(self, told: str, *, finished: bool) -> str:
        if not _is_there(self.pid):
            return f"process {self.pid} ended within the window"
        if self.process.returncode not in {0, -signal.SIGINT} or (finished and not self.output.exists()):
            return f"py-spy ended early: {_reason(told)}"
        return ""


@contextmanager
def watching(pid: int, seconds: float) -> Iterator[Watching]:
    """Watch a process of Python's for that long at most; py-spy ends with the block.

    Raises UsageError when py-spy or the process is not there, MeasureError when it may not be looked at.
    """
    program = _program()
    if not _is_there(pid):
        raise UsageError(f"there is no process {pid} on this machine", hint="name a running one with --pid")
    _look(program, pid)
    with tempfile.TemporaryDirectory(prefix="perfkit-") as folder:
        output = Path(folder) / "stacks"
        # A group of its own, as Ctrl-C is for perfkit, which then asks py-spy for what it has.
        process = subprocess.Popen(
            [
                program,
                "record",
                f"--pid={pid}",
                f"--rate={STACK_RATE}",
                f"--duration={round(seconds + _MARGIN_S)}",
                "--nonblocking",
                "--format=raw",
                f"--output={output}",
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        try:
            yield Watching(pid, process, output)
        finally:
            if process.poll() is None:
                process.kill()
            process.communicate()


def _program() -> str:
    """Return the path of py-spy: beside this Python, as pip puts it, or anywhere on the path."""
    beside = str(Path(sys.executable).parent)
    found = shutil.which("py-spy", path=os.pathsep.join([beside, os.environ.get("PATH", "")]))
    if found is None:
        raise UsageError("--pid needs py-spy, which is not installed", hint="pip install 'perfkit[profile]'")
    return found


def _look(program: str, pid: int) -> None:
    """Look at the process once, so that what forbids it is told before a window begins."""
    try:
        told = subprocess.run(
            [program, "dump", f"--pid={pid}", "--nonblocking"],
            capture_output=True,
            text=True,
            check=False,
            timeout=_LOOK_S,
        )
    except subprocess.TimeoutExpired:
        raise MeasureError(f"process {pid} cannot be looked at: py-spy does not answer") from None
    if told.returncode:
        reason = _reason(told.stderr)
        raise MeasureError(f"process {pid} cannot be looked at: {reason}", hint=_hint(reason))


def _reason(told: str) -> str:
    """Return what py-spy says on one line; its first says what it tried to do, a cause below it why that failed."""
    lines = [line.strip().removeprefix("Error: ").rstrip(".") for line in told.splitlines() if line.strip()]
    refused = next((word for word in _REFUSED if word.lower() in told.lower()), "")
    return refused or (lines or ["it does not say why"])[0]


def _hint(reason: str) -> str:
    if reason in _REFUSED:
        return (
            "run perfkit as root, or as the process's user where kernel.yama.ptrace_scope is 0;"
            " a container needs the capability SYS_PTRACE"
        )
    return "name the process of the application itself, which runs Python, not one that started it"


def _is_there(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return pid < 2**31
    return True
