"""The way out: an error becomes one or two lines on stderr and the exit code that says what kind it was."""

import sys
import traceback
from collections.abc import Callable

from perfkit.errors import PerfkitError

BUG = 70
INTERRUPTED = 130


def run(command_line: Callable[[], object]) -> int:
    """Run the command line and return its exit code: 0 to 4 as errors.py draws them, 70 a bug, 130 interrupted."""
    try:
        command_line()
    except PerfkitError as error:
        say(f"perfkit: {error.message}")
        if error.hint:
            say(f"  hint: {error.hint}")
        return error.exit_code
    except KeyboardInterrupt:
        say("perfkit: interrupted")
        return INTERRUPTED
    except SystemExit as request:
        return request.code if isinstance(request.code, int) else BUG
    except Exception:  # noqa: BLE001  # the last resort: a traceback must not exit 1, which CI would read as a failed gate
        traceback.print_exc()
        say(
            "perfkit: this is a bug in perfkit; please report it with the lines above (they hold no password)"
        )
        return BUG
    return 0


def say(text: str) -> None:
    """Write a line for people to stderr, control characters made visible."""
    visible = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
    sys.stderr.write(f"{visible}\n")
