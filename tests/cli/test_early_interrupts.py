"""Ctrl-C while perfkit still starts: one line and exit 130; and while it is about to end: the exit code that it has."""

import signal
import subprocess
import sys
import time
import tomllib
from collections.abc import Sequence
from pathlib import Path
from random import Random

import pytest

import perfkit as package
from tests.cli.command import TIME_LIMIT_S, Perfkit

# Tells when Python itself has started and perfkit is the first to set what an interrupt does.
_ANNOUNCED = """
import runpy, signal, sys
real = signal.signal
def announced(number, handler):
    before = real(number, handler)
    signal.signal = real
    print("begun", flush=True)
    return before
signal.signal = announced
"""
_SCRIPTS = {
    "module": "sys.argv[0] = 'perfkit'\nrunpy.run_module('perfkit', run_name='__main__', alter_sys=True)",
    "command": "from {module} import {name}\nsys.exit({name}())",
}
_TIMES = 8
# Of such an interrupt Python dies in the end, though it was caught.
_WITHIN_EXEC = """
import sys
import perfkit.cli.main
from perfkit.__main__ import main
from perfkit.cli.run import run
print("told")
perfkit.cli.main.main = lambda: run(lambda: exec("raise KeyboardInterrupt"))
sys.exit(main())
"""


def _command(kind: str) -> Sequence[str]:
    """Return the words that run perfkit as `python -m` does, or as the script that pip makes."""
    project = tomllib.loads((Path(package.__file__).parents[1] / "pyproject.toml").read_text("utf-8"))
    module, _, name = project["project"]["scripts"]["perfkit"].partition(":")
    script = _ANNOUNCED + _SCRIPTS[kind].format(module=module, name=name)
    return [sys.executable, "-c", script, "config"]


def _interrupted(perfkit: Perfkit, command: Sequence[str], after_s: float) -> tuple[int, str]:
    with subprocess.Popen(
        command,
        cwd=perfkit.directory,
        env=perfkit.shell_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "begun\n"
        time.sleep(after_s)
        process.send_signal(signal.SIGINT)
        _, stderr = process.communicate(timeout=TIME_LIMIT_S)
    return process.returncode, stderr


@pytest.mark.parametrize("kind", _SCRIPTS)
def test_an_interrupt_at_any_moment_is_one_line(perfkit: Perfkit, kind: str) -> None:
    command, chance = _command(kind), Random(kind)
    began = time.monotonic()
    subprocess.run(
        command, cwd=perfkit.directory, env=perfkit.shell_environment(), check=True, capture_output=True
    )
    whole_s = time.monotonic() - began
    moments_s = [0.0, *(chance.uniform(0, whole_s) for _ in range(_TIMES))]
    ends = [_interrupted(perfkit, command, moment_s) for moment_s in moments_s]
    assert ends[0] == (130, "perfkit: interrupted\n")
    # The work of some was done.
    assert set(ends) <= {(130, "perfkit: interrupted\n"), (0, "")}


def test_an_interrupt_within_exec_is_one_line_too(perfkit: Perfkit) -> None:
    result = subprocess.run(
        [sys.executable, "-c", _WITHIN_EXEC],
        cwd=perfkit.directory,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (result.returncode, result.stdout, result.stderr) == (130, "told\n", "perfkit: interrupted\n")


def test_who_ignores_interrupts_is_not_interrupted(perfkit: Perfkit) -> None:
    result = subprocess.run(
        [
            "bash",
            "-c",
            'trap "" INT; "$@" & sleep 0.1; kill -INT $!; wait $!',
            "-",
            *perfkit.command("config"),
        ],
        cwd=perfkit.directory,
        env=perfkit.shell_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (result.returncode, result.stderr) == (0, "")
