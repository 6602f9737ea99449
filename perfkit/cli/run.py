"""The way out: an error becomes one or two lines on stderr and the exit code that says what kind it was."""

import os
import sys
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

from perfkit.errors import PerfkitError

# The codes 2 to 4 are those of the errors that have them.
GATE_FAILED = 1
BUG = 70
INTERRUPTED = 130


def run(command_line: Callable[[], object]) -> int:
    """Run the command line and return its exit code: 0 to 4 as errors.py draws them, 70 a bug, 130 interrupted."""
    _open_closed_streams()
    try:
        command_line()
    except PerfkitError as error:
        say(f"perfkit: {error.message}")
        if error.hint:
            say(f"  hint: {error.hint}")
        return error.exit_code
    except KeyboardInterrupt:
        return _interrupted()
    except SystemExit as request:
        return _exit_code(request)
    except Exception:  # noqa: BLE001  # the last resort: a traceback must not exit 1, which CI would read as a failed gate
        traceback.print_exc()
        say(
            "perfkit: this is a bug in perfkit; please report it with the lines above (they hold no password)"
        )
        return BUG
    return 0


def _open_closed_streams() -> None:
    """Give what is written to a stream that the shell closed (`>&-`) a place where it is lost."""
    sys.stdout = sys.stdout or Path(os.devnull).open("w")  # noqa: SIM115  # open until the process ends
    sys.stderr = sys.stderr or Path(os.devnull).open("w")  # noqa: SIM115  # open until the process ends


def _exit_code(request: SystemExit) -> int:
    """Return the code that the command ends with, but where Typer turned an exception into one of its own.

    It says nothing of an interrupt, and when the reader of a help text has gone (`| head`), it ends with 1.
    """
    if any(isinstance(cause, KeyboardInterrupt) for cause in _behind(request)):
        return _interrupted()
    if any(isinstance(cause, BrokenPipeError) for cause in _behind(request)):
        return 0
    return request.code if isinstance(request.code, int) else BUG


def _behind(error: BaseException) -> Iterator[BaseException]:
    cause = error.__context__
    while cause is not None:
        yield cause
        cause = cause.__context__


def _interrupted() -> int:
    say("perfkit: interrupted")
    return INTERRUPTED


def say(text: str) -> None:
    """Write a line for people to stderr, control characters made visible."""
    visible = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
    sys.stderr.write(f"{visible}\n")
