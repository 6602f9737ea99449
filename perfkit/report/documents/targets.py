"""The document of the targets: each one met, missed or unknown, with its margin."""

from perfkit.bench.targets import TargetResult, TargetState
from perfkit.report.data import to_data
from perfkit.report.document import Cell, Check, Document, Paragraph, State, Table, Tone
from perfkit.units import format_figure

SCHEMA = "perfkit.targets/1"

_TONES = {TargetState.MET: Tone.GOOD, TargetState.MISSED: Tone.BAD, TargetState.UNKNOWN: Tone.WARN}
_STATES = {
    TargetState.MET: State.PASSED,
    TargetState.MISSED: State.FAILED,
    TargetState.UNKNOWN: State.SKIPPED,
}


def targets_document(results: tuple[TargetResult, ...]) -> Document:
    """Return the document of all targets, in their order."""
    counts = {state: sum(result.state is state for result in results) for state in TargetState}
    return Document(
        schema=SCHEMA,
        title=f"perfkit targets: {', '.join(f'{count} {state}' for state, count in counts.items() if count)}",
        blocks=(
            Table(
                title="",
                headings=("target", "limit", "measured", "margin", "", "when"),
                rows=tuple(map(_row, results)),
                numeric=frozenset({1, 2, 3}),
            ),
            *_unknown(results),
        ),
        checks=tuple(
            Check(id=result.target.id, group="targets", state=_STATES[result.state], message=_message(result))
            for result in results
        ),
        data={"targets": [_data(result) for result in results]},
    )


def _row(result: TargetResult) -> tuple[Cell, ...]:
    target = result.target
    return (
        Cell(target.title),
        Cell(f"{'≥' if target.more_is_better else '≤'} {format_figure(target.limit, target.unit)}"),
        Cell("" if result.value is None else format_figure(result.value, target.unit)),
        Cell("" if result.margin is None else f"{result.margin * 100:+.0f} %"),
        Cell(str(result.state), _TONES[result.state]),
        Cell(f"{result.at:%Y-%m-%d %H:%M}" if result.at else "", Tone.FAINT),
    )


def _unknown(results: tuple[TargetResult, ...]) -> tuple[Paragraph, ...]:
    """Return what is to be run for what is unknown, with the reason where something was measured."""
    unknown = [result for result in results if result.state is TargetState.UNKNOWN]
    if not unknown:
        return ()
    begun = [f"{each.target.title}: {each.unknown_as}." for each in unknown if each.at]
    commands = "; ".join(dict.fromkeys(each.target.command for each in unknown))
    return (Paragraph(" ".join([*begun, f"What is unknown is measured by: {commands}"]), Tone.WARN),)


def _message(result: TargetResult) -> str:
    target = result.target
    limit = f"{'at least' if target.more_is_better else 'at most'} {format_figure(target.limit, target.unit)}"
    if result.value is None:
        return f"{target.title}: {result.unknown_as}, {limit} is wanted; measure it: {target.command}"
    return f"{target.title}: {format_figure(result.value, target.unit)}, {limit} is wanted"


def _data(result: TargetResult) -> dict[str, object]:
    target = result.target
    return {
        "id": target.id,
        "title": target.title,
        "state": str(result.state),
        "unit": target.unit,
        "limit": target.limit,
        "more_is_better": target.more_is_better,
        "value": result.value,
        "margin": result.margin,
        "unknown_as": result.unknown_as,
        "measured_at": to_data(result.at),
        "server": result.server,
        "command": target.command,
    }
