"""The documents of baselines: what was recorded, which there are, and what one holds of a query."""

from collections.abc import Mapping
from pathlib import Path

from perfkit import stats, units
from perfkit.baseline.model import QueryBaseline
from perfkit.measure.model import Analysis
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


def record_document(analysis: Analysis, *, directory: Path, removed: tuple[str, ...]) -> Document:
    """Return the document of a recording into the directory."""
    queries = {result.query.name for result in analysis.results if result.runs}
    return Document(
        schema=RECORD_SCHEMA,
        title="perfkit baseline",
        blocks=tuple(_record_blocks(analysis, len(queries), directory, removed)),
        checks=tuple(
            Check(
                id=result.case.id,
                group=result.query.name,
                state=State.PASSED if result.runs else State.ERROR,
                message=result.problem.message if result.problem else "recorded",
                path=str(result.query.path),
                line=result.query.line,
            )
            for result in analysis.results
        ),
        data={
            "directory": str(directory),
            "queries": sorted(queries),
            "cases": analysis.summary.measured,
            "removed": list(removed),
            "not_recorded": {r.case.id: to_data(r.problem) for r in analysis.results if r.problem},
        },
    )


def _record_blocks(
    analysis: Analysis, queries: int, directory: Path, removed: tuple[str, ...]
) -> list[Block]:
    blocks: list[Block] = [*problems_listing("Not recorded", analysis.results)]
    if removed:
        blocks.append(
            Paragraph(f"Removed, as the catalog no longer has them: {', '.join(removed)}.", Tone.WARN)
        )
    sessions = max((len(result.runs.sessions) for result in analysis.results if result.runs), default=0)
    recorded = (
        f"Recorded {analysis.summary.measured} cases of {queries} queries in {directory}: "
        f"{sessions} sessions of {analysis.samples} samples each."
    )
    blocks.append(Paragraph(recorded, Tone.GOOD))
    return blocks


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
