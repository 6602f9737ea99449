"""The document of a judgement: what failed and why, what is for review, what improved, what was not judged."""

from collections import Counter
from collections.abc import Iterator

from perfkit.baseline.verdict import Cause, Gate, Judgement, Verdict, VerdictKind
from perfkit.measure.model import Analysis, CaseResult
from perfkit.report.data import to_data
from perfkit.report.document import Block, Check, Code, Document, Item, Listing, Paragraph, State, Tone

SCHEMA = "perfkit.regress/1"
# Of the cases that were not judged, all for the same reason as a rule, so many are named.
_UNJUDGED_SHOWN = 10

_STATES = {
    Gate.PASSED: State.PASSED,
    Gate.WARNING: State.WARNING,
    Gate.FAILED: State.FAILED,
    Gate.ERROR: State.ERROR,
    Gate.SKIPPED: State.SKIPPED,
}
_TONES = {
    Gate.PASSED: Tone.GOOD,
    Gate.WARNING: Tone.WARN,
    Gate.FAILED: Tone.BAD,
    Gate.ERROR: Tone.BAD,
    Gate.SKIPPED: Tone.FAINT,
}


def regress_document(judgement: Judgement, analysis: Analysis, *, name: str) -> Document:
    """Return the document of a judgement against the baseline `name`."""
    results = {result.case.id: result for result in analysis.results}
    return Document(
        schema=SCHEMA,
        title=f"perfkit regress: {len(judgement.verdicts)} cases against the baseline {name}",
        blocks=tuple(_blocks(judgement)),
        checks=tuple(_check(verdict, results.get(verdict.id)) for verdict in judgement.verdicts),
        data={
            "baseline": name,
            "measured_at": analysis.measured_at,
            "failed": judgement.failed,
            "counts": {str(kind): count for kind, count in _counts(judgement).items()},
            "verdicts": [_verdict_data(verdict) for verdict in judgement.verdicts],
        },
    )


def _counts(judgement: Judgement) -> Counter[VerdictKind]:
    return Counter(verdict.kind for verdict in judgement.verdicts)


def _blocks(judgement: Judgement) -> Iterator[Block]:
    yield from _listed("Regressions", judgement.with_gate(Gate.FAILED, Gate.ERROR))
    yield from _listed("For review", judgement.with_gate(Gate.WARNING))
    yield from _listed("Improved", tuple(v for v in judgement.with_gate(Gate.PASSED) if _improved(v)))
    yield from _listed("Not judged", judgement.with_gate(Gate.SKIPPED), shown=_UNJUDGED_SHOWN)
    yield _summary(judgement)


def _improved(verdict: Verdict) -> bool:
    return verdict.kind is VerdictKind.LESS_WORK or verdict.cause is Cause.IMPROVED


def _listed(title: str, verdicts: tuple[Verdict, ...], *, shown: int | None = None) -> Iterator[Block]:
    if not verdicts:
        return
    items = [
        Item(
            heading=verdict.message,
            lines=(Paragraph(f"to do: {verdict.hint}"),) if verdict.hint else (),
            tone=_TONES[verdict.gate],
        )
        for verdict in verdicts[:shown]
    ]
    if len(verdicts) > len(items):
        items.append(
            Item(
                heading=f"and {len(verdicts) - len(items)} more (--format json has all)",
                lines=(),
                tone=Tone.FAINT,
            )
        )
    yield Listing(title=title, items=tuple(items))
    for verdict in verdicts[:shown]:
        if verdict.diff:
            yield Code(title=f"Plan of {verdict.id}", text=verdict.diff)


def _summary(judgement: Judgement) -> Paragraph:
    counted = ", ".join(f"{count} {kind}" for kind, count in _counts(judgement).most_common())
    if judgement.failed:
        failed = len(judgement.with_gate(Gate.FAILED, Gate.ERROR))
        return Paragraph(
            f"Regression: {failed} of {len(judgement.verdicts)} cases failed ({counted}).", Tone.BAD
        )
    if judgement.nothing_compared:
        return Paragraph(f"Nothing was compared ({counted}).", Tone.BAD)
    return Paragraph(f"No regression ({counted}).", Tone.GOOD)


def _check(verdict: Verdict, result: CaseResult | None) -> Check:
    return Check(
        id=verdict.id,
        group=verdict.query,
        state=_STATES[verdict.gate],
        message=verdict.message,
        detail="\n".join(part for part in (verdict.hint, verdict.diff) if part),
        path=str(result.query.path) if result else "",
        line=result.query.line if result else 0,
        seconds=sum(result.runs.execution_ms) / 1000 if result and result.runs else 0.0,
    )


def _verdict_data(verdict: Verdict) -> dict[str, object]:
    data: dict[str, object] = to_data(verdict)
    return data
