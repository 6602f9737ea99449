"""The flame graph: widths are shares, callers lie below what they call, and names stay text."""

from dataclasses import dataclass
from xml.etree import ElementTree as ET

import pytest

from perfkit.profile.stacks import Frame
from perfkit.report.flame import draw_flame
from perfkit.report.svg import WIDTH

SVG = "{http://www.w3.org/2000/svg}"
HANDLE = "handle (app.py:10)"
TREE = Frame(
    name="all",
    count=100,
    calls=(
        Frame(name=HANDLE, count=75, calls=(Frame(name="<lambda> (app.py:12)", count=30),)),
        Frame(name="idle & wait", count=25),
    ),
)


@dataclass(frozen=True, slots=True)
class Box:
    """Where a function is drawn."""

    left: float
    top: float
    width: float

    @property
    def right(self) -> float:
        return self.left + self.width


def boxes(root: ET.Element) -> dict[str, Box]:
    """Return each function's box by the function's name."""
    return {
        rect.findtext(f"{SVG}title", "").rpartition(": ")[0]: Box(
            *(float(rect.get(side, "nan")) for side in ("x", "y", "width"))
        )
        for rect in root.iter(f"{SVG}rect")
        if rect.find(f"{SVG}title") is not None
    }


def words(root: ET.Element) -> set[str]:
    return {each.text or "" for each in root.iter(f"{SVG}text")}


def test_widths_are_shares_and_calls_lie_on_their_callers() -> None:
    found = boxes(ET.fromstring(draw_flame("alumni-api, 5 s", TREE)))
    whole, handle, inner, idle = (
        found[name] for name in ("all", HANDLE, "<lambda> (app.py:12)", "idle & wait")
    )
    assert [box.width / whole.width for box in (handle, inner, idle)] == pytest.approx(
        [0.75, 0.3, 0.25], abs=0.001
    )
    assert whole.top > handle.top > inner.top > 0
    assert handle.top == idle.top
    assert (handle.left, inner.left) == (whole.left, handle.left)
    assert idle.left == pytest.approx(handle.right, abs=0.2)
    assert idle.right == pytest.approx(whole.right, abs=0.2)
    assert whole.right < WIDTH


def test_a_function_tells_its_name_share_and_count() -> None:
    root = ET.fromstring(draw_flame("alumni-api, 5 s", TREE))
    told = {rect.findtext(f"{SVG}title") for rect in root.iter(f"{SVG}rect")}
    assert "<lambda> (app.py:12): 30.0 % (30 stacks)" in told
    assert {"alumni-api, 5 s", HANDLE, "idle & wait"} <= words(root)
    assert root.findtext(f"{SVG}desc") == "100 stacks, up to 2 functions deep"


def test_a_name_is_cut_where_it_is_too_long_and_left_out_where_it_cannot_be_read() -> None:
    long = "a_function_with_quite_a_long_name (a/file/deep/down.py:1234)"
    tree = Frame(name="all", count=100, calls=(Frame(name=long, count=20), Frame(name="thin", count=2)))
    root = ET.fromstring(draw_flame("x", tree))
    assert "thin" in boxes(root)
    assert "thin" not in words(root)
    (cut,) = [each for each in words(root) if each.startswith("a_function")]
    assert cut.endswith("…")
    assert long.startswith(cut[:-1])


def test_what_is_too_thin_to_be_seen_is_not_drawn() -> None:
    rare = Frame(name="rare", count=1, calls=(Frame(name="inside", count=1),))
    tree = Frame(name="all", count=10_000, calls=(Frame(name="often", count=9_999), rare))
    assert boxes(ET.fromstring(draw_flame("x", tree))).keys() == {"all", "often"}


def test_stacks_as_deep_as_they_come_are_drawn() -> None:
    frame = Frame(name="f2000", count=1)
    for depth in reversed(range(2000)):
        frame = Frame(name=f"f{depth}", count=1, calls=(frame,))
    assert len(boxes(ET.fromstring(draw_flame("x", frame)))) == 2001
