import re

from hypothesis import given
from hypothesis import strategies as st

from perfkit.report.document import Block, Cell, Code, Document, Item, Listing, Paragraph, Table, Tone
from perfkit.report.formats import render
from perfkit.report.layout import width_of
from perfkit.report.options import RenderOptions
from tests.unit.report.sample import HOSTILE, SAMPLE

TERMINAL = RenderOptions(width_columns=80, terminal=True, colour=True)
COLOURS = re.compile(r"\x1b\[[0-9;]*m")


def told(*blocks: Block, options: RenderOptions | None = None) -> str:
    document = Document(schema="perfkit.test/1", title="Title", blocks=blocks, checks=(), data={})
    return render(document, "text", options or RenderOptions())


def test_colour_adds_nothing_but_colour() -> None:
    plain = render(SAMPLE, "text", RenderOptions(width_columns=80, terminal=True))
    assert COLOURS.sub("", render(SAMPLE, "text", TERMINAL)) == plain


def test_no_colour_unless_asked_for() -> None:
    assert "\x1b" not in render(SAMPLE, "text")


def test_markup_is_shown_and_not_obeyed() -> None:
    assert "[bold]y[/bold]" in told(Paragraph(HOSTILE), options=TERMINAL)


def test_lines_fit_the_terminal() -> None:
    lines = COLOURS.sub("", render(SAMPLE, "text", TERMINAL)).splitlines()
    assert max(map(width_of, lines)) <= 80


def test_without_a_terminal_a_statement_stays_on_its_line() -> None:
    statement = f"CREATE INDEX ON person ({', '.join(f'column_{n}' for n in range(40))})"
    item = Item(heading="case", lines=(Paragraph(f"fix: {statement}"),))
    assert statement in told(Listing(title="Findings", items=(item,)))
    on_terminal = told(Listing(title="Findings", items=(item,)), options=TERMINAL)
    assert " ".join(statement.split()) in " ".join(COLOURS.sub("", on_terminal).split())


def test_a_line_end_in_a_finding_cannot_forge_a_heading() -> None:
    item = Item(heading="case", lines=(Paragraph("error: a\nother case: all is well"),))
    assert "\n    other case: all is well" in told(Listing(title="Findings", items=(item,)))


def test_numbers_are_aligned_right_under_their_heading() -> None:
    table = Table(
        title="Cases",
        headings=("case", "buffers"),
        rows=((Cell("a"), Cell("12,345")), (Cell("班级"), Cell("7"))),
        numeric=frozenset({1}),
    )
    assert told(table) == ("Title\n\nCases\ncase  buffers\n-------------\na      12,345\n班级        7\n")


def test_a_table_without_rows_says_none() -> None:
    assert told(Table(title="Cases", headings=("case",), rows=())).endswith("case\n----\nnone\n")


def test_code_is_neither_wrapped_nor_obeyed() -> None:
    text = "Limit\n\t->  " + "x" * 200 + "\x1b[2J"
    assert f"\n      ->  {'x' * 200}\\x1b[2J\n" in told(Code(title="Plan", text=text), options=TERMINAL)


@given(text=st.text(st.characters()), width_columns=st.integers(40, 140), terminal=st.booleans())
def test_any_text_can_be_told_and_leaves_no_control_character(
    text: str, width_columns: int, *, terminal: bool
) -> None:
    item = Item(heading=text, lines=(Paragraph(text),), tone=Tone.BAD)
    blocks = (
        Paragraph(text, Tone.GOOD),
        Table(title=text, headings=(text, "n"), rows=((Cell(text, Tone.WARN), Cell("1")),)),
        Listing(title=text, items=(item,)),
        Code(title=text, text=text),
    )
    options = RenderOptions(width_columns=width_columns, terminal=terminal, colour=True)
    plain = COLOURS.sub("", told(*blocks, options=options))
    assert not [c for c in plain if c != "\n" and (ord(c) < 0x20 or 0x7F <= ord(c) <= 0x9F)]
    plain.encode()
