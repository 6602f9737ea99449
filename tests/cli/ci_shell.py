"""The shell steps of docs/ci, and a shell that runs them as the CI systems do, in a project's directory."""

import os
import shlex
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from perfkit.embedded.binaries import find_postgres_binaries
from tests.cli.command import SECRET, TIME_LIMIT_S, Perfkit, Result

CI = Path(__file__).parents[2] / "docs" / "ci"
GIT = dict.fromkeys(("GIT_AUTHOR_NAME", "GIT_COMMITTER_NAME"), "perfkit") | dict.fromkeys(
    ("GIT_AUTHOR_EMAIL", "GIT_COMMITTER_EMAIL"), "perfkit@example.org"
)
UNREACHABLE = "postgresql://127.0.0.1:1/nowhere"


def loaded(name: str) -> Any:
    return yaml.safe_load((CI / name).read_text("utf-8"))


def github_steps() -> dict[str, str]:
    [job] = loaded("github-actions.yml")["jobs"].values()
    return {step["name"]: step["run"] for step in job["steps"] if "run" in step}


def gitlab_scripts() -> dict[str, list[str]]:
    jobs = loaded("gitlab-ci.yml")
    return {
        "before": jobs[".perfkit"]["before_script"],
        "regress": jobs["perfkit regress"]["script"],
        "baseline": jobs["perfkit baseline"]["script"],
    }


@dataclass(frozen=True, slots=True)
class Shell:
    """Runs steps in the project's directory, with `perfkit` and PostgreSQL's programs on the PATH."""

    project: Perfkit
    programs: Path
    environ: Mapping[str, str]

    @property
    def directory(self) -> Path:
        return self.project.directory

    def __call__(self, *lines: str, **environ: str) -> Result:
        (self.directory / "output.txt").write_text("")
        result = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", "\n".join(lines)],
            cwd=self.directory,
            env={**self.environ, **environ},
            capture_output=True,
            text=True,
            timeout=TIME_LIMIT_S,
            check=False,
        )
        assert SECRET not in result.stdout + result.stderr
        return result

    def judge(self, **environ: str) -> str:
        """Run GitHub's step Judge, which ends well whatever perfkit says; return the exit code that it hands on."""
        step = self(github_steps()["Judge"], **environ)
        assert step.returncode == 0, step.stderr
        name, code = (self.directory / "output.txt").read_text().strip().split("=")
        assert name == "status"
        return code

    def add(self, program: str, text: str) -> None:
        """Put a program on the PATH before all others of its name."""
        (self.programs / program).write_text(text)
        (self.programs / program).chmod(0o755)

    def git(self, *words: str) -> None:
        subprocess.run(["git", *words], cwd=self.directory, env=self.environ, capture_output=True, check=True)

    def push_main(self, folder: str) -> None:
        """Make the project a git repository whose origin has the folder on main."""
        for words in ("init -q -b main", f"add {folder}", "commit -q -m main", "init -q --bare .origin"):
            self.git(*words.split())
        self.git("remote", "add", "origin", str(self.directory / ".origin"))
        self.git("push", "-q", "origin", "main")


def shell_for(project: Perfkit, programs: Path, dsn: str) -> Shell:
    """Return a shell that judges the database against the project's baseline unless it is told otherwise."""
    path = f"{programs}:{find_postgres_binaries()}:{os.environ['PATH']}"
    environ = project.shell_environment() | GIT | {"PATH": path, "JUDGE": "baseline"}
    environ |= {"GITHUB_OUTPUT": str(project.directory / "output.txt"), "BASE_DSN": dsn, "HEAD_DSN": dsn}
    shell = Shell(project, programs, environ)
    shell.add("perfkit", f'#!/bin/sh\nexec {shlex.join(project.command())} "$@"\n')
    return shell
