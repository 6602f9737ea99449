"""Document: what a command has to say, before a format is chosen.

A command makes one Document of its result; each format renders any Document. `data` is the whole result for JSON,
`checks` are what JUnit and GitHub tell apart, `blocks` are what a person reads, in order.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar

from perfkit.plan.model import Plan


class Tone(StrEnum):
    """How a line is meant; a format may colour it, the words must do without."""

    PLAIN = "plain"
    GOOD = "good"
    WARN = "warn"
    BAD = "bad"
    FAINT = "faint"


class State(StrEnum):
    """The outcome of one check."""

    PASSED = "passed"
    WARNING = "warning"
    FAILED = "failed"
    ERROR = "error"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing that passed or did not; `path` and `line` name the query's place, '' and 0 when there is none."""

    id: str
    group: str
    state: State
    message: str
    detail: str = ""
    path: str = ""
    line: int = 0
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A sentence or two; one that is the result stands first on a page, wherever else it is."""

    text: str
    tone: Tone = Tone.PLAIN
    is_result: bool = False


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of a table."""

    text: str
    tone: Tone = Tone.PLAIN


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Rows of cells under headings; `numeric` holds the indexes of columns that are aligned right.

    One that is a `detail` may be folded under its title.
    """

    title: str
    headings: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    numeric: frozenset[int] = frozenset()
    detail: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A headed group of lines, such as a case and its findings; a `language` says that the heading is code in it."""

    heading: str
    lines: tuple[Paragraph, ...]
    tone: Tone = Tone.PLAIN
    language: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """Items under one title; one that is a `detail` may be folded under it."""

    title: str
    items: tuple[Item, ...]
    detail: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """Preformatted text, such as a plan diff; a format may fold it under its title."""

    title: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A drawing for pages that show one; the other formats have its numbers in a table. `svg` is whole, by report.svg."""

    title: str
    svg: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownPlan:
    """One plan by its name, such as a case's, with the statement that has it ('' when unknown)."""

    name: str
    plan: Plan
    statement: str = ""


Written = Paragraph | Table | Listing | Code
"""What every format for people tells in words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plans:
    """Plans for pages that draw them, each opened on demand but for one alone; JSON has them in its data.

    `told` is what the other formats tell in their place.
    """

    title: str
    plans: tuple[ShownPlan, ...]
    told: tuple[Written, ...] = ()


Block = Written | Picture | Plans


_Kind = TypeVar("_Kind", bound=Block)


def result_first(blocks: Sequence[_Kind]) -> Sequence[_Kind]:
    """Return the blocks as a page is read, from its beginning: first the result, else the paragraphs that end them."""
    if results := [block for block in blocks if is_result(block)]:
        return (*results, *(block for block in blocks if not is_result(block)))
    start = len(blocks)
    for index in reversed(range(len(blocks))):
        block = blocks[index]
        if not isinstance(block, Paragraph):
            break
        # Notes are no result, but those below it belong to it.
        if block.tone is not Tone.FAINT:
            start = index
    return (*blocks[start:], *blocks[:start])


def is_result(block: Block) -> bool:
    """Say whether the block is a paragraph that is the result."""
    return isinstance(block, Paragraph) and block.is_result


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A command's result; `schema` is "perfkit.<command>/<version>"."""

    schema: str
    title: str
    blocks: tuple[Block, ...]
    checks: tuple[Check, ...]
    data: Mapping[str, Any]

    @property
    def written(self) -> Iterator[Written]:
        """Yield the blocks that are told in words, in order."""
        for block in self.blocks:
            if isinstance(block, Plans):
                yield from block.told
            elif not isinstance(block, Picture):
                yield block
