"""The document of all that was measured last: the targets, every bench's figures, the cases' history."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from perfkit import units
from perfkit.bench.result import BenchResult, Figure
from perfkit.bench.targets import TargetResult
from perfkit.report.document import Block, Cell, Document, Paragraph, Table, Tone
from perfkit.report.documents.bench import result_data
from perfkit.report.documents.targets import targets_document

SCHEMA = "perfkit.report/1"

_TITLES = {
    "queries": "The catalog's queries",
    "import": "Import",
    "cache": "Cache",
    "load": "Load",
    "api": "API",
}

# Of a bench with more, such as one of twenty ways to import, the reader opens the table that is of interest.
_FIGURES_SHOWN = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Newest:
    """What was measured last: each target with its result, the benches by name; the history's document, where there is one."""

    targets: tuple[TargetResult, ...]
    benches: Mapping[str, BenchResult]
    history: Document | None = None


def report_document(newest: Newest) -> Document:
    """Return one document of all; its checks are the targets'."""
    targets = targets_document(newest.targets)
    return Document(
        schema=SCHEMA,
        title=targets.title.replace("perfkit targets", "perfkit report"),
        blocks=tuple(_blocks(newest, targets)),
        checks=targets.checks,
        data={
            **targets.data,
            "benches": [result_data(result) for result in newest.benches.values()],
            "history": None if newest.history is None else newest.history.data,
        },
    )


def _blocks(newest: Newest, targets: Document) -> Iterator[Block]:
    """Yield the targets, the benches, the history, and last what the targets come to, the result."""
    yield from _entitled(targets, "Targets")
    for result in newest.benches.values():
        yield from _bench(result)
    if newest.history is not None:
        yield from _entitled(newest.history, "History")
        yield from (block for block in newest.history.blocks if isinstance(block, Paragraph))
    for block in targets.blocks:
        if isinstance(block, Paragraph):
            yield replace(block, is_result=True)


def _entitled(document: Document, title: str) -> Iterator[Block]:
    """Yield the document's blocks but its paragraphs, its untitled table under the title."""
    for block in document.blocks:
        if isinstance(block, Table) and not block.title:
            yield replace(block, title=title)
        elif not isinstance(block, Paragraph):
            yield block


def _bench(result: BenchResult) -> Iterator[Block]:
    title = _TITLES.get(result.bench, result.bench)
    yield Table(
        title=f"{title}, {result.at:%Y-%m-%d %H:%M}",
        headings=("figure", "median", "least", "largest", "samples"),
        rows=tuple(map(_row, result.figures.values())),
        numeric=frozenset(range(1, 5)),
        detail=len(result.figures) > _FIGURES_SHOWN,
    )
    how = ", ".join(f"{name} {value}" for name, value in result.options.items() if value)
    server = result.environment.server.partition(" on ")[0]
    yield Paragraph(f"Measured with {how}; on {server}, {result.environment.cores} cores.", Tone.FAINT)


def _row(figure: Figure) -> tuple[Cell, ...]:
    median, *spread = (units.format_figure(value, figure.unit) for value in (figure.median, *figure.spread))
    count = len(figure.samples)
    return (
        Cell(figure.id),
        Cell(median),
        *(Cell(each if count > 1 else "") for each in spread),
        Cell(units.format_count(count), Tone.FAINT),
    )
