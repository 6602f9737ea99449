"""perfkit analyze in a process of its own, for tests that look at the server rather than at the command."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

TIME_LIMIT_S = 120
_NOT_OURS = ("PG", "PERFKIT_")


def start(*arguments: object, cwd: Path | None = None) -> subprocess.Popen[str]:
    """Return the running command, with nothing of PostgreSQL's or perfkit's in its environment."""
    return subprocess.Popen(
        [sys.executable, "-m", "perfkit", *map(str, arguments)],
        cwd=cwd,
        env={name: value for name, value in os.environ.items() if not name.startswith(_NOT_OURS)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def analyze(dsn: str, queries: Path, *arguments: object, exit_code: int = 0) -> dict[str, Any]:
    """Return the document of an analysis, which must end with this exit code."""
    command = ("analyze", "--dsn", dsn, "--queries", queries, "--format", "json", *arguments)
    return finished(start(*command), exit_code=exit_code)


def finished(process: subprocess.Popen[str], *, exit_code: int = 0) -> dict[str, Any]:
    """Return the document that the command prints; it must end with this exit code and say no more."""
    with process:
        stdout, stderr = process.communicate(timeout=TIME_LIMIT_S)
    assert (process.returncode, stderr) == (exit_code, "")
    document: dict[str, Any] = json.loads(stdout)
    return document


def cases(document: dict[str, Any]) -> dict[str, Any]:
    """Return the cases of an analysis by query/case."""
    return {case["case"]: case for case in document["cases"]}
