"""The document of the index advice: what to create and to drop, what it is worth, and what was left out and why."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from perfkit.indexes.advise import Advice
from perfkit.indexes.drops import Drop
from perfkit.indexes.selection import CaseEffect, ChosenIndex
from perfkit.indexes.verify import Rejected, Verified
from perfkit.names import quote_name
from perfkit.report.data import to_data
from perfkit.report.document import Block, Cell, Document, Item, Listing, Paragraph, Table, Tone
from perfkit.units import format_bytes, format_count, format_ms, format_share

SCHEMA = "perfkit.suggest/1"
_CASES_SHOWN = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class SuggestView:
    """What else is told: what the twin lacks, and how long the search took."""

    notes: tuple[str, ...]
    search_ms: float


def suggest_document(advice: Advice, view: SuggestView, verified: Verified | None = None) -> Document:
    """Return the document of the advice; of its indexes only those that were kept when it was `verified`."""
    selection = advice.selection
    return Document(
        schema=SCHEMA,
        title="perfkit suggest",
        blocks=tuple(_blocks(advice, view, verified)),
        checks=(),
        data={
            "create": [_created(advice, index) for index in _left(advice, verified)],
            "drop": [to_data(drop) | {"statement": drop_statement(drop)} for drop in advice.drops.drops],
            "kept": to_data(advice.drops.kept),
            "without_index": to_data(selection.without_index),
            "before_ms_per_minute": selection.before_ms,
            "after_ms_per_minute": selection.after_ms,
            "write_ms_per_minute": selection.write_ms,
            "size_bytes": selection.size_bytes,
            "candidates": selection.candidates,
            "plans": selection.plans,
            "complete": selection.complete,
            "verified": to_data(verified) if verified else None,
            "notes": [*_notes(advice, view)],
        },
    )


def _left(advice: Advice, verified: Verified | None) -> tuple[ChosenIndex, ...]:
    chosen = advice.selection.chosen
    return chosen if verified is None else tuple(each for each in chosen if each.definition in verified.kept)


def script(advice: Advice, verified: Verified | None = None) -> str:
    """Return the advice as SQL, each statement with its reason before it."""
    lines = ["-- Run it with perfkit apply: a partitioned table takes no CONCURRENTLY of its own.", ""]
    for index in _left(advice, verified):
        lines += [f"-- {reason_of(advice, index)}", f"{create_statement(index)};", ""]
    for drop in advice.drops.drops:
        lines += [f"-- {drop.kind}: {drop.proof}", f"{drop_statement(drop)};", ""]
    return "\n".join(lines)


def create_statement(index: ChosenIndex) -> str:
    """Return what makes a chosen index without stopping writes."""
    return index.definition.create(concurrently=True)


def drop_statement(drop: Drop) -> str:
    """Return what drops an index without stopping anybody."""
    schema, _, name = drop.name.partition(".")
    return f"DROP INDEX CONCURRENTLY {quote_name(schema)}.{quote_name(name)}"


def reason_of(advice: Advice, index: ChosenIndex) -> str:
    """Return why the index has these keys in this order."""
    candidate = advice.gathered.candidates.get(index.definition)
    return candidate.reason if candidate else ""


def _created(advice: Advice, index: ChosenIndex) -> dict[str, object]:
    candidate = advice.gathered.candidates.get(index.definition)
    return {
        "statement": create_statement(index),
        "reason": reason_of(advice, index),
        "needs": list(candidate.needs) if candidate else [],
        "size_bytes": index.size_bytes,
        "benefit_ms_per_minute": index.benefit_ms_per_minute,
        "write_ms_per_minute": index.write_ms_per_minute,
        "helps": to_data(index.helps),
    }


def _blocks(advice: Advice, view: SuggestView, verified: Verified | None) -> Iterator[Block]:
    drops, left = advice.drops, _left(advice, verified)
    if left:
        yield Listing(title="Create", items=tuple(_create_item(advice, index) for index in left))
    if verified and verified.rejected:
        yield Listing(
            title="Thrown out when it was measured", items=tuple(map(_rejected_item, verified.rejected))
        )
    if drops.drops:
        yield Listing(title="Drop", items=tuple(map(_drop_item, drops.drops)))
    if drops.kept:
        yield Table(
            title="Stay, though they look as if they could go",
            headings=("index", "why"),
            rows=tuple((Cell(kept.name), Cell(kept.reason)) for kept in drops.kept),
        )
    yield from _without(advice)
    notes = tuple(_notes(advice, view))
    if notes:
        yield Listing(title="To know", items=tuple(Item(heading=note, lines=()) for note in notes))
    yield _summary(advice, view)
    if verified:
        yield _proof(verified)


def _rejected_item(rejected: Rejected) -> Item:
    return Item(
        heading=f"{rejected.definition.create()};", lines=(Paragraph(rejected.reason),), tone=Tone.FAINT
    )


def _proof(verified: Verified) -> Paragraph:
    faster = sum(case.faster for case in verified.cases)
    saved = 1 - verified.after_ms / verified.before_ms if verified.before_ms else 0.0
    slower = ", ".join(case.case_id for case in verified.slower) or "none"
    return Paragraph(
        f"Measured on copies, with and without: {format_ms(verified.before_ms)} -> {format_ms(verified.after_ms)} a"
        f" minute ({format_share(saved)} less); of {len(verified.cases)} cases {faster} are faster; slower: {slower}.",
        Tone.BAD if verified.slower else Tone.GOOD,
    )


def _create_item(advice: Advice, index: ChosenIndex) -> Item:
    worth = (
        f"saves {format_ms(index.benefit_ms_per_minute)} a minute, takes {format_bytes(index.size_bytes)}"
        f" and {format_ms(index.write_ms_per_minute)} a minute of writing"
    )
    lines = [worth, f"why: {reason_of(advice, index)}", f"helps {_effects(index.helps)}"]
    return Item(
        heading=f"{create_statement(index)};", lines=tuple(Paragraph(line) for line in lines), tone=Tone.GOOD
    )


def _effects(effects: Sequence[CaseEffect]) -> str:
    most = sorted(effects, key=lambda each: each.after_ms - each.before_ms)
    told = [
        f"{each.case_id} ({format_ms(each.before_ms)} -> {format_ms(each.after_ms)})"
        for each in most[:_CASES_SHOWN]
    ]
    more = len(effects) - _CASES_SHOWN
    return ", ".join(told) + (f" and {format_count(more)} more" if more > 0 else "")


def _drop_item(drop: Drop) -> Item:
    return Item(
        heading=f"{drop_statement(drop)};",
        lines=(
            Paragraph(f"{drop.kind}: {drop.proof}"),
            Paragraph(
                f"frees {format_bytes(drop.size_bytes)}, saves {format_ms(drop.saved_write_ms)} a minute of writing"
            ),
            Paragraph(f"back with: {drop.create}", Tone.FAINT),
        ),
        tone=Tone.WARN,
    )


def _without(advice: Advice) -> Iterator[Table]:
    left = sorted(advice.selection.without_index, key=lambda each: (each.reason, each.case_id))
    rows = []
    for reason, group in groupby(left, key=lambda each: each.reason):
        cases = list(group)
        names = ", ".join(each.case_id for each in cases[:_CASES_SHOWN])
        more = len(cases) - _CASES_SHOWN
        rows.append(
            (
                Cell(reason),
                Cell(str(len(cases))),
                Cell(names + (f" and {more} more" if more > 0 else "")),
                Cell(next((each.detail for each in cases if each.detail), "")),
            )
        )
    if rows:
        yield Table(
            title="Cases without a new index",
            headings=("reason", "cases", "such as", "for the first"),
            rows=tuple(rows),
            numeric=frozenset({1}),
        )


def _notes(advice: Advice, view: SuggestView) -> Iterator[str]:
    yield from (f"first: {need}" for need in advice.needs)
    for query, reason in advice.gathered.unread.items():
        yield f"{query} got no candidates: {reason}"
    if advice.refused:
        first = next(iter(advice.refused.values()))
        yield f"{format_count(len(advice.refused))} candidates could not be judged: {first}"
    if not advice.selection.complete:
        yield "the search ran out of time: there may be more to gain (--time-limit)"
    yield from view.notes


def _summary(advice: Advice, view: SuggestView) -> Paragraph:
    selection = advice.selection
    if not selection.chosen:
        return Paragraph("No index would help this workload.", Tone.GOOD)
    saved = 1 - selection.after_ms / selection.before_ms
    return Paragraph(
        f"The workload takes {format_ms(selection.before_ms)} a minute; with {len(selection.chosen)} indexes of"
        f" {format_bytes(selection.size_bytes)} in all the planner's costs let expect {format_ms(selection.after_ms)}"
        f" ({format_share(saved)} less). {format_count(selection.candidates)} candidates,"
        f" {format_count(selection.plans)} plans in {format_ms(view.search_ms)}.",
        Tone.GOOD,
    )
