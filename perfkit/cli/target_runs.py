"""The runs that targets need: perfkit's own commands one after the other, each a process, so that none disturbs another's figures."""

import shlex
import signal
import subprocess
import sys
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from perfkit.cli.run import GATE_FAILED, say

if TYPE_CHECKING:
    from perfkit.bench.targets import TargetResult


def commands_due(results: "Sequence[TargetResult]", now: datetime, older_than: timedelta) -> tuple[str, ...]:
    """Return the commands that measure what is unknown or older than that, in the order of the targets."""
    due = (each for each in results if each.value is None or each.at is None or now - each.at > older_than)
    return tuple(dict.fromkeys(each.target.command for each in due))


def run_all(commands: Sequence[str], options: Sequence[str]) -> None:
    """Run each command with these options besides, its errors and progress on stderr; say which of them measured nothing.

    Raises KeyboardInterrupt after the interrupted command has cleaned up and ended.
    """
    for number, command in enumerate(commands, start=1):
        say(f"perfkit: {number} of {len(commands)}: {command}")
        exit_code = _run([*shlex.split(command)[1:], *options])
        # A gate that failed has measured all the same.
        if exit_code not in {0, GATE_FAILED}:
            say(f"perfkit: {command} measured nothing (exit {exit_code}): its targets stay as they were")


def _run(arguments: Sequence[str]) -> int:
    """Return the exit code of perfkit with these arguments, in a process group of its own.

    So an interrupt, which a terminal sends to a whole group, reaches it once, passed on from here.
    """
    interrupts: list[int] = []
    running: list[subprocess.Popen[bytes]] = []

    def pass_on(number: int, _: object) -> None:
        interrupts.append(number)
        for process in running:
            process.send_signal(number)

    before = signal.signal(signal.SIGINT, pass_on)
    try:
        process = subprocess.Popen(
            [sys.executable, "-m", "perfkit", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            process_group=0,
        )
        running.append(process)
        if interrupts:
            process.send_signal(signal.SIGINT)
        exit_code = process.wait()
    finally:
        signal.signal(signal.SIGINT, before)
    if interrupts:
        raise KeyboardInterrupt
    return exit_code
