"""Every format, held to golden files; PERFKIT_TEST_WRITE_GOLDEN=1 writes them anew for a look at the difference."""

import os
import time
from dataclasses import replace
from pathlib import Path

import pytest

from perfkit.errors import UsageError
from perfkit.report.document import Cell, Check, Document, Item, Listing, Paragraph, State, Table
from perfkit.report.formats import FORMATS, render
from perfkit.report.options import RenderOptions
from tests.unit.report.sample import SAMPLE

GOLDEN = Path(__file__).parent / "golden"
PIPED = RenderOptions(working_directory="/srv/app")
TERMINAL = replace(PIPED, width_columns=80, terminal=True, colour=True)


@pytest.mark.parametrize(
    ("name", "format_name", "options"),
    [
        ("piped.txt", "text", PIPED),
        ("terminal.txt", "text", TERMINAL),
        ("sample.json", "json", PIPED),
        ("junit.xml", "junit", PIPED),
        ("github.txt", "github", PIPED),
        ("markdown.md", "markdown", PIPED),
    ],
)
def test_the_sample_is_told_as_its_golden_file_says(
    name: str, format_name: str, options: RenderOptions
) -> None:
    told = render(SAMPLE, format_name, options).encode()
    if os.environ.get("PERFKIT_TEST_WRITE_GOLDEN"):
        (GOLDEN / name).write_bytes(told)
    assert told.decode() == (GOLDEN / name).read_bytes().decode()


@pytest.mark.parametrize("format_name", FORMATS)
def test_an_empty_document_can_be_told_and_ends_in_a_newline(format_name: str) -> None:
    empty = Document(schema="perfkit.empty/1", title="Empty", blocks=(), checks=(), data={})
    assert render(empty, format_name).endswith("\n")


def test_an_unknown_format_is_a_usage_error_that_names_the_others() -> None:
    with pytest.raises(UsageError, match="xml") as caught:
        render(SAMPLE, "xml")
    assert all(name in caught.value.hint for name in FORMATS)


@pytest.mark.parametrize("format_name", FORMATS)
def test_rows_cost_the_same_however_many_there_are(format_name: str) -> None:
    few, many = (_seconds(document_of(rows), format_name) for rows in (150, 1_200))
    assert (
        many < 24 * few
    )  # eight times as many; what looked at each row for each row would take 64 times as long


def _seconds(document: Document, format_name: str) -> float:
    """Return the least of three runs' processor time."""
    seconds = []
    for _ in range(3):
        start = time.process_time()
        render(document, format_name, TERMINAL)
        seconds.append(time.process_time() - start)
    return min(seconds)


def document_of(rows: int) -> Document:
    cells = tuple(
        tuple(
            map(
                Cell,
                (
                    f"query_{n}/班级_{n}",
                    "1.52 s",
                    "1.71 s",
                    "50 ms",
                    f"{n:,}",
                    f"{n}",
                    "Seq Scan on " + "x" * 40,
                ),
            )
        )
        for n in range(rows)
    )
    headings = ("case", "median", "p95", "budget", "buffers", "rows", "worst finding")
    fix = f"fix: CREATE INDEX ON alumni.person ({', '.join(f'column_{n}' for n in range(10))})"
    items = tuple(
        Item(heading=row[0].text, lines=(Paragraph("error: Seq Scan"), Paragraph(fix))) for row in cells
    )
    return Document(
        schema="perfkit.analyze/1",
        title="Cases",
        blocks=(
            Table(title="Cases", headings=headings, rows=cells, numeric=frozenset(range(1, 6))),
            Listing(title="Findings", items=items),
        ),
        checks=tuple(
            Check(
                id=row[0].text,
                group=f"group {n % 50}",
                state=list(State)[n % 5],
                message=fix,
                detail=fix,
                path="/a/b",
                line=n,
            )
            for n, row in enumerate(cells)
        ),
        data={"cases": [dict(zip(headings, [cell.text for cell in row], strict=True)) for row in cells]},
    )
