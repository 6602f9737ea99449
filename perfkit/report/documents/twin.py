"""The documents of the twin: what was exported, how a workload is planned on it, how far it agrees with its source."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from perfkit.plan.outline import outline
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
    Plans,
    ShownPlan,
    State,
    Table,
    Tone,
)
from perfkit.twin.compare import Agreement, Planned
from perfkit.twin.pages import BLOCK_BYTES
from perfkit.twin.snapshot import Snapshot
from perfkit.units import format_bytes, format_count

EXPORT_SCHEMA = "perfkit.twin.export/1"
EXPLAIN_SCHEMA = "perfkit.twin.explain/1"
CHECK_SCHEMA = "perfkit.twin.check/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportView:
    """Where a snapshot was written, how long the file is, and whether texts of a catalog stand for themselves in it."""

    path: Path
    size_bytes: int
    knows_catalog: bool


def export_document(snapshot: Snapshot, view: ExportView) -> Document:
    """Return the document of an export."""
    data = snapshot.data
    tables = [each for each in data.relations if not each.is_index]
    indexes = [each for each in data.relations if each.is_index]
    redacted = sum(each.is_redacted for each in data.columns)
    space = sum(each.blocks for each in data.relations) * BLOCK_BYTES
    what = (
        f"{snapshot.database}, PostgreSQL {snapshot.major}: {format_count(len(tables))} tables and"
        f" {format_count(len(indexes))} indexes of {format_bytes(space)}, statistics of"
        f" {format_count(len(data.columns))} columns, in {format_bytes(view.size_bytes)}."
    )
    blocks: list[Block] = [Paragraph(what, Tone.GOOD)]
    if snapshot.is_redacted:
        blocks.append(
            Paragraph(
                f"Values of {format_count(redacted)} columns that may hold text stayed on the server"
                f"{', but for texts that the catalog writes itself' if view.knows_catalog else ''}:"
                " the file has the order, width and frequency of texts."
                f" {'Other constants' if view.knows_catalog else 'Constants'} that are common in them are planned as if"
                " they were not; keep what is nobody's secret (--keep 'schema.table.column'), or all (--exact).",
                Tone.WARN if redacted else Tone.PLAIN,
            )
        )
    blocks.append(
        Paragraph(
            "The schema is in the file as it is written, with all constants in it (defaults, checks, bounds of partitions,"
            " conditions of indexes, views, functions), but without the options and passwords of foreign servers."
        )
    )
    if data.lacks:
        blocks.append(_listing("What the twin will lack", data.lacks))
    return Document(
        schema=EXPORT_SCHEMA,
        title=f"perfkit twin export: {view.path}",
        blocks=tuple(blocks),
        checks=(),
        data={
            "path": str(view.path),
            "size_bytes": view.size_bytes,
            "database": snapshot.database,
            "version": snapshot.version,
            "tables": len(tables),
            "indexes": len(indexes),
            "columns": len(data.columns),
            "redacted_columns": redacted,
            "lacks": list(data.lacks),
        },
    )


def explain_document(planned: dict[str, Planned], notes: Sequence[str], *, source: str) -> Document:
    """Return the document of a workload's plans on the twin; a single one is shown whole."""
    rows = []
    for case, each in planned.items():
        root = each.plan.root if each.plan else None
        rows.append(
            (
                Cell(case),
                Cell(f"{root.total_cost:,.2f}" if root else ""),
                Cell(f"{root.plan_rows:,.0f}" if root else ""),
                Cell(each.problem, Tone.BAD if each.problem else Tone.PLAIN),
            )
        )
    table = Table(
        title="", headings=("case", "cost", "rows", "problem"), rows=tuple(rows), numeric=frozenset({1, 2})
    )
    shown = tuple(ShownPlan(name=case, plan=each.plan) for case, each in planned.items() if each.plan)
    blocks: list[Block]
    if len(planned) == 1:
        ((case, only),) = planned.items()
        code = (Code(title=case, text=outline(only.plan)),) if only.plan else ()
        blocks = [Plans(title=case, plans=shown, told=code) if code else Paragraph(only.problem, Tone.BAD)]
    else:
        blocks = [table, *([Plans(title="Plans", plans=shown)] if shown else [])]
    if notes:
        blocks.append(_listing("What the twin lacks", notes))
    return Document(
        schema=EXPLAIN_SCHEMA,
        title=f"perfkit twin explain: {source}",
        blocks=tuple(blocks),
        checks=tuple(
            Check(
                id=case,
                group="twin",
                state=State.ERROR if each.problem else State.PASSED,
                message=each.problem or "planned",
            )
            for case, each in planned.items()
        ),
        data={
            "notes": list(notes),
            "plans": [
                {"case": case, "problem": each.problem, "plan": to_data(each.plan) if each.plan else None}
                for case, each in planned.items()
            ],
        },
    )


def check_document(found: Sequence[Agreement], notes: Sequence[str], *, source: str) -> Document:
    """Return the document of how far twin and source agree; what the source does not plan does not count."""
    planned = [each for each in found if each.is_planned]
    unplanned = [each for each in found if not each.is_planned]
    differing = [each for each in planned if not each.equal]
    same, equal = sum(each.same_shape for each in planned), len(planned) - len(differing)
    blocks: list[Block] = []
    if differing:
        blocks.append(
            Table(
                title="Planned otherwise on the twin",
                headings=("case", "shape", "the lowest difference"),
                rows=tuple(
                    (
                        Cell(each.case.case.id),
                        Cell("same") if each.same_shape else Cell("another", Tone.BAD),
                        Cell(each.difference or each.after.problem or each.before.problem),
                    )
                    for each in differing
                ),
            )
        )
    if unplanned:
        cases: dict[str, list[str]] = {}
        for each in unplanned:
            cases.setdefault(each.before.problem, []).append(each.case.case.id)
        problems = [f"{', '.join(names)}: {problem}" for problem, names in cases.items()]
        blocks.append(_listing("Not compared, as the server does not plan them for this role", problems))
    if notes:
        blocks.append(_listing("What the twin lacks", notes))
    blocks.append(
        Paragraph(
            f"{same:,} of {len(planned):,} plans have the same shape, {equal:,} are equal in every node's rows and cost.",
            Tone.GOOD if equal == len(found) else Tone.WARN,
        )
    )
    return Document(
        schema=CHECK_SCHEMA,
        title=f"perfkit twin check: {source}",
        blocks=tuple(blocks),
        checks=tuple(map(_agreement_check, found)),
        data={
            "cases": len(planned),
            "same_shape": same,
            "equal": equal,
            "notes": list(notes),
            "differences": [
                {"case": each.case.case.id, "same_shape": each.same_shape, "difference": each.difference}
                for each in differing
            ],
            "unplanned": [{"case": each.case.case.id, "problem": each.before.problem} for each in unplanned],
        },
    )


def _agreement_check(found: Agreement) -> Check:
    state = State.PASSED if found.same_shape else State.FAILED
    return Check(
        id=found.case.case.id,
        group="twin",
        state=state if found.is_planned else State.ERROR,
        message=(found.difference or "planned alike") if found.is_planned else found.before.problem,
        path=str(found.case.query.path),
        line=found.case.query.line,
    )


def _listing(title: str, sentences: Sequence[str]) -> Listing:
    return Listing(title=title, items=tuple(Item(heading=sentence, lines=()) for sentence in sentences))
