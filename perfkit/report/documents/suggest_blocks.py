"""What a person reads of index advice: the ranked table, each statement with its reason and effects, drops, and the rest."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import accumulate, groupby

from perfkit.indexes.advise import Advice
from perfkit.indexes.drops import Drop
from perfkit.indexes.measured import MeasuredCase
from perfkit.indexes.selection import CaseEffect, ChosenIndex
from perfkit.indexes.times import Times
from perfkit.indexes.verify import Verified
from perfkit.indexes.why_not import Reason, WithoutIndex
from perfkit.report.document import Block, Cell, Item, Listing, Paragraph, Table, Tone
from perfkit.report.documents.suggest_statements import (
    create_statement,
    doubts_of,
    drop_statement,
    dropped_name,
    drops_of,
    left_of,
    needs_of,
    reason_of,
)
from perfkit.report.documents.suggest_view import (
    SuggestView,
    amount,
    change,
    expected,
    legend,
    measured_cases,
    without_index,
)
from perfkit.report.documents.verified import measured_blocks, rejected_blocks
from perfkit.units import format_bytes, format_count, format_ms, format_share, listed

_CASES_SHOWN = 3
# Whoever has no place for all the indexes is told how few do nearly all, when at least so many more are left.
_NEARLY_ALL, _MANY_MORE = 0.99, 3
_SQL = "sql"


def blocks_of(advice: Advice, view: SuggestView, verified: Verified | None) -> Iterator[Block]:
    """Yield the blocks, the result last."""
    left, drops = left_of(advice, verified), drops_of(advice, verified)
    if left or drops:
        yield _ranking(left, drops, view)
    if left:
        measured = measured_cases(verified)
        items = tuple(
            _create_item(number, advice, index, view, measured) for number, index in enumerate(left, 1)
        )
        yield Listing(title="Create: statements, reasons, and the cases helped", items=items, detail=True)
    if drops:
        items = tuple(_drop_item(number, drop) for number, drop in enumerate(drops, len(left) + 1))
        yield Listing(title="Drop: proof, and the way back", items=items, detail=True)
    measured_ones = tuple(measured_blocks(verified)) if verified else ()
    if verified:
        yield from rejected_blocks(verified)
    yield from (block for block in measured_ones if not isinstance(block, Paragraph))
    yield from _kept(advice)
    yield from _without(without_index(advice, view))
    notes = tuple(notes_of(advice, view))
    if notes:
        items = tuple(Item(heading=note, lines=()) for note in notes)
        yield Listing(title="To know", items=items, detail=True)
    yield _verdict(advice, view, left, drops)
    yield from (block for block in measured_ones if isinstance(block, Paragraph))
    yield from _conditions(advice, view, verified)


def notes_of(advice: Advice, view: SuggestView) -> Iterator[str]:
    """Yield what to know beside the advice, a sentence each."""
    for query, reason in advice.gathered.unread.items():
        yield f"{query} got no candidates: {reason}"
    for reason, count in Counter(advice.refused.values()).items():
        yield f"{_counted(count, 'candidate')} could not be judged: {reason}"
    yield from view.notes


def _ranking(left: Sequence[ChosenIndex], drops: Sequence[Drop], view: SuggestView) -> Table:
    """Return the changes in order of what they are worth, without the words that all of them have."""
    creates = [
        (
            Cell(str(number)),
            Cell(f"create {_where(index)}", Tone.GOOD),
            Cell(format_bytes(index.size_bytes)),
            Cell(amount(index.benefit_ms_per_minute, view)),
            Cell(_writing(index.write_ms_per_minute)),
            Cell(str(len({effect.case_id for effect in index.helps}))),
        )
        for number, index in enumerate(left, 1)
    ]
    removals = [
        (
            Cell(str(number)),
            Cell(f"drop {dropped_name(drop)} ({drop.kind})", Tone.WARN),
            Cell(f"-{format_bytes(drop.size_bytes)}"),
            Cell(""),
            Cell(_writing(-drop.saved_write_ms)),
            Cell(""),
        )
        for number, drop in enumerate(drops, len(left) + 1)
    ]
    saves = "saves cost/min" if view.times is Times.COST else "saves/min"
    return Table(
        title="",
        headings=("#", "index", "size", saves, "writes/min", "cases"),
        rows=(*creates, *removals),
        numeric=frozenset({0, 2, 3, 4, 5}),
    )


def _writing(value_ms: float) -> str:
    """Return what writes take longer a minute, or less, nothing for what rounds to nothing."""
    text = format_ms(abs(value_ms))
    if text == format_ms(0):
        return ""
    return f"-{text}" if value_ms < 0 else text


def _where(index: ChosenIndex) -> str:
    """Return the table, method and keys of an index, and that it has more."""
    definition = index.definition
    method = "" if definition.method == "btree" else f"{definition.method} "
    keys = ", ".join(key.sql for key in definition.keys)
    include = f" INCLUDE {_counted(len(definition.include), 'column')}" if definition.include else ""
    predicate = f" WHERE {definition.predicate}" if definition.predicate else ""
    return f"{definition.qualified_table} {method}({keys}){include}{predicate}"


def _create_item(
    number: int,
    advice: Advice,
    index: ChosenIndex,
    view: SuggestView,
    measured: dict[str, MeasuredCase],
) -> Item:
    lines = [Paragraph(f"#{number}: {reason_of(advice, index)}")]
    lines += [Paragraph(f"beware: {doubt}", Tone.WARN) for doubt in doubts_of(advice, index)]
    lines += [Paragraph(f"first: {need};") for need in needs_of(advice, index)]
    most = sorted(index.helps, key=lambda each: each.after_ms - each.before_ms)
    lines += [Paragraph(_effect(each, view, measured.get(each.case_id))) for each in most[:_CASES_SHOWN]]
    more = len(most) - _CASES_SHOWN
    lines += [Paragraph(f"and {_counted(more, 'more case')}")] if more > 0 else []
    return Item(
        heading=f"{create_statement(index)};",
        lines=tuple(lines),
        tone=Tone.GOOD,
        language=_SQL,
    )


def _effect(effect: CaseEffect, view: SuggestView, measured: MeasuredCase | None) -> str:
    return f"{effect.case_id}: {change(effect, view, measured)}"


def _drop_item(number: int, drop: Drop) -> Item:
    frees = f"frees {format_bytes(drop.size_bytes)}"
    return Item(
        heading=f"{drop_statement(drop)};",
        lines=(
            Paragraph(f"#{number}: {drop.kind}: {drop.proof}; {frees}"),
            Paragraph(f"back with: {drop.create};", Tone.FAINT),
        ),
        tone=Tone.WARN,
        language=_SQL,
    )


def _kept(advice: Advice) -> Iterator[Table]:
    if advice.drops.kept:
        yield Table(
            title="Stay, though they look as if they could go",
            headings=("index", "why"),
            rows=tuple((Cell(kept.name), Cell(kept.reason)) for kept in advice.drops.kept),
            detail=True,
        )


def _without(cases: Sequence[WithoutIndex]) -> Iterator[Table]:
    rows = []
    by_reason = sorted(cases, key=lambda each: (*_group(each), each.case_id))
    for (reason, _), group in groupby(by_reason, key=_group):
        left = list(group)
        rows.append(
            (
                Cell(reason),
                Cell(str(len(left))),
                Cell(listed([each.case_id for each in left], _CASES_SHOWN)),
                Cell(next((each.detail for each in left if each.detail), "")),
            )
        )
    if rows:
        yield Table(
            title="Cases without a new index",
            headings=("reason", "cases", "such as", "for the first"),
            rows=tuple(rows),
            numeric=frozenset({1}),
            detail=True,
        )


def _conditions(advice: Advice, view: SuggestView, verified: Verified | None) -> Iterator[Paragraph]:
    """Yield what the result stands on: what must be run first, how far the search went, where the numbers come from."""
    selection, left = advice.selection, left_of(advice, verified)
    needs = sorted({need for index in left for need in needs_of(advice, index)})
    yield from (Paragraph(f"Needed first: {need};", Tone.WARN) for need in needs)
    if not selection.complete:
        yield Paragraph(
            "The search ran out of time: there may be more to gain (--time-limit, --budget).", Tone.WARN
        )
    if left:
        yield Paragraph(legend(view, verified), Tone.WARN if view.times is Times.COST else Tone.FAINT)
    yield Paragraph(
        f"{_counted(selection.candidates, 'candidate')}, {_counted(selection.plans, 'plan')} in"
        f" {format_ms(view.search_ms)}.",
        Tone.FAINT,
    )


def _group(case: WithoutIndex) -> tuple[str, str]:
    """Return what cases are told together by: the reason, and for one that did not run its problem."""
    return case.reason, case.detail if case.reason is Reason.NOT_MEASURED else ""


def _verdict(
    advice: Advice, view: SuggestView, left: Sequence[ChosenIndex], drops: Sequence[Drop]
) -> Paragraph:
    selection = advice.selection
    creates = f"create {_indexes(len(left))} of about {format_bytes(sum(each.size_bytes for each in left))}"
    removes = f"drop {_indexes(len(drops))} of {format_bytes(sum(each.size_bytes for each in drops))}"
    told = " and ".join(text for text, given in ((creates, left), (removes, drops)) if given)
    if not told:
        return Paragraph("Nothing to suggest: no index would help this workload enough.", Tone.GOOD)
    text = f"{told[0].upper()}{told[1:]}."
    if len(left) == len(selection.chosen) and left:
        saved = 1 - selection.after_ms / selection.before_ms
        takes, would = ("costs", "cost") if view.times is Times.COST else ("takes", "take")
        text += (
            f" The workload {takes} {amount(selection.before_ms, view)} a minute and would {would}"
            f" {expected(selection.after_ms, view)} ({format_share(saved)} less)."
        )
        enough = _enough(left)
        if enough <= len(left) - _MANY_MORE:
            text += f" The first {enough} save {format_share(_NEARLY_ALL)} of that."
    return Paragraph(text, Tone.GOOD)


def _enough(ranked: Sequence[ChosenIndex]) -> int:
    """Return how many of the first indexes have nearly all that all of them save."""
    saved = list(accumulate(index.benefit_ms_per_minute for index in ranked))
    return bisect_left(saved, _NEARLY_ALL * saved[-1]) + 1


def _indexes(number: int) -> str:
    return _counted(number, "index", "indexes")


def _counted(number: int, one: str, more: str = "") -> str:
    return f"{format_count(number)} {one if number == 1 else more or f'{one}s'}"
