"""The HTML page in a browser: nothing is fetched, nothing complains, hostile text shows as text, narrow screens hold it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from perfkit.plan.read import read_plan
from perfkit.report.document import (
    Block,
    Cell,
    Code,
    Document,
    Item,
    Listing,
    Paragraph,
    Plans,
    ShownPlan,
    Table,
)
from perfkit.report.formats import render
from tests.browser import Browser, browsing

GOLDEN = Path(__file__).parents[1] / "unit" / "plan" / "golden" / "18" / "hash_spill.json"
HOSTILE = "</script><img src=http://perfkit.invalid/x onerror=\"document.title='taken'\">'\" & \u202etfel\x00"
LONG = "'" + "x" * 10_000_000 + "'"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with browsing() as opened:
        yield opened


def _page(path: Path, *blocks: Block) -> str:
    document = Document(schema="perfkit.test/1", title=HOSTILE, blocks=blocks, checks=(), data={})
    path.write_text(render(document, "html"), "utf-8")
    return path.as_uri()


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


def test_a_statement_of_10_mb_is_shown(browser: Browser, tmp_path: Path) -> None:
    browser.open(_page(tmp_path / "long.html", Code(title="Long", text=LONG)))
    assert browser.run("document.querySelector('code').textContent.length") == len(LONG)
    assert browser.complaints == []


@pytest.mark.parametrize("width", [390, 1280])
def test_no_screen_is_too_narrow(browser: Browser, tmp_path: Path, width: int) -> None:
    browser.screen(width, dark=True)
    browser.open(_page(tmp_path / "page.html", *_hostile()))
    assert browser.run("document.documentElement.scrollWidth") == width


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
