"""The document of one plan: its tree with derived numbers, and what the rules say of it."""

from collections.abc import Iterator

from perfkit import units
from perfkit.findings import Finding, Severity
from perfkit.plan.derive import Tree, derive
from perfkit.plan.label import label
from perfkit.plan.model import Node, Plan
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

SCHEMA = "perfkit.plan/1"

# A node that takes this share of the time is where to look.
_LARGE_SHARE = 0.3


def plan_document(plan: Plan, findings: tuple[Finding, ...], *, source: str) -> Document:
    """Return the document of a plan read from `source`; a check fails where a finding is an error."""
    return Document(
        schema=SCHEMA,
        title=f"perfkit analyze: the plan in {'standard input' if source == '-' else source}",
        blocks=tuple(_blocks(plan, findings, source)),
        checks=tuple(
            Check(
                id=finding.rule,
                group="plan",
                state=State.FAILED if finding.severity is Severity.ERROR else State.WARNING,
                message=finding.title,
                detail=finding.fix,
                path="" if source == "-" else source,
            )
            for finding in findings
        ),
        data={"source": source, "plan": to_data(plan), "findings": to_data(findings)},
    )


def _blocks(plan: Plan, findings: tuple[Finding, ...], source: str) -> Iterator[Block]:
    tree = derive(plan)
    table = Table(
        title="Plan",
        headings=("node", "rows", "estimated", "loops", "own time", "share", "own blocks"),
        rows=tuple(_row(tree, node) for node in tree.nodes),
        numeric=frozenset(range(1, 7)),
    )
    yield Plans(title="Plan", plans=(ShownPlan(name=source, plan=plan),), told=(table,))
    if findings:
        yield Listing(title="What to do", items=tuple(_item(finding) for finding in findings))
    else:
        yield Paragraph("No rule finds anything wrong with this plan.", Tone.GOOD)
    times = (("planning", plan.planning_ms), ("execution", plan.execution_ms))
    told = ", ".join(f"{name} {units.format_ms(time)}" for name, time in times if time is not None)
    if told:
        yield Paragraph(f"Times: {told}.")
    if not plan.analyzed:
        yield Paragraph(
            "The statement was not run (no ANALYZE): what needs actual rows and times is not judged.",
            Tone.WARN,
        )


def _row(tree: Tree, node: Node) -> tuple[Cell, ...]:
    numbers = tree.numbers[node]
    depth = sum(1 for _ in tree.above(node))
    ran = node.executed
    return (
        Cell("  " * depth + label(node)),
        Cell(units.format_count(numbers.rows) if ran else ("never run" if tree.plan.analyzed else "")),
        Cell(
            "" if node.plan_rows is None else units.format_count(node.plan_rows * max(numbers.loops, 1)),
            Tone.FAINT,
        ),
        Cell(units.format_count(numbers.loops) if ran else "", Tone.FAINT),
        Cell("" if numbers.own_ms is None or not ran else units.format_ms(numbers.own_ms)),
        Cell(units.format_share(numbers.share), Tone.BAD if numbers.share >= _LARGE_SHARE else Tone.PLAIN),
        Cell(units.format_count(numbers.own_blocks) if node.buffers else ""),
    )


def _item(finding: Finding) -> Item:
    lines = (Paragraph(f"fix: {finding.fix}"), Paragraph(f"at: {finding.node}", Tone.FAINT))
    return Item(heading=headline(finding), lines=lines, tone=TONES[finding.severity])
