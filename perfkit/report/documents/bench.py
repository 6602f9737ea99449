"""What the documents of all benches share: a figure's row and data; and the document that judges them."""

from collections.abc import Iterable

from perfkit import units
from perfkit.bench.judge import FigureVerdict, Outcome
from perfkit.bench.result import BenchResult, Figure
from perfkit.report.data import to_data
from perfkit.report.document import Cell, Check, Document, Paragraph, State, Table, Tone

REGRESS_SCHEMA = "perfkit.regress.benches/1"

_TONES = {
    Outcome.BETTER: Tone.GOOD,
    Outcome.WORSE: Tone.BAD,
    Outcome.UNCLEAR: Tone.WARN,
    Outcome.NOT_COMPARABLE: Tone.WARN,
    Outcome.MISSING: Tone.WARN,
}
_STATES = {
    Outcome.WORSE: State.FAILED,
    Outcome.UNCLEAR: State.WARNING,
    Outcome.NEW: State.SKIPPED,
    Outcome.MISSING: State.SKIPPED,
    Outcome.NOT_COMPARABLE: State.SKIPPED,
}


def result_data(result: BenchResult) -> dict[str, object]:
    """Return what the JSON of every bench has: when, where, how, and the figures with their samples."""
    return {
        "bench": result.bench,
        "measured_at": result.at,
        "environment": to_data(result.environment),
        "options": dict(result.options),
        "figures": [_figure_data(figure) for figure in result.figures.values()],
    }


def benches_document(verdicts: tuple[FigureVerdict, ...], *, against: str) -> Document:
    """Return the document of benches that were judged against a baseline."""
    worse = sum(verdict.outcome is Outcome.WORSE for verdict in verdicts)
    return Document(
        schema=REGRESS_SCHEMA,
        title=f"perfkit regress: benches against {against}: {f'{worse} worse' if worse else 'none is worse'}",
        blocks=(
            Table(
                title="",
                headings=("figure", "before", "now", "now / before", "interval", ""),
                rows=tuple(map(_row, verdicts)),
                numeric=frozenset({1, 2, 3}),
            ),
            *(Paragraph(reason, Tone.WARN) for reason in _reasons(verdicts)),
        ),
        checks=tuple(
            Check(
                id=verdict.id,
                group=verdict.bench,
                state=_STATES.get(verdict.outcome, State.PASSED),
                message=_message(verdict),
            )
            for verdict in verdicts
        ),
        data={"against": against, "figures": [to_data(verdict) for verdict in verdicts]},
    )


def _figure_data(figure: Figure) -> dict[str, object]:
    low, high = figure.spread
    return {
        "id": figure.id,
        "unit": figure.unit,
        "kind": str(figure.kind),
        "median": figure.median,
        "least": low,
        "largest": high,
        "samples": list(figure.samples),
    }


def _row(verdict: FigureVerdict) -> tuple[Cell, ...]:
    interval = (
        f"{verdict.low:.2f} to {verdict.high:.2f}"
        if verdict.low is not None and verdict.high is not None
        else ""
    )
    return (
        Cell(verdict.id),
        Cell(_value(verdict.before, verdict.unit)),
        Cell(_value(verdict.now, verdict.unit)),
        Cell("" if verdict.ratio is None else f"{verdict.ratio:.2f}"),
        Cell(interval, Tone.FAINT),
        Cell(str(verdict.outcome), _TONES.get(verdict.outcome, Tone.PLAIN)),
    )


def _reasons(verdicts: Iterable[FigureVerdict]) -> Iterable[str]:
    """Yield, once a bench, why it could not be compared."""
    yield from dict.fromkeys(f"{verdict.bench}: {verdict.reason}" for verdict in verdicts if verdict.reason)


def _message(verdict: FigureVerdict) -> str:
    values = f"{_value(verdict.before, verdict.unit) or 'unknown'} before, {_value(verdict.now, verdict.unit) or 'unknown'} now"
    return f"{verdict.id}: {verdict.outcome}: {verdict.reason or values}"


def _value(value: float | None, unit: str) -> str:
    return "" if value is None else units.format_figure(value, unit)
