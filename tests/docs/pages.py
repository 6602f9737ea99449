"""The pages under docs/commands/: every command, what it does, and what it prints on a demo of 10,000 alumni.

Run: python -m tests.docs.pages [DIR]
"""

import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typer

from perfkit.cli.main import app
from tests.docs.transcripts import ROOT, Run, Source, Transcript, read_source, shell, shortened

FOLDER = ROOT / "docs" / "commands"
_NOTICE = "<!-- Made by `make docs` from the commands and tests/docs/transcripts.toml; change those, not this file. -->"
_SECTION = re.compile(r"^## perfkit (.+?)\n\n(.+?)\n\n```console\n(.*?)\n```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Section:
    """What a page says of a command: one sentence, the lines that were run, and what each printed."""

    command: str
    sentence: str
    lines: tuple[str, ...]
    outputs: tuple[tuple[str, ...], ...]


def commands() -> dict[str, str]:
    """Return what each command and subcommand does, in the order of the help."""
    return dict(_commands(typer.main.get_command(app), ()))


def _commands(command: Any, words: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    inner = getattr(command, "commands", {})
    # A group such as `perfkit baseline` is a command of its own when it does something without a subcommand.
    if words and (not inner or command.invoke_without_command):
        yield " ".join(words), _first_paragraph(command)
    for name, each in inner.items():
        yield from _commands(each, (*words, name))


def _first_paragraph(command: Any) -> str:
    text: str = command.callback.__doc__ if hasattr(command, "commands") else command.help
    return " ".join(text.partition("\n\n")[0].split())


def section(transcript: Transcript, run: Run, sentence: str) -> str:
    """Return the text of a command's section, in Markdown."""
    console: list[str] = []
    for line, output in zip(transcript.lines, run.outputs, strict=True):
        console += [f"$ {line}", *shortened(output, transcript)]
    if run.exit_code:
        console.append(f"exit code {run.exit_code}")
    body = "\n".join(line.rstrip() for line in console)
    return f"## perfkit {transcript.command}\n\n{sentence}\n\n```console\n{body}\n```\n"


def sections(text: str) -> Iterator[Section]:
    """Yield what stands on a page."""
    for command, sentence, console in _SECTION.findall(text):
        parts = [part.split("\n") for part in re.split(r"^\$ ", console, flags=re.MULTILINE)[1:]]
        yield Section(
            command,
            sentence,
            tuple(part[0] for part in parts),
            tuple(tuple(part[1:]) for part in parts),
        )


def pages(source: Source, runs: Mapping[str, Run]) -> dict[str, str]:
    """Return the text of every page by its file name."""
    sentences = commands()
    texts = {"README.md": _index(source, sentences)}
    for page, title in source.titles.items():
        told = [
            section(each, runs[each.command], sentences[each.command])
            for each in source.transcripts
            if each.page == page
        ]
        texts[f"{page}.md"] = "\n".join([f"{_NOTICE}\n\n# {title}\n", *told])
    return texts


def _index(source: Source, sentences: Mapping[str, str]) -> str:
    rows = "\n".join(
        f"| [perfkit {each.command}]({each.page}.md#perfkit-{each.command.replace(' ', '-')}) | {sentences[each.command]} |"
        for page in source.titles
        for each in source.transcripts
        if each.page == page
    )
    return f"""{_NOTICE}

# The commands

What each prints, run on the demo with 10,000 alumni; a line `…` stands for what was left out. `perfkit COMMAND --help`
has every option.

| command | what it does |
|---|---|
{rows}
"""


def write(folder: Path) -> None:
    """Run every transcript and write all pages anew."""
    source = read_source()
    runs = {}
    with shell() as running:
        for transcript in source.transcripts:
            run = runs[transcript.command] = running.run(transcript)
            if run.exit_code != transcript.exit_code:
                sys.exit(f"perfkit {transcript.command} ended with {run.exit_code}:\n{run.outputs[-1]}")
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in pages(source, runs).items():
        (folder / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER)
