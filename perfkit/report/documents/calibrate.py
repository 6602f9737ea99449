"""The document of calibrating: false alarms, the smallest slowdown of each case, the thresholds that suit."""

from collections.abc import Iterator
from pathlib import Path

from perfkit import units
from perfkit.calibrate.measure import CalibratedCase, Calibration
from perfkit.calibrate.power import Rate
from perfkit.calibrate.recommend import Recommendation
from perfkit.measure.model import CaseResult
from perfkit.report.document import Block, Cell, Check, Code, Document, Paragraph, State, Table, Tone

SCHEMA = "perfkit.calibrate/1"
# What a person reads; JSON has all.
CASES_SHOWN = 15


def calibrate_document(found: Calibration, *, written: Path | None = None) -> Document:
    """Return the document of a calibration; `written` is the settings file that was changed."""
    paired = found.thresholds.paired
    return Document(
        schema=SCHEMA,
        title=f"perfkit calibrate: {units.counted(found.cases, 'case')} beside themselves, {units.counted(found.rounds, 'round')}",
        blocks=tuple(_blocks(found, written)),
        checks=tuple(_check(case, found) for case in found.cases),
        data={
            "measured_at": found.analysis.measured_at,
            "rounds": found.rounds,
            "busy_ratio": round(found.busy_ratio, 2),
            "present": _settings_data(paired.ratio, paired.floor_ms, found.rate),
            "recommended": _settings_data(
                found.recommended.slowdown, found.recommended.floor_ms, found.recommended.rate
            )
            | {"holds": found.recommended.holds},
            "written": str(written) if written else "",
            "smallest_slowdown_median": _rounded(_middle(found)),
            "smallest_slowdown_worst": _rounded(_worst(found)),
            "cases": [_case_data(case) for case in found.cases],
            "not_measured": [_problem_data(result) for result in _not_measured(found)],
        },
    )


def recommended_settings(recommended: Recommendation) -> dict[str, str]:
    """Return the recommended settings by name, as they stand in perfkit.toml."""
    return {"slowdown": _percentage(recommended.slowdown), "floor": f"{recommended.floor_ms:g}ms"}


def _blocks(found: Calibration, written: Path | None) -> Iterator[Block]:
    yield Table(
        title="Where most could be lost unseen" if len(found.cases) > CASES_SHOWN else "",
        headings=("case", "median", "noise", "pairs", "smallest slowdown", "that is"),
        rows=tuple(_row(case) for case in sorted(found.cases, key=_by_time)[:CASES_SHOWN]),
        numeric=frozenset({1, 2, 3, 4, 5}),
    )
    if len(found.cases) > CASES_SHOWN:
        yield Paragraph(f"and {len(found.cases) - CASES_SHOWN} more (--format json has all)", Tone.FAINT)
    for result in _not_measured(found):
        yield Paragraph(f"{result.case.id} was not measured: {_reason(result)}", Tone.WARN)
    if found.busy_ratio >= found.thresholds.busy_ratio:
        yield Paragraph(
            f"The machine was busy, fixed work took {found.busy_ratio:.1f} times its best: on a quiet one the judge"
            " sees more.",
            Tone.WARN,
        )
    paired = found.thresholds.paired
    yield Paragraph(
        f"With slowdown {_percentage(paired.ratio)} and floor {units.format_ms(paired.floor_ms)}, as they are set,"
        f" {_rate(found.rate)} of the runs without a change raise an alarm.",
        Tone.GOOD if found.recommended.slowdown <= paired.ratio else Tone.WARN,
    )
    yield Paragraph(
        f"A slowdown of {_slowdown(_middle(found))} is found with 95 % power in half of the cases, of"
        f" {_slowdown(_worst(found))} in the worst; {_quick(found)} of {len(found.cases)} are so quick that the floor"
        " decides."
    )
    lines = "\n".join(
        f'{name} = "{value}"' for name, value in recommended_settings(found.recommended).items()
    )
    yield Code(title=f"Written to {written}" if written else "Recommended for perfkit.toml", text=lines)
    yield _verdict(found.recommended)


def _verdict(recommended: Recommendation) -> Paragraph:
    rate = f"with these, {_rate(recommended.rate)} of the runs without a change raise an alarm"
    if recommended.holds:
        return Paragraph(f"They are the smallest that keep false alarms to 1 %: {rate}.", Tone.GOOD)
    return Paragraph(
        f"The machine is too noisy to keep false alarms to 1 %: {rate}. Measure on a quieter one.", Tone.BAD
    )


def _row(case: CalibratedCase) -> tuple[Cell, ...]:
    return (
        Cell(case.pairs.case),
        Cell(units.format_ms(case.pairs.median_ms)),
        Cell(f"{case.pairs.noise * 100:.1f} %"),
        Cell(str(len(case.pairs.logs))),
        Cell(_slowdown(case.smallest_slowdown)),
        Cell("-" if case.smallest_slowdown is None else units.format_ms(_lost_ms(case))),
    )


def _check(case: CalibratedCase, found: Calibration) -> Check:
    return Check(
        id=case.pairs.case,
        group=case.pairs.case.partition("/")[0],
        state=State.PASSED if case.smallest_slowdown is not None else State.WARNING,
        message=f"{case.pairs.case}: a slowdown of {_slowdown(case.smallest_slowdown)} is found with 95 % power",
        seconds=case.pairs.median_ms / 1000 * found.rounds,
    )


def _by_time(case: CalibratedCase) -> float:
    return -_lost_ms(case)


def _lost_ms(case: CalibratedCase) -> float:
    """Return what a call may lose unseen."""
    return _or_endless(case.smallest_slowdown) * case.pairs.median_ms


def _quick(found: Calibration) -> int:
    """Return how many cases would fail for less than the floor, were it not for that."""
    paired = found.thresholds.paired
    return sum(case.pairs.median_ms * (paired.ratio - 1) < paired.floor_ms for case in found.cases)


def _or_endless(slowdown: float | None) -> float:
    return float("inf") if slowdown is None else slowdown


def _middle(found: Calibration) -> float | None:
    """Return the median of the smallest slowdowns, that of the worse case of two, None when half are never found."""
    ordered = sorted(_or_endless(case.smallest_slowdown) for case in found.cases)
    middle = ordered[len(ordered) // 2]
    return None if middle == float("inf") else middle


def _worst(found: Calibration) -> float | None:
    slowdowns = [case.smallest_slowdown for case in found.cases]
    return None if None in slowdowns else max(each for each in slowdowns if each is not None)


def _slowdown(slowdown: float | None) -> str:
    """Return "7 %", or how many times as long where that is read more easily."""
    if slowdown is None:
        return "none"
    return f"{slowdown + 1:.1f}x" if slowdown >= 1 else f"{slowdown * 100:.0f} %"


def _percentage(ratio: float) -> str:
    return f"{(ratio - 1) * 100:.6g}%"


def _rate(rate: Rate) -> str:
    return f"{rate.share * 100:.1f} % (+-{rate.margin * 100:.1f})"


def _settings_data(slowdown: float, floor_ms: float, rate: Rate) -> dict[str, object]:
    return {
        "slowdown": _percentage(slowdown),
        "floor_ms": floor_ms,
        "false_alarm_rate": round(rate.share, 4),
        "false_alarm_margin": round(rate.margin, 4),
        "runs": rate.runs,
    }


def _case_data(case: CalibratedCase) -> dict[str, object]:
    return {
        "case": case.pairs.case,
        "median_ms": round(case.pairs.median_ms, 3),
        "noise": round(case.pairs.noise, 4),
        "pairs": len(case.pairs.logs),
        "smallest_slowdown": _rounded(case.smallest_slowdown),
    }


def _rounded(slowdown: float | None) -> float | None:
    return None if slowdown is None else round(slowdown, 3)


def _not_measured(found: Calibration) -> list[CaseResult]:
    measured = {case.pairs.case for case in found.cases}
    return [result for result in found.analysis.results if result.case.id not in measured]


def _problem_data(result: CaseResult) -> dict[str, object]:
    return {"case": result.case.id, "reason": _reason(result)}


def _reason(result: CaseResult) -> str:
    return result.problem.message if result.problem else "one side has no times"
