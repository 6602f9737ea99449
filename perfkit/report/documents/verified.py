"""What was measured of index changes on copies: what was thrown out, the cases, what imports take; for suggest and apply."""

from collections.abc import Iterator, Mapping
from typing import Any

from perfkit.indexes.change import Change, statement_of
from perfkit.indexes.import_cost import ImportCost, Spread
from perfkit.indexes.measured import MeasuredCase
from perfkit.indexes.verify import Rejected, Verified
from perfkit.report.data import to_data
from perfkit.report.document import Block, Cell, Item, Listing, Paragraph, Table, Tone
from perfkit.units import format_count, format_ms, format_share

_SQL = "sql"
_CASES_SHOWN = 3


def kept_blocks(verified: Verified) -> Iterator[Listing]:
    """Yield the changes that were kept, each with the cases that it makes faster."""
    if verified.kept:
        cases = {case.case_id: case for case in verified.cases}
        items = tuple(_kept_item(change, verified.helped[change], cases) for change in verified.kept)
        yield Listing(title="Kept", items=items)


def rejected_blocks(verified: Verified) -> Iterator[Listing]:
    """Yield the changes that were thrown out, each with the reason."""
    if verified.rejected:
        items = tuple(map(_rejected_item, verified.rejected))
        yield Listing(title="Thrown out when it was measured", items=items, detail=True)


def measured_blocks(verified: Verified) -> Iterator[Block]:
    """Yield what imports and the workload take without and with the changes that were kept."""
    imports = verified.imports
    if imports.measured:
        yield Table(
            title="Importing 1,000 rows: the median of ten, and the least and most",
            headings=("table", "without", "with", "change"),
            rows=tuple(map(_import_row, imports.measured)),
            numeric=frozenset({1, 2, 3}),
        )
    for table, problem in imports.unmeasured.items():
        yield Paragraph(f"What importing into {table} takes was not measured: {problem}", Tone.WARN)
    if verified.unmeasured:
        first, problem = next(iter(verified.unmeasured.items()))
        count = len(verified.unmeasured)
        cases = "1 case was" if count == 1 else f"{format_count(count)} cases were"
        yield Paragraph(f"{cases} not measured, and may need what goes: {first}: {problem}", Tone.WARN)
    yield _proof(verified)


def verified_data(verified: Verified) -> dict[str, Any]:
    """Return all of it as JSON takes it."""
    return {
        "kept": [
            {"statement": statement_of(change), "helps": list(verified.helped[change])}
            for change in verified.kept
        ],
        "rejected": [
            {"statement": statement_of(each.change), "reason": each.reason} for each in verified.rejected
        ],
        "before_ms_per_minute": verified.before_ms,
        "after_ms_per_minute": verified.after_ms,
        "cases": [_case(case) for case in verified.cases],
        "unmeasured": [
            {"case_id": case, "problem": problem} for case, problem in verified.unmeasured.items()
        ],
        "imports": to_data(verified.imports.measured),
        "unmeasured_imports": [
            {"table": table, "problem": problem} for table, problem in verified.imports.unmeasured.items()
        ],
    }


def _case(case: MeasuredCase) -> dict[str, Any]:
    names = ("case_id", "weight", "before_ms", "after_ms", "slower", "faster", "used_before", "used")
    return {name: to_data(getattr(case, name)) for name in names}


def _kept_item(change: Change, helped: tuple[str, ...], cases: Mapping[str, MeasuredCase]) -> Item:
    most = sorted((cases[name] for name in helped), key=lambda case: case.lost_ms)
    lines = [
        f"{case.case_id}: {format_ms(case.before_ms)} -> {format_ms(case.after_ms)}"
        for case in most[:_CASES_SHOWN]
    ]
    if (more := len(most) - _CASES_SHOWN) > 0:
        lines.append(f"and {format_count(more)} more cases are faster")
    return Item(
        heading=f"{statement_of(change)};",
        lines=tuple(map(Paragraph, lines or ["no case is slower"])),
        tone=Tone.GOOD,
        language=_SQL,
    )


def _rejected_item(rejected: Rejected) -> Item:
    return Item(
        heading=f"{statement_of(rejected.change)};",
        lines=(Paragraph(rejected.reason),),
        tone=Tone.FAINT,
        language=_SQL,
    )


def _import_row(cost: ImportCost) -> tuple[Cell, ...]:
    change = cost.after.median_ms / cost.before.median_ms - 1
    where = f"{cost.table} (an empty one like it)" if cost.into_empty else cost.table
    return (
        Cell(where),
        Cell(_spread(cost.before)),
        Cell(_spread(cost.after)),
        Cell(f"{change * 100:+.0f} %"),
    )


def _spread(spread: Spread) -> str:
    return f"{format_ms(spread.median_ms)} ({spread.least_ms:.1f} to {spread.most_ms:.1f})"


def _proof(verified: Verified) -> Paragraph:
    faster = sum(case.faster for case in verified.cases)
    saved = 1 - verified.after_ms / verified.before_ms if verified.before_ms else 0.0
    slower = ", ".join(case.case_id for case in verified.slower) or "none"
    return Paragraph(
        f"Measured on copies, with and without: {format_ms(verified.before_ms)} -> {format_ms(verified.after_ms)} a"
        f" minute ({format_share(saved)} less); of {len(verified.cases)} cases {faster} are faster; slower: {slower}.",
        Tone.BAD if verified.slower else Tone.GOOD,
    )
