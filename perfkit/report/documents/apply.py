"""The document of an apply: what it would do and how that is taken back, or what became of each step."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path
from typing import Any

from perfkit import units
from perfkit.apply.carry_out import Outcome, Result
from perfkit.apply.journal import Run
from perfkit.apply.refusals import Refusal
from perfkit.apply.state import Name, Place
from perfkit.apply.steps import LOCKING, Action, Step, Steps
from perfkit.indexes.verify import Verified
from perfkit.report.data import to_data
from perfkit.report.document import (
    Block,
    Cell,
    Check,
    Code,
    Document,
    Item,
    Listing,
    Paragraph,
    State,
    Table,
    Tone,
)
from perfkit.report.documents.verified import kept_blocks, measured_blocks, rejected_blocks, verified_data

SCHEMA = "perfkit.apply/1"
# Of the statements alike that a partitioned table needs; JSON and the journal have all.
_ALIKE_SHOWN = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """What an apply is about to do: its steps, and those that take them back unless it is an undo or goes on.

    `needed_bytes` is how large the indexes will be at most; `free_bytes` is None when nobody knows, `verified` when
    nothing was measured.
    """

    run: Run
    place: Place
    steps: Steps
    notes: tuple[str, ...]
    refusals: tuple[Refusal, ...]
    needed_bytes: int
    free_bytes: int | None
    verified: Verified | None = None


def outlook_document(outlook: Outlook) -> Document:
    """Return the document of a dry run."""
    return Document(
        schema=SCHEMA,
        title=f"perfkit apply (dry run): {_told(outlook)}",
        blocks=(*_outlook_blocks(outlook), replace(_next(outlook), is_result=True)),
        checks=tuple(
            Check(
                id=f"refusal {number}",
                group="apply",
                state=State.FAILED,
                message=each.message,
                detail=each.hint,
            )
            for number, each in enumerate(outlook.refusals, start=1)
        ),
        data=_data(outlook, dry_run=True, journal=None, results=()),
    )


def applied_document(outlook: Outlook, results: Sequence[Result], journal: Path | None) -> Document:
    """Return the document of what was done; `journal` is None when nothing had to be."""
    table = Table(
        title="",
        headings=("step", "outcome", "time"),
        rows=tuple(_rows(results)),
        numeric=frozenset({2}),
    )
    return Document(
        schema=SCHEMA,
        title=f"perfkit apply: {_told(outlook)}",
        blocks=(
            *_proof_blocks(outlook),
            *(Paragraph(note, Tone.FAINT) for note in outlook.notes),
            *((table,) if results else ()),
            *_end(outlook, journal),
        ),
        checks=tuple(
            Check(
                id=result.step.statement,
                group="apply",
                state=State.SKIPPED if result.outcome is Outcome.SKIPPED else State.PASSED,
                message=f"{result.step.statement}: {result.outcome}",
                seconds=result.duration_ms / 1000,
            )
            for result in results
        ),
        data=_data(outlook, dry_run=False, journal=journal, results=results),
    )


def _told(outlook: Outlook) -> str:
    """Return what is done, in a few words: "2 indexes to create, 1 to drop" on which database."""
    if outlook.run is Run.UNDO:
        return f"undo on {outlook.place.database}"
    actions = Counter(step.action for step in outlook.steps.do if step.whole is None)
    created = actions[Action.CREATE] + actions[Action.CREATE_PARENT]
    dropped = actions[Action.DROP] + actions[Action.DROP_PARENT]
    told = [f"{count} {what}" for count, what in ((created, "to create"), (dropped, "to drop")) if count]
    nothing = "it would not start" if outlook.refusals else "nothing to do"
    return f"indexes on {outlook.place.database}: {', '.join(told) or nothing}"


def _proof_blocks(outlook: Outlook) -> Iterator[Block]:
    if outlook.verified:
        yield from kept_blocks(outlook.verified)
        yield from rejected_blocks(outlook.verified)
        yield from measured_blocks(outlook.verified)


def _outlook_blocks(outlook: Outlook) -> Iterator[Block]:
    yield from _proof_blocks(outlook)
    if outlook.steps.do:
        yield Code(title="Do" if outlook.run is Run.DO else "Undo", text=_script(outlook.steps.do))
    if outlook.steps.undo:
        yield Code(title="Undo", text=_script(outlook.steps.undo))
    for note in (*outlook.notes, *_locking(outlook)):
        yield Paragraph(f"note: {note}")
    if outlook.needed_bytes:
        yield Paragraph(_space(outlook))
    if outlook.refusals:
        items = tuple(
            Item(
                heading=each.message,
                lines=(Paragraph(f"to do: {each.hint}"),) if each.hint else (),
                tone=Tone.BAD,
            )
            for each in outlook.refusals
        )
        yield Listing(title="It would not start", items=items)


def _locking(outlook: Outlook) -> Iterator[str]:
    if count := sum(step.action in LOCKING for step in outlook.steps.do):
        statements = (
            "1 statement locks its table" if count == 1 else f"{count} statements lock their tables, each"
        )
        yield f"{statements} for less than a second: without its locks it soon gives up, and tries again"


def _script(steps: Sequence[Step]) -> str:
    """Return the statements, of the many alike that a partitioned table needs only the first few."""
    lines: list[str] = []
    for _, alike in groupby(steps, key=_kind):
        members = list(alike)
        shown = members if len(members) <= _ALIKE_SHOWN or not members[0].whole else members[:_ALIKE_SHOWN]
        lines += [f"{step.statement};" for step in shown]
        if more := len(members) - len(shown):
            lines.append(f"-- and {more} more like this, one a partition (--format json has all)")
    return "\n".join(lines)


def _kind(step: Step) -> tuple[Action, Name | None]:
    return step.action, step.whole


def _space(outlook: Outlook) -> str:
    needed = units.format_bytes(outlook.needed_bytes)
    free = (
        "unknown, as the server does not tell it"
        if outlook.free_bytes is None
        else units.format_bytes(outlook.free_bytes)
    )
    return (
        f"space: at most about {needed} of indexes, and as much as the largest again while it is built;"
        f" free on the server's disk: {free}"
    )


def _next(outlook: Outlook) -> Paragraph:
    if outlook.refusals:
        return Paragraph("Nothing was changed.", Tone.BAD)
    if not outlook.steps.do:
        return Paragraph("There is nothing to do.", Tone.GOOD)
    return Paragraph("Nothing was changed. The same command with --yes does it.", Tone.GOOD)


def _rows(results: Sequence[Result]) -> Iterator[tuple[Cell, ...]]:
    """Yield a row a step, and one for all further steps alike on the partitions of a table."""
    for _, alike in groupby(results, key=lambda result: (*_kind(result.step), result.outcome)):
        members = list(alike)
        shown = members if len(members) <= _ALIKE_SHOWN or not members[0].step.whole else members[:1]
        for result in shown:
            yield _row(result.step.statement, result.outcome, result.duration_ms)
        if rest := members[len(shown) :]:
            text = f"and {len(rest)} more like this, one a partition"
            yield _row(text, rest[0].outcome, sum(result.duration_ms for result in rest))


def _row(text: str, outcome: Outcome, duration_ms: float) -> tuple[Cell, ...]:
    tone = Tone.WARN if outcome is Outcome.SKIPPED else Tone.PLAIN
    return Cell(text), Cell(outcome, tone), Cell(units.format_ms(duration_ms))


def _end(outlook: Outlook, journal: Path | None) -> Iterator[Paragraph]:
    if journal is None:
        yield Paragraph("There was nothing to do.", Tone.GOOD)
    elif outlook.run is Run.UNDO:
        yield Paragraph("All of it is taken back.", Tone.GOOD)
    else:
        yield Paragraph(f"Applied. To take it back: perfkit apply --undo {journal} --yes", Tone.GOOD)


def _data(
    outlook: Outlook, *, dry_run: bool, journal: Path | None, results: Sequence[Result]
) -> dict[str, Any]:
    return {
        "dry_run": dry_run,
        "run": str(outlook.run),
        "database": outlook.place.database,
        "steps": [_step(step) for step in outlook.steps.do],
        "undo": [_step(step) for step in outlook.steps.undo],
        "verified": verified_data(outlook.verified) if outlook.verified else None,
        "notes": list(outlook.notes),
        "refusals": to_data(outlook.refusals),
        "needed_bytes": outlook.needed_bytes,
        "free_bytes": outlook.free_bytes,
        "journal": str(journal) if journal else None,
        "results": [
            _step(result.step) | {"outcome": str(result.outcome), "duration_ms": round(result.duration_ms, 1)}
            for result in results
        ],
    }


def _step(step: Step) -> dict[str, Any]:
    return {"action": str(step.action), "statement": step.statement, "locks": step.action in LOCKING}
