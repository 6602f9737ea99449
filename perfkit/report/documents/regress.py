"""The document of a judgement: what failed and why, what is for review, what improved, what was not judged."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import zip_longest

from perfkit import units
from perfkit.baseline.trial import Trial
from perfkit.baseline.verdict import Cause, Gate, Judgement, Verdict, VerdictKind
from perfkit.report.data import to_data
from perfkit.report.document import Block, Check, Code, Document, Item, Listing, Paragraph, State, Tone

SCHEMA = "perfkit.regress/1"
# What a person reads; JSON has all.
CASES_SHOWN = 10
DIFFS_SHOWN = 3
LEAST_IMPACT_MS = 1.0

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
# The verbs of what is said of one case, said of several.
_PLURALS = {"was": "were", "is": "are", "has": "have"}


def regress_document(trial: Trial, *, against: str, notes: tuple[str, ...] = ()) -> Document:
    """Return the document of a trial; `against` says what the cases were held against, `notes` how."""
    places = {
        result.case.id: Place(
            path=str(result.query.path),
            line=result.query.line,
            seconds=sum(result.runs.execution_ms) / 1000 if result.runs else 0.0,
        )
        for result in trial.analysis.results
    }
    at, again = trial.analysis.measured_at, trial.looked_again
    return judgement_document(
        trial.judgement, places, against=against, notes=notes, measured_at=at, looked_again=again
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a case's query stands, and how long the case ran."""

    path: str
    line: int
    seconds: float = 0.0


def judgement_document(
    judgement: Judgement,
    places: Mapping[str, Place],
    *,
    against: str,
    notes: tuple[str, ...],
    measured_at: datetime,
    looked_again: int = 0,
) -> Document:
    """Return the document of a judgement; `places` by the ids of its cases."""
    told = (*notes, *judgement.notes)
    return Document(
        schema=SCHEMA,
        title=f"perfkit regress: {units.counted(judgement.verdicts, 'case')} against {against}",
        blocks=(*(Paragraph(note, Tone.FAINT) for note in told), *_blocks(judgement)),
        checks=tuple(_check(verdict, places.get(verdict.id)) for verdict in judgement.verdicts),
        data={
            "against": against,
            "notes": told,
            "looked_again": looked_again,
            "measured_at": measured_at,
            "failed": judgement.failed,
            "counts": {str(kind): count for kind, count in _counts(judgement).items()},
            "verdicts": to_data(judgement.verdicts),
        },
    )


def _counts(judgement: Judgement) -> Counter[VerdictKind]:
    return Counter(verdict.kind for verdict in judgement.verdicts)


def _blocks(judgement: Judgement) -> Iterator[Block]:
    failed, review = judgement.with_gate(Gate.FAILED, Gate.ERROR), judgement.with_gate(Gate.WARNING)
    improved = tuple(verdict for verdict in judgement.with_gate(Gate.PASSED) if _improved(verdict))
    for title, verdicts in (
        ("Regressions", failed),
        ("For review", review),
        ("Improved", improved),
    ):
        yield from _listed(title, verdicts)
    yield from _not_judged(judgement.with_gate(Gate.SKIPPED))
    yield from _diffs(failed or review)
    yield _summary(judgement)


def _not_judged(verdicts: tuple[Verdict, ...]) -> Iterator[Listing]:
    """Yield the verdicts without a judgement, each reason once with all cases that have it."""
    groups: dict[tuple[str, str], list[Verdict]] = {}
    for verdict in verdicts:
        groups.setdefault((verdict.message.removeprefix(verdict.id), verdict.hint), []).append(verdict)
    items = [
        Item(
            heading=_together(group, reason),
            lines=(Paragraph(f"to do: {hint}"),) if hint else (),
            tone=_TONES[Gate.SKIPPED],
        )
        for (reason, hint), group in list(groups.items())[:CASES_SHOWN]
    ]
    if more := sum(map(len, list(groups.values())[CASES_SHOWN:])):
        items.append(_more(more))
    if items:
        yield Listing(title="Not judged", items=tuple(items))


def _more(cases: int) -> Item:
    return Item(heading=f"and {cases} more (--format json has all)", lines=(), tone=Tone.FAINT)


def _together(group: list[Verdict], reason: str) -> str:
    if len(group) == 1:
        return group[0].message
    queries = list(dict.fromkeys(verdict.query for verdict in group))
    names = ", ".join(queries[:CASES_SHOWN]) + (" …" if len(queries) > CASES_SHOWN else "")
    verb, _, rest = reason.strip().partition(" ")
    return f"{units.counted(group, 'case')} of {names} {_PLURALS.get(verb, verb)} {rest}"


def _improved(verdict: Verdict) -> bool:
    return verdict.kind is VerdictKind.LESS_WORK or verdict.cause is Cause.IMPROVED


def _listed(title: str, unranked: tuple[Verdict, ...]) -> Iterator[Listing]:
    """Yield the verdicts, those of the most impact first, each with what to do, once for several in a row."""
    if not unranked:
        return
    verdicts = sorted(unranked, key=lambda verdict: -abs(verdict.impact_ms_per_minute))
    items: list[Item] = []
    for verdict, following in zip_longest(verdicts[:CASES_SHOWN], verdicts[1:CASES_SHOWN]):
        to_do = verdict.hint if following is None or following.hint != verdict.hint else ""
        lines = (*_impact(verdict), *((Paragraph(f"to do: {to_do}"),) if to_do else ()))
        items.append(Item(heading=verdict.message, lines=lines, tone=_TONES[verdict.gate]))
    if more := len(verdicts) - len(items):
        items.append(_more(more))
    yield Listing(title=title, items=tuple(items))


def _impact(verdict: Verdict) -> Iterator[Paragraph]:
    """Yield what the change costs or saves, where that is felt."""
    impact_ms = verdict.impact_ms_per_minute
    if abs(impact_ms) >= LEAST_IMPACT_MS:
        word = "costs" if impact_ms > 0 else "saves"
        yield Paragraph(f"{word} {units.format_ms(abs(impact_ms))} of database time a minute", Tone.FAINT)


def _diffs(verdicts: tuple[Verdict, ...]) -> Iterator[Code]:
    """Yield the first few plan diffs, one that several cases share once."""
    cases: dict[str, list[str]] = {}
    for verdict in verdicts:
        if verdict.diff:
            cases.setdefault(verdict.diff, []).append(verdict.id)
    for diff, ids in list(cases.items())[:DIFFS_SHOWN]:
        others = f" and {len(ids) - 1} more" if len(ids) > 1 else ""
        yield Code(title=f"Plan of {ids[0]}{others}", text=diff)


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


def _check(verdict: Verdict, place: Place | None) -> Check:
    return Check(
        id=verdict.id,
        group=verdict.query,
        state=_STATES[verdict.gate],
        message=verdict.message,
        detail="\n".join(part for part in (verdict.hint, verdict.diff) if part),
        path=place.path if place else "",
        line=place.line if place else 0,
        seconds=place.seconds if place else 0.0,
    )
