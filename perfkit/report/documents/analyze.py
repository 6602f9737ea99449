"""The document of an analysis: cases ranked by what they cost, their worst findings, the workload against its target."""

import math
from collections.abc import Iterator

from perfkit import units
from perfkit.findings import Finding, Severity, any_reaches
from perfkit.measure.model import Analysis, CaseResult, ProblemKind, Summary
from perfkit.plan.derive import derive
from perfkit.plan.label import label
from perfkit.plan.model import Plan
from perfkit.report.data import to_data
from perfkit.report.document import (
    Block,
    Cell,
    Check,
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
from perfkit.report.documents.finding import TONES, headline
from perfkit.report.documents.problems import problems_listing

SCHEMA = "perfkit.analyze/1"
# A list that is not ranked and short is not read; JSON has the rest.
FINDINGS_SHOWN = 3
ROWS_SHOWN = 25
QUERIES_SHOWN = 12
HOTTEST_SHOWN = 3

_STATES = {
    ProblemKind.ERROR: State.ERROR,
    ProblemKind.REFUSED: State.SKIPPED,
    ProblemKind.SKIPPED: State.SKIPPED,
}


def analysis_document(analysis: Analysis, *, fail_on: Severity | None) -> Document:
    """Return the document; with `fail_on`, a check fails on a finding at or above it, and on the missed target."""
    return Document(
        schema=SCHEMA,
        title=f"perfkit analyze: {units.counted(analysis.summary.measured, 'case')} on {analysis.facts.database}",
        blocks=tuple(_blocks(analysis, fail_on)),
        checks=(
            *(_check(result, fail_on) for result in analysis.results),
            _target_check(analysis.summary, fail_on),
        ),
        data=analysis_data(analysis),
    )


def _blocks(analysis: Analysis, fail_on: Severity | None) -> Iterator[Block]:
    ran = sorted((result for result in analysis.results if result.runs), key=_cost, reverse=True)
    yield Paragraph(_server_line(analysis), Tone.FAINT)
    yield _table(ran)
    yield from _findings(ran)
    yield from problems_listing("Not measured", analysis.results)
    if ran:
        title = "Plans, costliest first" if len(ran) > 1 else "Plan"
        yield Plans(title=title, plans=tuple(map(_shown_plan, ran)))
    yield from _summary(analysis.summary, fail_on)


def _shown_plan(result: CaseResult) -> ShownPlan:
    assert result.runs is not None
    return ShownPlan(name=result.case.id, plan=result.runs.plan, statement=result.query.sql)


def _cost(result: CaseResult) -> float:
    """Return the milliseconds a minute that a case costs the server: what ranks it."""
    return result.weight * (result.median_ms or 0.0)


def _server_line(analysis: Analysis) -> str:
    version = analysis.facts.version_text.split(" on ")[0]
    return (
        f"{version}, database {analysis.facts.database}; up to {analysis.samples} samples a case, "
        f"{analysis.plan_mode} plans; ranked by calls a minute x median; ! is over budget"
    )


def _by_query(results: list[CaseResult]) -> list[list[CaseResult]]:
    """Return the cases of each query, costliest first: the queries by what all their cases cost."""
    groups: dict[str, list[CaseResult]] = {}
    for result in results:
        groups.setdefault(result.query.name, []).append(result)
    return sorted(groups.values(), key=_group_cost, reverse=True)


def _table(results: list[CaseResult]) -> Table:
    """Return a row a case, or where there are many, a row a query: its costliest case with the load of them all."""
    total = _group_cost(results) or 1.0
    groups = [[result] for result in results] if len(results) <= ROWS_SHOWN else _by_query(results)
    rows = [_row(group, _group_cost(group) / total) for group in groups[:ROWS_SHOWN]]
    if rest := groups[ROWS_SHOWN:]:
        load = units.format_share(math.fsum(map(_group_cost, rest)) / total)
        more = f"and {len(rest)} more (--format json has all)"
        rows.append(
            tuple(Cell(text, Tone.FAINT) for text in (more, str(sum(map(len, rest))), *[""] * 5, load, ""))
        )
    return Table(
        title="Cases, costliest first" if len(groups) == len(results) else "Queries, by their costliest case",
        headings=("case", "cases", "median", "p95", "budget", "blocks", "rows", "load", "worst finding"),
        rows=tuple(rows),
        numeric=frozenset(range(1, 8)),
    )


def _group_cost(group: list[CaseResult]) -> float:
    return math.fsum(map(_cost, group))


def _row(group: list[CaseResult], load: float) -> tuple[Cell, ...]:
    result = group[0]
    assert result.runs is not None
    late = Tone.PLAIN if result.within_budget else Tone.BAD
    worst = next(iter(_telling(result)), None)
    return (
        Cell(result.case.id),
        Cell(str(len(group)), Tone.FAINT),
        Cell(units.format_ms(result.median_ms or 0.0)),
        Cell(units.format_ms(result.p95_ms or 0.0) + ("" if result.within_budget else " !"), late),
        Cell(units.format_ms(result.budget_ms), Tone.FAINT),
        Cell(units.format_count(result.runs.counters.shared_blocks)),
        Cell(units.format_count(result.runs.counters.rows)),
        Cell(units.format_share(load)),
        Cell(worst.rule, TONES[worst.severity]) if worst else Cell(""),
    )


def _telling(result: CaseResult) -> tuple[Finding, ...]:
    return tuple(finding for finding in result.findings if finding.severity is not Severity.INFO)


def _findings(ran: list[CaseResult]) -> Iterator[Listing]:
    """Yield the findings of each query once, those of its costliest case that has any."""
    worth_telling = (
        [result for result in group if _telling(result) or not result.within_budget]
        for group in _by_query(ran)
    )
    told = [group[0] for group in worth_telling if group]
    if told:
        yield Listing(
            title="What to do, costliest query first",
            items=tuple(_findings_item(result) for result in told[:QUERIES_SHOWN]),
        )
    if len(told) > QUERIES_SHOWN:
        names = ", ".join(result.query.name for result in told[QUERIES_SHOWN:])
        yield Listing(title="Findings too", items=(Item(heading=names, lines=(), tone=Tone.FAINT),))


def _findings_item(result: CaseResult) -> Item:
    shown = _telling(result)[:FINDINGS_SHOWN]
    lines: list[Paragraph] = []
    for finding in shown:
        lines.append(Paragraph(headline(finding), TONES[finding.severity]))
        lines.append(Paragraph(f"fix: {finding.fix}"))
    if not shown and result.runs:
        lines.append(Paragraph(f"no rule fires; its time goes to {_hottest(result.runs.plan)}"))
    more = len(_telling(result)) - len(shown)
    if more:
        lines.append(Paragraph(f"and {more} more (--format json has all)", Tone.FAINT))
    late = "" if result.within_budget else f", over its budget of {units.format_ms(result.budget_ms)}"
    return Item(
        heading=f"{result.case.id}: {units.format_ms(result.median_ms or 0.0)}{late}",
        lines=tuple(lines),
        tone=Tone.PLAIN if result.within_budget else Tone.BAD,
    )


def _hottest(plan: Plan) -> str:
    """Return the nodes that take most of the time themselves, with their shares."""
    tree = derive(plan)
    nodes = sorted(tree.nodes, key=lambda node: tree.numbers[node].share, reverse=True)[:HOTTEST_SHOWN]
    return ", ".join(f"{label(node)} ({units.format_share(tree.numbers[node].share)})" for node in nodes)


def _summary(summary: Summary, fail_on: Severity | None) -> Iterator[Paragraph]:
    met = summary.target_met
    yield Paragraph(
        f"{_target_sentence(summary)} {units.format_share(summary.share_within_budget)} of calls are within their budget.",
        Tone.GOOD if met else Tone.BAD,
    )
    if not met and not fail_on:
        yield Paragraph(
            "A missed target is no failure here: --fail-on error makes it exit code 1.", Tone.FAINT
        )
    left = [
        f"{n} {word}"
        for n, word in (
            (summary.failed, "failed"),
            (summary.refused, "refused"),
            (summary.skipped, "skipped"),
        )
        if n
    ]
    counted = ", ".join([f"{summary.measured} measured", *left])
    yield Paragraph(f"Cases: {counted}.", Tone.FAINT)


def _target_sentence(summary: Summary) -> str:
    verdict = "met" if summary.target_met else "missed"
    return (
        f"Target {verdict}: the mean query takes {units.format_ms(summary.mean_ms)} "
        f"(target {units.format_ms(summary.target_ms)}, case medians by calls a minute)."
    )


def _check(result: CaseResult, fail_on: Severity | None) -> Check:
    state, message = _state(result, fail_on)
    return Check(
        id=result.case.id,
        group=result.query.name,
        state=state,
        message=message,
        detail="\n".join(
            f"{finding.severity}: {finding.title}\nfix: {finding.fix}" for finding in result.findings
        ),
        path=str(result.query.path),
        line=result.query.line,
        seconds=sum(result.runs.execution_ms) / 1000 if result.runs else 0.0,
    )


def _state(result: CaseResult, fail_on: Severity | None) -> tuple[State, str]:
    if result.problem:
        return _STATES[result.problem.kind], result.problem.message
    told = _telling(result)
    message = told[0].title if told else f"median {units.format_ms(result.median_ms or 0.0)}"
    if fail_on and any_reaches(result.findings, fail_on):
        return State.FAILED, message
    if not result.within_budget:
        over = f"p95 {units.format_ms(result.p95_ms or 0.0)} is over the budget of {units.format_ms(result.budget_ms)}"
        return State.WARNING, f"{over}: {message}" if told else over
    return (State.WARNING if told else State.PASSED), message


def _target_check(summary: Summary, fail_on: Severity | None) -> Check:
    missed = State.FAILED if fail_on else State.WARNING
    return Check(
        id="target",
        group="workload",
        state=State.PASSED if summary.target_met else missed,
        message=_target_sentence(summary),
    )


def analysis_data(analysis: Analysis) -> dict[str, object]:
    """Return the whole analysis for JSON, every plan with all its nodes."""
    return {
        "measured_at": analysis.measured_at,
        "server": {
            "version": analysis.facts.version,
            "version_text": analysis.facts.version_text,
            "database": analysis.facts.database,
            "in_recovery": analysis.facts.in_recovery,
            "settings": dict(analysis.facts.settings),
        },
        "samples": analysis.samples,
        "plan_mode": analysis.plan_mode,
        "summary": {**to_data(analysis.summary), "target_met": analysis.summary.target_met},
        "cases": [_case_data(result) for result in analysis.results],
        "relations": to_data(analysis.facts.relations),
    }


def _case_data(result: CaseResult) -> dict[str, object]:
    data: dict[str, object] = {
        "case": result.case.id,
        "summary": result.query.summary,
        "file": str(result.query.path),
        "line": result.query.line,
        "weight": result.weight,
        "budget_ms": result.budget_ms,
        "problem": to_data(result.problem) if result.problem else None,
        "findings": to_data(result.findings),
    }
    if result.runs:
        data |= {
            "median_ms": result.median_ms,
            "p95_ms": result.p95_ms,
            "within_budget": result.within_budget,
            "execution_ms": list(result.runs.execution_ms),
            "planning_ms": list(result.runs.planning_ms),
            "counters": to_data(result.runs.counters),
            "counters_repeat": result.runs.counters_repeat,
            "plan": result.runs.plan,  # made plain when it is written, one at a time
        }
    return data
