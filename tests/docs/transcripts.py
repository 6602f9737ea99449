"""What users see who run perfkit's commands: the command lines of transcripts.toml, run on a demo of their own.

`make docs` writes what they print into docs/commands/; a test runs them again and holds the pages to it.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.cli.api import free_port

ROOT = Path(__file__).parents[2]
SOURCE = Path(__file__).with_suffix(".toml")
LEFT_OUT = "…"
_TIME_LIMIT_S = 120
# Stands between the outputs of a transcript's lines.
_SEPARATOR = "\x1e"
# What stands in the command lines; others that are free are used, as these may not be.
_PORTS = ("8000", "19187")
_PASSWORD = re.compile(r"(?<=:)[0-9a-f]{32}(?=@)")


@dataclass(frozen=True, slots=True)
class Transcript:
    """One command, the lines of a shell that show it, and which of the printed lines the page has.

    A page has the first `first` lines of each output and those that match a pattern of `show`; all when neither is
    given. Whether lines that match a pattern of `measured` are printed, and how, is decided by what was measured.
    """

    command: str
    page: str
    lines: tuple[str, ...]
    first: int | None = None
    show: tuple[str, ...] = ()
    measured: tuple[str, ...] = ()
    exit_code: int = 0


@dataclass(frozen=True, slots=True)
class Run:
    """What each line printed, and how the last one ended."""

    outputs: tuple[str, ...]
    exit_code: int


@dataclass(frozen=True, slots=True)
class Source:
    """The titles of the pages by their names, and the transcripts in the order in which they are run."""

    titles: Mapping[str, str]
    transcripts: tuple[Transcript, ...]


def read_source(path: Path = SOURCE) -> Source:
    """Return what the file of command lines says."""
    data = tomllib.loads(path.read_text("utf-8"))
    return Source(data["titles"], tuple(_transcript(entry) for entry in data["transcript"]))


def _transcript(entry: Mapping[str, object]) -> Transcript:
    values = {key: tuple(value) if isinstance(value, list) else value for key, value in entry.items()}
    return Transcript(**values)  # type: ignore[arg-type]  # a wrong value fails in the first run


@dataclass(frozen=True, slots=True)
class Shell:
    """Runs transcripts one after the other in a directory of a user's."""

    directory: Path
    ports: Mapping[str, str]

    def run(self, transcript: Transcript) -> Run:
        """Return what the lines print, results and messages as a terminal shows them; what they left running is ended."""
        lines = "\n".join(f"printf '{_SEPARATOR}'\n{line}" for line in transcript.lines)
        done = subprocess.run(
            ["bash", "-c", f"trap 'kill $(jobs -p) 2>/dev/null' EXIT\n{_replaced(lines, self.ports)}"],
            cwd=self.directory,
            env=_environment(self.directory),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            timeout=_TIME_LIMIT_S,
            check=False,
        )
        shown = _replaced(done.stdout, {used: port for port, used in self.ports.items()})
        outputs = _PASSWORD.sub(LEFT_OUT, shown).split(_SEPARATOR)[1:]
        return Run(tuple(output.strip("\n") for output in outputs), done.returncode)


def _replaced(text: str, ports: Mapping[str, str]) -> str:
    for port, other in ports.items():
        text = re.sub(rf"\b{port}\b", other, text)
    return text


def _environment(directory: Path) -> dict[str, str]:
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
    return {"PATH": path, "HOME": str(directory), "LANG": "C.UTF-8"}


@contextmanager
def shell() -> Iterator[Shell]:
    """Yield a shell in a directory that has the demo's catalog and nothing else; a demo that it started is stopped."""
    directory = Path(tempfile.mkdtemp(prefix="perfkit-transcripts-"))
    # The servers run as another user when root starts them.
    directory.chmod(0o711)
    shutil.copytree(ROOT / "queries", directory / "queries")
    made = Shell(directory, {port: str(free_port()) for port in _PORTS})
    try:
        yield made
    finally:
        made.run(Transcript("demo down", "", ("perfkit twin down", "perfkit demo down")))
        shutil.rmtree(directory)


def shortened(output: str, transcript: Transcript) -> list[str]:
    """Return the lines that the page has of an output; one that says … stands for those that it has not."""
    lines = output.splitlines()
    if transcript.first is None and not transcript.show:
        return lines
    kept: list[str] = []
    for number, line in enumerate(lines):
        if number < (transcript.first or 0) or any(re.search(pattern, line) for pattern in transcript.show):
            kept.append(line)
        elif not kept or kept[-1] != LEFT_OUT:
            kept.append(LEFT_OUT)
    return kept
