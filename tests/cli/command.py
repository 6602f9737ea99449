"""perfkit as a user runs it: a process of its own, with nothing of the tests' environment."""

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

QUERIES = Path(__file__).parent / "queries"
PASSWORD = "sesame of the office"
# Of the password, in any spelling, this stands in no output.
SECRET = "sesame"
TIME_LIMIT_S = 120
BUG = 70

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
        with self.start(*arguments, env=env, cwd=cwd) as process:
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
        return {"PATH": os.environ["PATH"], "HOME": str(self.directory), "LANG": "C.UTF-8", **self.environ}


def checked(result: Result) -> Result:
    """Return the run, which must have ended in one of perfkit's own ways and shown no password."""
    assert "Traceback" not in result.stderr, result.stderr
    assert result.returncode != BUG, result.stderr
    assert SECRET not in result.stdout + result.stderr
    return result
