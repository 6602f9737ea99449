"""The document of the history: every case over its runs, what drifted and since when, a plot of the first of them."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from perfkit.history.drift import CaseHistory, Direction, Histories, Level, Trend
from perfkit.history.series import Point
from perfkit.report.data import to_data
from perfkit.report.document import (
    Block,
    Cell,
    Check,
    Document,
    Item,
    Listing,
    Paragraph,
    Picture,
    State,
    Table,
    Tone,
)
from perfkit.report.plot import Dot, Panel, Step, plot
from perfkit.report.sparkline import sparkline
from perfkit.units import counted, format_count, format_ms

SCHEMA = "perfkit.history.show/1"
PANELS_SHOWN = 6
# A page with more folds them.
RUNS_SHOWN = 20

_TONES = {Direction.WORSE: Tone.BAD, Direction.BETTER: Tone.GOOD, Direction.STEADY: Tone.FAINT}
_REVISION_DIGITS = 7  # as `git log --oneline` has them


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryView:
    """How a history is told: from which file, how many runs were read, what a sparkline is drawn with, whether drift fails."""

    path: Path
    runs: int
    ramp: str
    drift_fails: bool


def history_document(histories: Histories, view: HistoryView) -> Document:
    """Return the document of the cases' histories, at least one."""
    return Document(
        schema=SCHEMA,
        title=f"perfkit history: {counted(len(histories.cases), 'case')} in {counted(view.runs, 'run')}",
        blocks=tuple(_blocks(histories, view)),
        checks=tuple(_check(case, histories, view) for case in histories.cases),
        data={
            "path": str(view.path),
            "runs": view.runs,
            "drifted": bool(histories.going(Direction.WORSE)),
            "sessions": histories.sessions,
            "sessions_needed": histories.sessions_needed,
            "machine_suspected": histories.machine_suspected,
            "cases": [_data(case) for case in histories.cases],
        },
    )


def _blocks(histories: Histories, view: HistoryView) -> Iterator[Block]:
    yield _overview(histories, view)
    yield Picture(title="", svg=history_plot(histories))
    yield from _changes(histories)
    if len(histories.cases) == 1:
        yield _runs(histories.cases[0])
    yield from _notes(histories)
    yield _summary(histories)


def _overview(histories: Histories, view: HistoryView) -> Table:
    return Table(
        title="",
        headings=("case", "runs", "first", "last", "trend", "change"),
        rows=tuple(
            (
                Cell(case.series.case),
                Cell(str(len(case.series.points))),
                Cell(format_ms(case.series.points[0].time_ms)),
                Cell(format_ms(case.series.points[-1].time_ms)),
                Cell(sparkline([point.time_ms for point in case.series.points], view.ramp)),
                Cell(_size(case), _TONES[case.direction]),
            )
            for case in histories.cases
        ),
        numeric=frozenset({1, 2, 3}),
    )


def _changes(histories: Histories) -> Iterator[Listing]:
    """Yield the cases that changed, with the size of the change and since when."""
    items = tuple(
        Item(heading=f"{case.series.case}: {_change(case)}", lines=(), tone=_TONES[case.direction])
        for case in histories.cases
        if case.direction is not Direction.STEADY
    )
    if items:
        yield Listing(title="Changed", items=items)


def _runs(case: CaseHistory) -> Table:
    """Return every run of the case, with the levels that begin at it."""
    points = case.series.points
    adjusted = any(point.time_ms != point.median_ms for point in points)
    headings = ["run", "revision", "command", "median", "blocks", "rows", "plan", "verdict", "level"]
    rows = []
    for place, point in enumerate(points):
        cells = [
            f"{point.at:%Y-%m-%d %H:%M}",
            point.revision[:_REVISION_DIGITS],
            point.command,
            format_ms(point.median_ms),
            format_count(point.blocks),
            format_count(point.rows),
            point.shape[:_REVISION_DIGITS],
            point.verdict,
            _levels_from(case, place),
        ]
        if adjusted:
            cells.insert(4, format_ms(point.time_ms))
        rows.append(tuple(map(Cell, cells)))
    if adjusted:
        headings.insert(4, "as now")
    numeric = {3, 4, 5, 6} if adjusted else {3, 4, 5}
    return Table(
        title="Runs",
        headings=tuple(headings),
        rows=tuple(rows),
        numeric=frozenset(numeric),
        detail=len(points) > RUNS_SHOWN,
    )


def _levels_from(case: CaseHistory, place: int) -> str:
    time = [format_ms(level.value) for level in case.time.levels if level.start == place]
    blocks = [f"{format_count(level.value)} blocks" for level in case.blocks.levels if level.start == place]
    return ", ".join(time + blocks)


def _notes(histories: Histories) -> Iterator[Paragraph]:
    if histories.machine_suspected:
        yield Paragraph(
            "Most cases became slower together without touching more blocks: look at the machine and the server's "
            "settings before the queries.",
            Tone.WARN,
        )
    if left_out := sum(case.series.left_out for case in histories.cases):
        yield Paragraph(
            f"Left out: {counted(left_out, 'earlier run')} of a case with another SQL text, other parameters, "
            "another database or another major version.",
            Tone.FAINT,
        )


def _summary(histories: Histories) -> Paragraph:
    worse, better = len(histories.going(Direction.WORSE)), len(histories.going(Direction.BETTER))
    improved = f"; {better} improved" if better else ""
    if worse:
        return Paragraph(
            f"Drift: {worse} of {counted(len(histories.cases), 'case')} slower or doing more work{improved}.",
            Tone.BAD,
        )
    if histories.sessions < histories.sessions_needed:
        return Paragraph(
            f"Too early to tell drift: {counted(histories.sessions, 'session')} of the "
            f"{histories.sessions_needed} that it takes (runs within 12 hours are one){improved}.",
            Tone.WARN,
        )
    if short := len(histories.too_short):
        return Paragraph(
            f"No drift{improved}; of {short} of {counted(len(histories.cases), 'case')} it is too early to tell: they have "
            f"fewer than {histories.sessions_needed} sessions.",
            Tone.WARN,
        )
    return Paragraph(f"No drift{improved}.", Tone.GOOD)


def _size(case: CaseHistory) -> str:
    """Return how much changed, for a table: "+18 %", "+30 % blocks"."""
    trend, unit = next(iter(_changed(case)), (None, ""))
    return f"{format_change(trend.ratio)}{unit}" if trend else ""


def _change(case: CaseHistory) -> str:
    """Return what changed and since when: "+18 % since 2026-11-02 (a1b2c3d)"."""
    return "; ".join(_trend(case.series.points, trend, unit) for trend, unit in _changed(case))


def _changed(case: CaseHistory) -> list[tuple[Trend, str]]:
    """Return the trends that are not steady with what they count, the one that went the case's way first."""
    trends = [(case.time, ""), (case.blocks, " blocks")]
    changed = [(trend, unit) for trend, unit in trends if trend.direction is not Direction.STEADY]
    return sorted(changed, key=lambda each: each[0].direction is not case.direction)


def _trend(points: tuple[Point, ...], trend: Trend, unit: str) -> str:
    began = points[trend.since]
    steps = trend.levels.index(trend.now) - trend.levels.index(trend.reference)
    revision = f" ({began.revision[:_REVISION_DIGITS]})" if began.revision else ""
    stepwise = f" in {steps} steps" if steps > 1 else ""
    return f"{format_change(trend.ratio)}{unit}{stepwise} since {began.at:%Y-%m-%d}{revision}"


def format_change(ratio: float) -> str:
    """Return how much more or less: "+18 %", "-40 %", and from 10 times on "12x"."""
    return f"{ratio:,.0f}x" if ratio >= 10 else f"{(ratio - 1) * 100:+.0f} %"


def _check(case: CaseHistory, histories: Histories, view: HistoryView) -> Check:
    untold = case.direction is Direction.STEADY and case.sessions < histories.sessions_needed
    return Check(
        id=case.series.case,
        group=case.series.case.partition("/")[0],
        state=State.SKIPPED if untold else _state(case, view),
        message=_change(case) or ("too few sessions to tell" if untold else "no drift"),
        seconds=case.series.points[-1].median_ms / 1000,
    )


def _state(case: CaseHistory, view: HistoryView) -> State:
    if case.direction is not Direction.WORSE:
        return State.PASSED
    return State.FAILED if view.drift_fails else State.WARNING


def _data(case: CaseHistory) -> dict[str, object]:
    series = case.series
    return {
        "case": series.case,
        "weight": series.weight,
        "sessions": case.sessions,
        "direction": str(case.direction),
        "time": _trend_data(case.time, series.points, "_ms"),
        "blocks": _trend_data(case.blocks, series.points, ""),
        "left_out": series.left_out,
        "runs": to_data(series.points),
    }


def _trend_data(trend: Trend, points: tuple[Point, ...], unit: str) -> dict[str, object]:
    return {
        "direction": str(trend.direction),
        "ratio": trend.ratio,
        "levels": [
            {
                "since": points[level.start].at,
                "revision": points[level.start].revision,
                f"median{unit}": level.value,
            }
            for level in trend.levels
        ],
    }


def history_plot(histories: Histories) -> str:
    """Return the SVG of the first few that changed, else of the first few: of a single case both time and blocks."""
    single = len(histories.cases) == 1
    changed = tuple(case for case in histories.cases if case.direction is not Direction.STEADY)
    shown = (changed or histories.cases)[:PANELS_SHOWN]
    panels: list[Panel] = []
    for case in shown:
        by_blocks = case.time.direction is Direction.STEADY and case.blocks.direction is not Direction.STEADY
        if single or not by_blocks:
            panels.append(_panel(case, case.time, "time", "ms"))
        if single or by_blocks:
            panels.append(_panel(case, case.blocks, "blocks", ""))
    return plot(f"perfkit history: {', '.join(case.series.case for case in shown)}", panels)


def _panel(case: CaseHistory, trend: Trend, what: str, unit: str) -> Panel:
    points = case.series.points
    ends = [*(level.start for level in trend.levels[1:]), len(points) - 1]
    steps = []
    for place, (level, end) in enumerate(zip(trend.levels, ends, strict=True)):
        mark = _mark(points[level.start], trend.levels[place - 1], level) if place else ""
        steps.append(Step(start=points[level.start].at, end=points[end].at, value=level.value, mark=mark))
    return Panel(
        title=f"{case.series.case}: {what}",
        unit=unit,
        dots=tuple(
            Dot(point.at, value, _dot_label(point))
            for point in points
            for value in (point.time_ms if unit else float(point.blocks),)
        ),
        steps=tuple(steps),
    )


def _mark(point: Point, before: Level, level: Level) -> str:
    ratio = level.value / before.value if before.value else 1.0
    return " ".join(filter(None, (format_change(ratio), point.revision[:_REVISION_DIGITS])))


def _dot_label(point: Point) -> str:
    parts = (
        f"{point.at:%Y-%m-%d %H:%M} UTC",
        point.revision[:_REVISION_DIGITS],
        format_ms(point.median_ms),
        f"{format_count(point.blocks)} blocks",
        f"{format_count(point.rows)} rows",
    )
    return ", ".join(filter(None, parts))
