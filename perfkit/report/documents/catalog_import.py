"""The document of an import: the queries written, those that were there, and what could not be imported, with the reason."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from perfkit import units
from perfkit.catalog.harvest.harvest import DRAWN, LOG, MADE_UP, NONE, PLAIN, STATISTICS
from perfkit.catalog.harvest.model import Candidate, Counts, Draft, Selection, Unresolved
from perfkit.catalog.harvest.spell import weight_text
from perfkit.report.document import Block, Cell, Check, Document, Item, Listing, Paragraph, State, Table, Tone

SCHEMA = "perfkit.catalog.import/1"
_STATEMENT_CHARACTERS = 100
_SOURCES = {
    DRAWN: "drawn",
    STATISTICS: "from pg_stats",
    LOG: "from the log",
    PLAIN: "plain",
    MADE_UP: "made up",
    NONE: "no parameters",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportView:
    """What an import did: `files` are those written by the query's name; `weights` the header's of queries that were there.

    `rest_file` is the file of what is to be completed, None where there is none or it was left alone.
    """

    counts: Counts
    selection: Selection
    drafts: tuple[Draft, ...]
    unresolved: tuple[Unresolved, ...]
    files: Mapping[str, Path]
    weights: Mapping[str, float]
    into: Path
    rest_file: Path | None
    dry_run: bool

    @property
    def total_ms(self) -> float:
        """Return the time of all statements of applications, in milliseconds; not 0."""
        return self.selection.total_ms or 1.0


def import_document(view: ImportView) -> Document:
    """Return the document of an import."""
    drafts = sorted(view.drafts, key=lambda each: -each.candidate.counted.total_ms)
    blocks: list[Block] = [
        _summary(view),
        *_imported(view, drafts),
        *_known(view),
        *_unresolved(view),
        *_notes(view),
    ]
    return Document(
        schema=SCHEMA,
        title="perfkit catalog import",
        blocks=tuple(blocks),
        checks=(*_written_checks(view, drafts), *_unresolved_checks(view)),
        data=_data(view, drafts),
    )


def _summary(view: ImportView) -> Paragraph:
    verb = "would be written" if view.dry_run else "written"
    share = sum(each.candidate.counted.total_ms for each in view.drafts) / view.total_ms
    known = sum(each.counted.total_ms for each, _ in view.selection.known) / view.total_ms
    there = (
        f"; {len(view.selection.known)} were in the catalog ({units.format_share(known)})"
        if view.selection.known
        else ""
    )
    lacking = f"; {len(view.unresolved)} could not be imported" if view.unresolved else ""
    text = (
        f"{units.counted(view.drafts, 'query', 'queries')} {verb} to {view.into}: {units.format_share(share)} of the time that applications'"
        f" statements took since {view.counts.since:%Y-%m-%d %H:%M}{there}{lacking}."
    )
    return Paragraph(text, Tone.GOOD if view.drafts or view.selection.known else Tone.WARN)


def _imported(view: ImportView, drafts: list[Draft]) -> Iterator[Table]:
    if drafts:
        yield Table(
            title="Imported",
            headings=("query", "calls/min", "mean", "share", "parameters", "values"),
            rows=tuple(
                (
                    Cell(each.name),
                    *_numbers(view, each.candidate),
                    Cell(str(len(each.parameters))),
                    Cell(_SOURCES[each.source]),
                )
                for each in drafts
            ),
            numeric=frozenset({1, 2, 3, 4}),
        )


def _numbers(view: ImportView, candidate: Candidate) -> tuple[Cell, ...]:
    return (
        Cell(weight_text(candidate.counted.calls_per_minute)),
        Cell(units.format_ms(candidate.mean_ms)),
        Cell(units.format_share(candidate.counted.total_ms / view.total_ms)),
    )


def _known(view: ImportView) -> Iterator[Table]:
    if view.selection.known:
        yield Table(
            title="Already in the catalog",
            headings=("query", "calls/min", "mean", "share", "weight in its header"),
            rows=tuple(
                (Cell(name), *_numbers(view, each), Cell(units.format_count(view.weights[name])))
                for each, name in view.selection.known
            ),
            numeric=frozenset({1, 2, 3, 4}),
        )


def _unresolved(view: ImportView) -> Iterator[Listing]:
    if view.unresolved:
        ranked = sorted(view.unresolved, key=lambda each: -each.candidate.counted.total_ms)
        yield Listing(title="Not imported", items=tuple(_item(view, each) for each in ranked))


def _item(view: ImportView, each: Unresolved) -> Item:
    calls, _, share = _numbers(view, each.candidate)
    return Item(
        heading=_short(each.candidate.statement),
        lines=(Paragraph(f"{share.text} of the time, {calls.text} calls a minute: {each.reason}"),),
        tone=Tone.WARN,
    )


def _short(statement: str) -> str:
    text = " ".join(statement.split())
    return text if len(text) <= _STATEMENT_CHARACTERS else text[: _STATEMENT_CHARACTERS - 1] + "…"


def _notes(view: ImportView) -> Iterator[Paragraph]:
    for note in notes_of(view):
        yield Paragraph(note, Tone.FAINT)


def notes_of(view: ImportView) -> list[str]:
    """Return what the user has to know beside the tables."""
    notes = []
    sources = {each.source for each in view.drafts}
    if view.counts.hidden:
        notes.append(
            f"{view.counts.hidden} statements of other roles are not shown to {view.counts.role}:"
            f" GRANT pg_read_all_stats TO {view.counts.role}"
        )
    if view.counts.evicted:
        notes.append(
            f"pg_stat_statements.max was reached {view.counts.evicted} times: rare statements are missing,"
            " and weights may be too small"
        )
    if DRAWN in sources:
        notes.append(
            "Drawn values are read from the database when a query is run; the files hold no value of anybody's."
        )
    if sources & {STATISTICS, LOG}:
        notes.append(
            "Values from pg_stats and logs are real ones and stand in the files: look before you commit them."
        )
    if MADE_UP in sources:
        notes.append(
            "Made-up values are plain ones of their type: give such a query cases that say something."
        )
    unplanned = sum(not each.is_planned for each in view.drafts)
    if unplanned:
        notes.append(
            f"{units.counted(unplanned, 'query', 'queries')} of them {'writes' if unplanned == 1 else 'write'}, which"
            f" {view.counts.role} may not: not tried here. `perfkit suggest` counts what indexes cost them,"
            " `perfkit analyze` leaves them out."
        )
    if view.rest_file:
        verb = "would be" if view.dry_run else "is"
        notes.append(
            f"What could not be imported {verb} in {view.rest_file}, to be completed; it is no part of the catalog."
        )
    elif view.unresolved:
        notes.append(
            f"The list of what is to be completed in {view.into} was left as it is: --force writes it anew."
        )
    left = ", ".join(f"{count} {reason}" for reason, count in sorted(view.selection.left_out.items()))
    if left:
        notes.append(f"Left out: {left}.")
    return notes


def _written_checks(view: ImportView, drafts: list[Draft]) -> Iterator[Check]:
    for each in drafts:
        yield Check(
            id=each.name,
            group="catalog import",
            state=State.PASSED,
            message="",
            path=str(view.files[each.name]),
            line=1,
        )


def _unresolved_checks(view: ImportView) -> Iterator[Check]:
    for each in view.unresolved:
        yield Check(
            id=_short(each.candidate.statement),
            group="catalog import",
            state=State.SKIPPED,
            message=each.reason,
        )


def _data(view: ImportView, drafts: list[Draft]) -> dict[str, object]:
    return {
        "counted_since": view.counts.since.isoformat(),
        "into": str(view.into),
        "dry_run": view.dry_run,
        "imported": [
            {
                "name": each.name,
                "file": str(view.files[each.name]),
                **_counted(view, each.candidate),
                "parameters": [{"name": one.name, "type": one.type.name} for one in each.parameters],
                "values": each.source,
                "planned": each.is_planned,
                "text": each.text,
            }
            for each in drafts
        ],
        "known": [
            {"name": name, **_counted(view, each), "weight": view.weights[name]}
            for each, name in view.selection.known
        ],
        "unresolved": [
            {
                "statement": each.candidate.statement,
                **_counted(view, each.candidate),
                "reason": each.reason,
                "text": each.text,
            }
            for each in view.unresolved
        ],
        "left_out": [
            {"reason": reason, "statements": n} for reason, n in sorted(view.selection.left_out.items())
        ],
        "rest_file": str(view.rest_file) if view.rest_file else None,
        "notes": notes_of(view),
    }


def _counted(view: ImportView, candidate: Candidate) -> dict[str, object]:
    counted = candidate.counted
    return {
        "calls": counted.calls,
        "calls_per_minute": counted.calls_per_minute,
        "total_ms": counted.total_ms,
        "mean_ms": candidate.mean_ms,
        "share": counted.total_ms / view.total_ms,
    }
