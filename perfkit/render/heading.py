"""The first lines of each file: what made it, and the source of each number in it."""

from collections.abc import Iterable

from perfkit.monitor.written import first_line

Fact = tuple[str, str]
"""What is said of a number, and its source."""


def told(file: str, facts: Iterable[Fact], *, notes: Iterable[str] = ()) -> tuple[str, ...]:
    """Return the lines of the heading, without comment signs."""
    return (
        first_line(file, command="render"),
        *(f"{what}: {source}" for what, source in facts),
        *notes,
    )


def heading(file: str, facts: Iterable[Fact], *, notes: Iterable[str] = ()) -> str:
    """Return comment lines, with "#" as every one of the programs has it."""
    return "".join(f"# {line}\n" for line in told(file, facts, notes=notes))
