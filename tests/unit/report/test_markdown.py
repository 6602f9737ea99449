"""Markdown, read back by another program's parser: what the text said is what is shown."""

from collections.abc import Sequence
from html.parser import HTMLParser

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from perfkit.report.document import Block, Cell, Code, Document, Item, Listing, Paragraph, Table, Tone
from perfkit.report.formats import render
from perfkit.report.layout import one_line, visible
from tests.unit.report.sample import HOSTILE, SAMPLE

ANY_TEXT = st.text(st.characters() | st.sampled_from("`|\\<>&*_[]()#+-=~$@:!.1a\n \t\"'"))
LARGEST_CHARACTERS = 65_536
# What the job that posts the comment may add.
MARK_CHARACTERS = 200


def told(*blocks: Block) -> str:
    return render(
        Document(schema="perfkit.test/1", title="Title", blocks=blocks, checks=(), data={}), "markdown"
    )


class Reader(HTMLParser):
    """Collects the text of each element of one kind."""

    def __init__(self, element: str) -> None:
        super().__init__()
        self.element = element
        self.texts: list[str] = []
        self.inside = False

    def handle_starttag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:
        del attrs
        if tag == self.element:
            self.inside = True
            self.texts.append("")
        elif tag == "br" and self.inside:
            self.texts[-1] += "\n"

    def handle_endtag(self, tag: str) -> None:
        self.inside = self.inside and tag != self.element

    def handle_data(self, data: str) -> None:
        if self.inside:
            self.texts[-1] += data


def read(markdown: str, element: str) -> list[str]:
    """Return the text of each element as a browser would show it, runs of spaces as one."""
    reader = Reader(element)
    reader.feed(MarkdownIt("commonmark").enable(["table", "strikethrough"]).render(markdown))
    reader.close()
    return [words(text) for text in reader.texts]


def words(text: str) -> str:
    return " ".join(text.split())


@given(ANY_TEXT)
@example("*a* **b** _c_ __d__ ~~e~~ `f` ``g``")
@example("&lt;b&gt; &amp; &#35; <b>h</b> <!-- i --> <script>")
@example("[j](http://k) ![l](m) <http://n> [o]: p")
@example("a|b \\| c\\ | \\\\|")
@example("q  \n\n# r\n- s\n```\nt")
def test_any_text_shows_as_text_in_paragraphs_cells_and_items(text: str) -> None:
    shown = words(visible(text))
    table = Table(title="T", headings=("a", "b"), rows=((Cell(text), Cell("1")), (Cell("x"), Cell(text))))
    assert read(told(table), "td") == [shown, "1", "x", shown]
    item = Item(heading="h", lines=(Paragraph(text), Paragraph("next")))
    assert read(told(Listing(title="L", items=(item,))), "li") == list(filter(None, ["h", shown, "next"]))
    assert read(told(Listing(title="L", items=(Item(heading=f"x{text}", lines=()),))), "li") == [
        words(one_line(f"x{text}"))
    ]
    assert read(told(Paragraph(f"x{text}")), "p") == [words(visible(f"x{text}"))]
    assert read(told(Listing(title=f"x{text}", items=())), "h3") == [words(visible(f"x{text}"))]


@pytest.mark.parametrize(
    "start", ["# a", "- a", "+ a", "1. a", "12) a", "> a", "```", "===", "---", "    a", "| a |"]
)
def test_a_line_that_begins_like_markdown_is_a_paragraph(start: str) -> None:
    assert read(told(Paragraph(start)), "p") == [words(start)]


@given(ANY_TEXT)
def test_code_is_fenced_whatever_it_holds(text: str) -> None:
    reader = Reader("code")
    reader.feed(MarkdownIt("commonmark").render(told(Code(title=text, text=text))))
    assert [part.strip("\n") for part in reader.texts] == [visible(text).strip("\n")]


def test_nobody_is_called_and_no_issue_linked() -> None:
    markdown = told(Paragraph(HOSTILE), Code(title=HOSTILE, text=""))
    assert "@octocat" not in markdown
    assert "#12" not in markdown


def test_names_with_underscores_and_numbers_stay_readable_in_the_source() -> None:
    assert "\ndirectory_by_class/largest 1.52 s\n" in told(Paragraph("directory_by_class/largest 1.52 s"))


def test_the_result_that_ends_a_document_comes_first() -> None:
    table = Table(title="T", headings=("a",), rows=())
    blocks = (Paragraph("before"), table, Paragraph("the result"), Paragraph("its counts"))
    assert read(told(*blocks), "p") == ["the result", "its counts", "before"]
    notes = (Paragraph("a note", Tone.FAINT), Paragraph("another", Tone.FAINT))
    assert read(told(*notes, Paragraph("the result")), "p") == ["the result", "a note", "another"]
    assert read(told(Paragraph("the result"), *notes), "p") == ["the result", "a note", "another"]


def test_items_are_a_list_in_which_the_case_stands_out() -> None:
    items = (
        Item(heading="class_list/largest: blocks 2 -> 3,277", lines=(Paragraph("to do: this"),)),
        Item(heading="and 3 more", lines=()),
    )
    assert told(Listing(title="Regressions", items=items)).endswith(
        "### Regressions\n\n- **class_list/largest**: blocks 2 -> 3,277\n  - to do: this\n- and 3 more\n"
    )


def test_a_plan_diff_is_folded_and_coloured() -> None:
    markdown = told(Code(title="Plan of a/b", text="--- old plan\n+++ new plan\n-Seq Scan\n+Index Scan\n"))
    assert "<details><summary>Plan of a/b</summary>\n\n```diff\n--- old plan\n" in markdown


def test_details_are_folded_whole_or_cut() -> None:
    table = Table(title="Why", headings=("case",), rows=((Cell("a|b"),),), detail=True)
    assert told(table).endswith(
        "\n\n<details><summary>Why</summary>\n\n| case |\n| --- |\n| a\\|b |\n\n</details>\n"
    )
    items = tuple(Item(heading=f"{number} {'x' * 90}", lines=()) for number in range(1_000))
    markdown = told(Listing(title="Cases", items=items, detail=True))
    assert len(markdown) <= 65_536
    assert "more items left out" in markdown
    assert markdown.endswith("\n\n</details>\n")


def test_an_item_that_is_code_is_fenced_within_the_list() -> None:
    item = Item(heading="SELECT '`' || $1;", lines=(Paragraph("why: equality"),), language="sql")
    markdown = told(Listing(title="Create", items=(item, item)))
    assert "\n- ```sql\n  SELECT '`' || $1;\n  ```\n  - why: equality\n- ```sql\n" in markdown
    assert read(markdown, "code") == ["SELECT '`' || $1;"] * 2


def test_numbers_are_aligned_right() -> None:
    assert "| --- | ---: |" in told(Table(title="T", headings=("a", "b"), rows=(), numeric=frozenset({1})))


def long_table(rows: int) -> Table:
    return Table(
        title="Cases", headings=("case",), rows=tuple((Cell(f"case {n} {'x' * 90}"),) for n in range(rows))
    )


def test_a_table_too_long_for_github_loses_its_last_rows_and_the_summary_stays() -> None:
    markdown = told(Paragraph("before"), long_table(1000), Paragraph("the summary"))
    assert LARGEST_CHARACTERS * 0.95 < len(markdown) <= LARGEST_CHARACTERS - MARK_CHARACTERS
    shown = markdown.count("\n| case ") - 1
    assert f"*{1000 - shown:,} more rows left out" in markdown
    assert markdown.startswith("## Title\n\nthe summary\n\nbefore\n")


def test_blocks_too_long_for_github_are_left_out_whole_with_one_note() -> None:
    codes = [Code(title=f"Plan {n}", text="x" * 4000) for n in range(100)]
    markdown = told(Paragraph("before"), *codes, Paragraph("the summary"))
    assert len(markdown) <= LARGEST_CHARACTERS
    shown = markdown.count("<details>")
    assert shown >= 12
    assert markdown.count("left out") == 1
    assert f"*{100 - shown} of 102 blocks left out" in markdown


@given(st.lists(st.integers(0, 40_000), max_size=30))
def test_the_whole_always_fits(sizes: list[int]) -> None:
    blocks = [Paragraph("x" * size) if size % 2 else Code(title="", text="`" * size) for size in sizes]
    assert len(told(*blocks)) <= LARGEST_CHARACTERS - MARK_CHARACTERS


def test_the_sample_keeps_its_table_whole() -> None:
    cells = read(render(SAMPLE, "markdown"), "td")
    assert len(cells) == 4 * 7
    assert words(visible(f"search/{HOSTILE}")) in cells
