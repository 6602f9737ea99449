"""perfkit as a user runs it: in a directory, with nothing of the tests' environment.

Starting Python and loading perfkit takes longer than most commands do. What a test only calls therefore runs here, with
the streams, the environment and the directory of a process of its own; what it starts, and what leaves programs behind or
becomes one, is one.
"""

import contextlib
import io
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from unittest import mock

import pytest

from perfkit.cli.main import main

QUERIES = Path(__file__).parent / "queries"
PASSWORD = "sesame of the office"
# Of the password, in any spelling, this stands in no output.
SECRET = "sesame"
TIME_LIMIT_S = 120
BUG = 70
# They start programs that outlive them, become psql, or are about signals.
_NEED_A_PROCESS = ("demo", "monitor", "profile")

Result = subprocess.CompletedProcess[str]


@dataclass(frozen=True, slots=True)
class Perfkit:
    """Runs `perfkit` in a directory; every run is held to end without a traceback and to show no password."""

    directory: Path
    environ: Mapping[str, str] = field(default_factory=dict)

    def __call__(
        self,
        *arguments: object,
        stdin: str = "",
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
    ) -> Result:
        """Return the finished run; `env` is added to what the user's shell has."""
        words = [str(word) for word in arguments]
        environment = self.shell_environment() | dict(env or {})
        if _can_run_here(words, environment):
            return checked(_run_here(words, stdin, environment, cwd or self.directory))
        with self.start(*words, env=env, cwd=cwd) as process:
            stdout, stderr = process.communicate(stdin, timeout=TIME_LIMIT_S)
        return checked(subprocess.CompletedProcess(process.args, process.returncode, stdout, stderr))

    def start(
        self, *arguments: object, env: Mapping[str, str] | None = None, cwd: Path | None = None
    ) -> subprocess.Popen[str]:
        """Return the running process, its streams as pipes of text."""
        return subprocess.Popen(
            self.command(*arguments),
            cwd=cwd or self.directory,
            env=self.shell_environment() | dict(env or {}),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )

    def command(self, *arguments: object) -> list[str]:
        """Return the words that start the command; a warning of Python's ends it, as in the other tests."""
        return [sys.executable, "-W", "error", "-m", "perfkit", *map(str, arguments)]

    def shell_environment(self) -> dict[str, str]:
        """Return the environment of a user who has set nothing of PostgreSQL's or perfkit's."""
        plain = {"PATH": os.environ["PATH"], "HOME": str(self.directory), "LANG": "C.UTF-8"}
        return plain | {"TMPDIR": tempfile.gettempdir()} | dict(self.environ)


def _can_run_here(words: list[str], environment: Mapping[str, str]) -> bool:
    """Tell whether the command may share this process, one at a time, and nothing is told to Python as it starts."""
    return (
        not any(words[:1] == [name] for name in _NEED_A_PROCESS)
        and not any(name.startswith("PYTHON") for name in environment)
        and threading.current_thread() is threading.main_thread()
    )


def _run_here(words: list[str], stdin: str, environment: Mapping[str, str], directory: Path) -> Result:
    """Return the run of perfkit's command line in this process."""
    given, stdout, stderr = (
        io.TextIOWrapper(io.BytesIO(content), encoding="utf-8", newline="", write_through=True)
        for content in (stdin.encode(), b"", b"")
    )
    with (
        mock.patch.dict(os.environ, environment, clear=True),
        pytest.MonkeyPatch.context() as patch,
        contextlib.chdir(directory),
    ):
        patch.setattr(sys, "argv", ["perfkit", *words])
        for name, stream in (("stdin", given), ("stdout", stdout), ("stderr", stderr)):
            patch.setattr(sys, name, stream)
        exit_code = main()
    told, complained = (stream.buffer.getvalue().decode() for stream in (stdout, stderr))
    return subprocess.CompletedProcess(["perfkit", *words], exit_code, told, complained)


def checked(result: Result) -> Result:
    """Return the run, which must have ended in one of perfkit's own ways and shown no password."""
    assert "Traceback" not in result.stderr, result.stderr
    assert result.returncode != BUG, result.stderr
    assert SECRET not in result.stdout + result.stderr
    return result
