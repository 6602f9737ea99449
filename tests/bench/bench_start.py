"""How long `perfkit --version` takes, against a Typer program that has one command and nothing else.

Run: python -m tests.bench.bench_start
"""

import argparse
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.bench.figure import Figure, table
from tests.bench.pairs import interleaved, ratio
from tests.bench.process import run

RATIO_MOST = 1.5

EMPTY = """
from typing import Annotated
import typer

app = typer.Typer()

def version(value: bool) -> None:
    if value:
        typer.echo("empty 1.0")
        raise typer.Exit

@app.callback()
def root(*, version: Annotated[bool, typer.Option("--version", callback=version, is_eager=True)] = False) -> None:
    ...

@app.command()
def hello() -> None:
    ...

app()
"""


def figures(*, rounds: int = 40) -> Iterator[Figure]:
    perfkit = Path(sys.executable).with_name("perfkit")
    with tempfile.TemporaryDirectory() as folder:
        empty = Path(folder, "empty.py")
        empty.write_text(EMPTY, encoding="utf-8")
        ours: list[str | Path] = [perfkit, "--version"]
        theirs: list[str | Path] = [sys.executable, empty, "--version"]
        for command in (ours, theirs):
            run(command)  # writes the bytecode
        seconds = interleaved(rounds, [lambda: run(ours).wall_s, lambda: run(theirs).wall_s])
    start = ratio(*seconds)
    yield Figure(
        what="perfkit --version / an empty Typer program",
        measured=start.of_medians,
        most=RATIO_MOST,
        unit="x",
        detail=str(start),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description="Start-up time against an empty Typer program.")
    parser.add_argument("--rounds", type=int, default=40)
    sys.stdout.write(table(list(figures(rounds=parser.parse_args().rounds))))


if __name__ == "__main__":
    main()
