"""The first lines of each file: what made it, and the source of each number in it."""

from collections.abc import Iterable

from perfkit import __version__

MARK = "by perfkit render"
"""Stands in the first line of each file that has comments."""

Fact = tuple[str, str]
"""What is said of a number, and its source."""


def told(file: str, facts: Iterable[Fact], *, notes: Iterable[str] = ()) -> tuple[str, ...]:
    """Return the lines of the heading, without comment signs."""
    return (
        f"{file} {MARK} {__version__}: render it again rather than edit it",
        *(f"{what}: {source}" for what, source in facts),
        *notes,
    )


def heading(file: str, facts: Iterable[Fact], *, notes: Iterable[str] = ()) -> str:
    """Return comment lines, with "#" as every one of the programs has it."""
    return "".join(f"# {line}\n" for line in told(file, facts, notes=notes))
