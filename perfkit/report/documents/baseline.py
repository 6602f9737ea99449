"""The documents of baselines: what was recorded, which there are, and what one holds of a query."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from perfkit import stats, units
from perfkit.baseline.model import QueryBaseline
from perfkit.baseline.store import Recorded
from perfkit.measure.model import Analysis, CaseResult
from perfkit.plan.runs import Runs
from perfkit.report.data import to_data
from perfkit.report.document import (
    Block,
    Cell,
    Check,
    Code,
    Document,
    Paragraph,
    State,
    Table,
    Tone,
)
from perfkit.report.documents.problems import problems_listing

RECORD_SCHEMA = "perfkit.baseline.record/1"
LIST_SCHEMA = "perfkit.baseline.list/1"
SHOW_SCHEMA = "perfkit.baseline.show/1"


def record_document(analysis: Analysis, recorded: Recorded, *, directory: Path) -> Document:
    """Return the document of a recording into the directory."""
    return Document(
        schema=RECORD_SCHEMA,
        title="perfkit baseline",
        blocks=tuple(_record_blocks(analysis, recorded, directory)),
        checks=tuple(_record_check(result, recorded) for result in analysis.results),
        data={
            "directory": str(directory),
            "queries": list(recorded.stored),
            "cases": len(_stored_runs(analysis, recorded)),
            "left": list(recorded.left),
            "removed": list(recorded.removed),
            "not_recorded": {r.case.id: to_data(r.problem) for r in analysis.results if r.problem},
        },
    )


def _record_check(result: CaseResult, recorded: Recorded) -> Check:
    state, message = State.PASSED, "recorded"
    if result.problem:
        state, message = State.ERROR, result.problem.message
    elif result.query.name in recorded.left:
        state, message = State.SKIPPED, "its query is left as it was, as not all its stored cases ran"
    return Check(
        id=result.case.id,
        group=result.query.name,
        state=state,
        message=message,
        path=str(result.query.path),
        line=result.query.line,
    )


def _stored_runs(analysis: Analysis, recorded: Recorded) -> list[Runs]:
    return [
        result.runs for result in analysis.results if result.runs and result.query.name in recorded.stored
    ]


def _record_blocks(analysis: Analysis, recorded: Recorded, directory: Path) -> Iterator[Block]:
    yield from problems_listing("Not recorded", analysis.results)
    if recorded.left:
        left = ", ".join(recorded.left)
        yield Paragraph(f"Left as they were, as not all their stored cases ran: {left}.", Tone.WARN)
    if recorded.removed:
        removed = ", ".join(recorded.removed)
        yield Paragraph(f"Removed, as the catalog no longer has them: {removed}.", Tone.WARN)
    if runs := _stored_runs(analysis, recorded):
        sessions = max(len(each.sessions) for each in runs)
        yield Paragraph(
            f"Recorded {len(runs)} cases of {len(recorded.stored)} queries in {directory}: "
            f"{sessions} sessions of {analysis.samples} samples each.",
            Tone.GOOD,
        )


def list_document(baselines: Mapping[str, Mapping[str, QueryBaseline]]) -> Document:
    """Return the document of the stored baselines, by name."""
    rows = []
    for name, queries in baselines.items():
        newest = max(queries.values(), key=lambda query: query.recorded.at)
        cases = sum(len(query.cases) for query in queries.values())
        rows.append((name, len(queries), cases, newest.recorded))
    table = Table(
        title="Baselines",
        headings=("name", "queries", "cases", "recorded", "server"),
        rows=tuple(
            (
                Cell(name),
                Cell(str(queries)),
                Cell(str(cases)),
                Cell(f"{recorded.at:%Y-%m-%d %H:%M} UTC"),
                Cell(f"PostgreSQL {recorded.major}"),
            )
            for name, queries, cases, recorded in rows
        ),
        numeric=frozenset({1, 2}),
    )
    none = Paragraph("There is no baseline yet; record one with: perfkit baseline", Tone.FAINT)
    return Document(
        schema=LIST_SCHEMA,
        title="perfkit baseline list",
        blocks=(table,) if rows else (none,),
        checks=(),
        data={
            "baselines": [
                {"name": name, "queries": queries, "cases": cases, "recorded": to_data(recorded)}
                for name, queries, cases, recorded in rows
            ]
        },
    )


def show_document(baseline: QueryBaseline) -> Document:
    """Return the document of what is stored of a query."""
    table = Table(
        title="Cases",
        headings=("case", "median", "sessions", "blocks", "rows", "plan", "accepted"),
        rows=tuple(
            (
                Cell(name),
                Cell(units.format_ms(stats.median(case.execution_ms))),
                Cell(str(len(case.sessions))),
                Cell(units.format_count(case.counters.shared_blocks)),
                Cell(units.format_count(case.counters.rows)),
                Cell(case.shape.digest),
                Cell(", ".join(plan.shape.digest for plan in case.accepted)),
            )
            for name, case in sorted(baseline.cases.items())
        ),
        numeric=frozenset({1, 2, 3, 4}),
    )
    shapes = {case.shape.digest: case.shape.text for case in baseline.cases.values()}
    accepted = [(name, plan) for name, case in baseline.cases.items() for plan in case.accepted]
    shapes |= {plan.shape.digest: plan.shape.text for _, plan in accepted}
    notes = tuple(
        Paragraph(
            f"{plan.shape.digest} accepted for {name} by {plan.author} on {plan.at:%Y-%m-%d}: {plan.reason}"
        )
        for name, plan in accepted
    )
    recorded = baseline.recorded
    return Document(
        schema=SHOW_SCHEMA,
        title=f"perfkit baseline show: {baseline.query}",
        blocks=(
            Paragraph(
                f"Recorded {recorded.at:%Y-%m-%d %H:%M} UTC on PostgreSQL {recorded.major}.", Tone.FAINT
            ),
            table,
            *notes,
            *(Code(title=f"Plan {digest}", text=text) for digest, text in sorted(shapes.items())),
        ),
        checks=(),
        data={"query": to_data(baseline)},
    )
