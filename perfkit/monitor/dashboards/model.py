"""The words of dashboards: a panel, what it asks, and the selectors that a person chooses by."""

from dataclasses import dataclass
from enum import StrEnum

from perfkit.monitor import application as app
from perfkit.monitor.metrics import Family

DATABASE = 'instance=~"$instance"'
"""Of the exporters that are chosen on the page."""
APPLICATION = f'job="{app.JOB}"'

# Long enough for four scrapes, as Grafana knows how often Prometheus scrapes.
RATE = "$__rate_interval"


class Shape(StrEnum):
    """How a panel shows its series."""

    NUMBER = "number"
    LINES = "lines"
    TABLE = "table"


class Unit(StrEnum):
    """Grafana's names of units."""

    SECONDS = "s"
    BYTES = "bytes"
    SHARE = "percentunit"
    COUNT = "short"
    PER_SECOND = "ops"
    REQUESTS = "reqps"
    BLOCKS = "locale"


@dataclass(frozen=True, slots=True)
class Ask:
    """An expression, and the name of its series, in which `{{label}}` may stand."""

    expression: str
    legend: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """One panel; `width` is in the page's 24 columns.

    From `warn` on it is yellow, from `bad` on red; where `good_when_high` below them.
    """

    title: str
    about: str
    asks: tuple[Ask, ...]
    unit: Unit = Unit.COUNT
    shape: Shape = Shape.LINES
    width: int = 12
    warn: float | None = None
    bad: float | None = None
    good_when_high: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Dashboard:
    """One page; `id` is its file's name and its place in Grafana's URLs."""

    id: str
    title: str
    about: str
    panels: tuple[Panel, ...]


def of(family: Family | str, *matchers: str) -> str:
    """Return the series of the chosen exporters, matched further."""
    return f"{family}{{{','.join((DATABASE, *matchers))}}}"


def rate(series: str, window: str = RATE) -> str:
    """Return how fast counters grow, a second."""
    return f"rate({series}[{window}])"


def number(title: str, about: str, expression: str, unit: Unit = Unit.COUNT, **look: float | bool) -> Panel:
    """Return a panel of one number, a sixth of the page wide."""
    return Panel(
        title=title,
        about=about,
        asks=(Ask(expression),),
        unit=unit,
        shape=Shape.NUMBER,
        width=4,
        warn=look.get("warn"),
        bad=look.get("bad"),
        good_when_high=bool(look.get("good_when_high", False)),
    )
