"""python -m perfkit, and the command perfkit: an interrupt ends both in perfkit's own way from the first import on."""

import os
import signal
import sys

_INTERRUPTED = 130


def main() -> int:
    """Run the command line and return its exit code; where interrupts are ignored, as by nohup, they stay so."""
    heeded = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if heeded:
        signal.signal(signal.SIGINT, _end)
    from perfkit.cli.main import main as run

    exit_code = _INTERRUPTED
    try:
        if heeded:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        exit_code = run()
        # The work is done, and its exit code stands.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    except KeyboardInterrupt:
        _end()
    if exit_code == _INTERRUPTED:
        # Python remembers an interrupt that met exec(), as when a dataclass is made, and would die of it in the end.
        from contextlib import suppress

        with suppress(OSError, ValueError):
            sys.stdout.flush()
        os._exit(exit_code)
    return exit_code


def _end(*_: object) -> None:
    """End at once: before the command line runs there is nothing to clean up, and an import may lose an exception."""
    os.write(2, b"perfkit: interrupted\n")
    os._exit(_INTERRUPTED)


if __name__ == "__main__":
    sys.exit(main())
