"""Series: what pictures of several share: colours that can be told apart, names beside the ends of the lines."""

from collections.abc import Iterator, Sequence

from perfkit.report.svg import CHARACTER_WIDTH, RIGHT, WIDTH, text

# On a white page and on a dark one at least 3 : 1 against the ground (WCAG 2.2, 1.4.11), and far apart for people who
# do not see all colours too (by the simulation of Machado and others, 2009); the first is the page's own.
COLOURS = ("#0969da", "#d9622b", "#5c2770", "#b07aa8", "#7a2600", "#2a9187", "#3631b7", "#c3111b")
COLOURS_DARK = ("#58a6ff", "#fdcb57", "#c8590a", "#7df0ea", "#5a6fe0", "#e78396", "#abab04", "#a05a9a")
ROW_HEIGHT = 14
# Between the plot and the names, for the lines that lead to names which others moved aside.
_LEADER_WIDTH = 16
# Longer names are cut; a pointer that rests on one is told the whole.
_NAME_WIDEST = 30 * CHARACTER_WIDTH


def _coloured(colours: Sequence[str]) -> str:
    return "".join(f".s{n} {{ stroke: {colour}; fill: {colour}; }}\n" for n, colour in enumerate(colours))


STYLE = (
    f"{_coloured(COLOURS)}@media (prefers-color-scheme: dark) {{\n{_coloured(COLOURS_DARK)}}}\n"
    ".leader { fill: none; stroke-width: 0.75; stroke-dasharray: 2 2; }\n"
)


def colour(number: int) -> str:
    """Return the class that gives a shape the colour of the series of this number, from 0."""
    return f"s{number % len(COLOURS)}"


def right_edge(names: Sequence[str]) -> float:
    """Return where a plot ends that has these names beside it."""
    widest = min(max(len(name) * CHARACTER_WIDTH for name in names), _NAME_WIDEST)
    return round(WIDTH - RIGHT / 2 - _LEADER_WIDTH - widest, 1)


def names_beside(
    ends: Sequence[tuple[str, float, float]], right: float, top: float, bottom: float
) -> Iterator[str]:
    """Yield the series' names right of the plot, each as high as its line's end where others leave it the place.

    An end is a name and the place, x and y, where its series ends; `right` is the plot's edge. Names stand between
    `top` and `bottom` as long as there is room for them all.
    """
    heights = apart([y for _, _, y in ends], ROW_HEIGHT, top, bottom)
    letters = int(_NAME_WIDEST / CHARACTER_WIDTH)
    for number, ((name, x, y), height) in enumerate(zip(ends, heights, strict=True)):
        shown = name if len(name) <= letters else f"{name[: letters - 1]}…"
        words_x = right + _LEADER_WIDTH
        points = f"{x},{y} {right},{y} {words_x - 8:.1f},{height} {words_x - 3:.1f},{height}"
        # A style of its own wins over the colour's fill.
        yield f'<polyline class="{colour(number)} leader" style="fill: none" points="{points}"/>'
        whole = f"<title>{text(name)}</title>" if shown != name else ""
        yield f'<text x="{words_x:.1f}" y="{height + 4:.1f}">{whole}{text(shown)}</text>'


def apart(wanted: Sequence[float], gap: float, least: float, most: float) -> list[float]:
    """Return the places, at least `gap` apart, in the order of the wanted ones and near them, between least and most.

    Of equal ones the last comes first. Where they do not all fit, they begin at `least` and run over `most`.
    """
    # What is stacked grows upwards, where places are smaller.
    order = sorted(range(len(wanted)), key=lambda index: (wanted[index], -index))
    places = [0.0] * len(wanted)
    lowest = least
    for index in order:
        places[index] = lowest = max(wanted[index], lowest)
        lowest += gap
    highest = max(most, least + gap * (len(wanted) - 1))
    for index in reversed(order):
        places[index] = highest = round(min(places[index], highest), 1)
        highest -= gap
    return places
