"""The HTML page in a browser: nothing is fetched, nothing complains, hostile text shows as text, narrow screens hold it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from perfkit.plan.read import read_plan
from perfkit.report.area import draw_stacked
from perfkit.report.chart import Chart, Point, Series, draw
from perfkit.report.document import (
    Block,
    Cell,
    Check,
    Code,
    Document,
    Item,
    Listing,
    Paragraph,
    Picture,
    Plans,
    ShownPlan,
    State,
    Table,
    Tone,
)
from perfkit.report.formats import render
from tests.browser import Browser, browsing

GOLDEN = Path(__file__).parents[1] / "unit" / "plan" / "golden" / "18" / "hash_spill.json"
HOSTILE = "</script><img src=http://perfkit.invalid/x onerror=\"document.title='taken'\">'\" & \u202etfel\x00"
LONG = "'" + "x" * 10_000_000 + "'"
NAME = "schema_with_a_long_name.table_with_a_longer_name_and_no_place_to_break_it"
UNFOLD = "document.querySelectorAll('details:not(.drawn)').forEach(each => { each.open = true })"
# The least contrast of any text with what is behind it, and the text; lines' words may stand on their own halo.
CONTRAST = """(() => {
  const numbers = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const linear = (n) => (n / 255 <= 0.04045 ? n / 255 / 12.92 : ((n / 255 + 0.055) / 1.055) ** 2.4);
  const luminance = ([r, g, b]) => 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
  const ground = (element) => {
    for (let each = element; each; each = each.parentElement) {
      const colour = numbers(getComputedStyle(each).backgroundColor);
      if (colour.length === 3 || colour[3] === 1) return colour;
    }
  };
  let least = [21, "", 0];
  const texts = document.createTreeWalker(document.querySelector("main"), NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const element = texts.currentNode.parentElement;
    if (!texts.currentNode.data.trim() || element.closest("script, style, title, desc")) continue;
    const style = getComputedStyle(element);
    const written = luminance(numbers(element.closest("svg") ? style.fill : style.color));
    const behind = luminance(ground(element));
    const contrast = (Math.max(written, behind) + 0.05) / (Math.min(written, behind) + 0.05);
    least = contrast < least[0] ? [contrast, texts.currentNode.data, least[2] + 1] : [...least.slice(0, 2), least[2] + 1];
  }
  return least;
})()"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with browsing() as opened:
        yield opened


def _page(path: Path, *blocks: Block, checks: tuple[Check, ...] = ()) -> str:
    document = Document(schema="perfkit.test/1", title=HOSTILE, blocks=blocks, checks=checks, data={})
    path.write_text(render(document, "html"), "utf-8")
    return path.as_uri()


def _every_kind(tmp_path: Path) -> str:
    """Return a page with blocks of every kind, in every tone, with words that are too long for any screen."""
    series = tuple(
        Series(name=f"{NAME} {n}", points=(Point(x=0, y=1), Point(x=9, y=n + 1))) for n in range(9)
    )
    chart = Chart(title=NAME, x_title="users at once", y_title="ms", series=series, limit=3)
    rows = tuple((Cell(f"  {NAME}"), *(Cell(f"{each} {NAME}", each) for each in Tone)) for _ in range(3))
    plans = tuple(ShownPlan(name=f"{NAME}/{n}", plan=read_plan(GOLDEN.read_text("utf-8"))) for n in range(2))
    paragraphs = tuple(Paragraph(f"{each}: CREATE INDEX ON {NAME} (a);", each) for each in Tone)
    return _page(
        tmp_path / "page.html",
        Paragraph(f"The result of {NAME}", Tone.BAD, is_result=True),
        Table(title=NAME, headings=("case", *Tone), rows=rows, numeric=frozenset({1, 2})),
        Table(title="Empty", headings=("state", "case"), rows=()),
        Listing(title=NAME, items=tuple(Item(heading=NAME, lines=paragraphs, tone=each) for each in Tone)),
        Listing(title="SQL", items=(Item(heading=f"DROP INDEX {NAME}", lines=(), language="sql"),)),
        Code(title=NAME, text=f"--- old\n+++ new\n- {NAME * 9}\n+ {NAME * 9}"),
        Picture(title=NAME, svg=draw(chart)),
        Picture(title="", svg=draw_stacked(chart)),
        Plans(title="Plans", plans=plans),
        Plans(title="Plan", plans=plans[:1]),
        checks=tuple(Check(id=each, group="g", state=each, message="") for each in State),
    )


def _hostile() -> tuple[Block, ...]:
    plan = read_plan(GOLDEN.read_text("utf-8").replace("person", "per<img src=x onerror=y>son"))
    return (
        Table(title=HOSTILE, headings=("case", HOSTILE), rows=((Cell(HOSTILE), Cell("1 ms " * 90)),)),
        Listing(title="Items", items=(Item(heading=HOSTILE, lines=(Paragraph(HOSTILE),), language="sql"),)),
        Code(title="Code", text=HOSTILE),
        Plans(title="Plans", plans=(ShownPlan(name=HOSTILE, plan=plan, statement=f"SELECT '{HOSTILE}'"),)),
    )


def test_hostile_text_shows_as_text_and_nothing_is_fetched(browser: Browser, tmp_path: Path) -> None:
    url = _page(tmp_path / "page.html", *_hostile())
    browser.screen(1280)
    browser.open(url)
    browser.run("document.querySelectorAll('details').forEach(each => { each.open = true })")
    browser.run("new Promise(done => setTimeout(done, 1500))")
    assert len(browser.frames) == 1
    assert browser.run(
        "document.querySelector('#viewer svg, #viewer .plan') !== null", session=browser.frames[0]
    )
    assert browser.run("document.images.length") == 0
    assert "<img src=http://perfkit.invalid/x" in browser.run("document.querySelector('h1').textContent")
    assert "\\u202e" in browser.run("document.querySelector('h1').textContent")
    assert [each for each in browser.requested if not each.startswith(("data:", "about:"))] == [url]
    errors = [each for each in browser.complaints if "workers that are not array" not in each]
    assert errors == []


@pytest.mark.parametrize("width", [390, 1280])
def test_no_screen_is_too_narrow(browser: Browser, tmp_path: Path, width: int) -> None:
    pages = (_page(tmp_path / "hostile.html", *_hostile()), _every_kind(tmp_path))
    browser.screen(width, dark=True)
    for page in pages:
        browser.open(page)
        browser.run(UNFOLD)
        assert browser.run("document.documentElement.scrollWidth") == width
        outside = f"each.getBoundingClientRect().right > {width} && !each.closest('.scroll, pre, figure')"
        everything = "[...document.querySelectorAll('main *')]"
        assert browser.run(f"{everything}.filter(each => {outside}).map(each => each.outerHTML)") == []


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_every_text_stands_out_from_what_is_behind_it(
    browser: Browser, tmp_path: Path, *, dark: bool
) -> None:
    """WCAG 2.2, 1.4.3: text has a contrast of at least 4.5 : 1."""
    browser.screen(1280, dark=dark)
    browser.open(_every_kind(tmp_path))
    browser.run(UNFOLD)
    contrast, words, texts = browser.run(CONTRAST)
    assert contrast >= 4.5, words
    assert texts > 200
    assert (browser.run("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)") != dark


def test_the_policy_lets_nothing_of_the_page_but_its_own_scripts_run(
    browser: Browser, tmp_path: Path
) -> None:
    path = tmp_path / "page.html"
    _page(path, Paragraph("words"))
    path.write_text(
        path.read_text("utf-8").replace("<main>", "<main><script>document.title = 'taken'</script>")
    )
    browser.open(path.as_uri())
    assert browser.run("document.title") != "taken"
    assert browser.complaints  # the browser says that it refused the script


def test_a_statement_of_10_mb_is_shown(browser: Browser, tmp_path: Path) -> None:
    browser.open(_page(tmp_path / "long.html", Code(title="Long", text=LONG)))
    assert browser.run("document.querySelector('code').textContent.length") == len(LONG)
    assert browser.complaints == []
