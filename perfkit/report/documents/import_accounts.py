"""What became of every record of a file, as blocks of a document and as data."""

from collections.abc import Iterable

from perfkit import units
from perfkit.bench.imports.accounts import Accounts
from perfkit.bench.imports.reject import Reject
from perfkit.report.data import to_data
from perfkit.report.document import Block, Cell, Item, Listing, Paragraph, Table, Tone

_SHOWN_CHARACTERS = 160


def accounts_blocks(accounts: Accounts, reject_file: str) -> Iterable[Block]:
    """Yield the counts, the rejects by their reasons, and the first of them."""
    count = units.format_count
    took = f"in {units.format_ms(accounts.elapsed_ms)}, {units.format_ms(accounts.elapsed_ms * 1_000 / max(1, accounts.read))} for 1,000"
    yield Paragraph(
        f"{count(accounts.read)} records {took}: {count(accounts.stored)} stored + {count(accounts.updated)} updated"
        f" + {count(accounts.rejects)} rejected.",
        Tone.WARN if accounts.rejects else Tone.GOOD,
    )
    if accounts.rejects:
        yield _by_reason(accounts)
        yield Listing(title="The first rejects", items=tuple(map(_example, accounts.examples)), detail=True)
        where = (
            f"All rejects are in {reject_file}." if reject_file else "--reject-file FILE writes all rejects."
        )
        yield Paragraph(where, Tone.FAINT)
    if accounts.formulas:
        yield Paragraph(
            f"{count(accounts.formulas)} records hold a field that begins with = or @, which a spreadsheet may run as"
            " a formula (--formulas reject turns them away).",
            Tone.WARN,
        )
    if accounts.ignored_fields:
        yield Paragraph(f"Fields that go nowhere: {', '.join(accounts.ignored_fields)}.", Tone.FAINT)


def accounts_data(accounts: Accounts) -> dict[str, object]:
    """Return the counts, and the first rejects, for JSON."""
    return {
        "read": accounts.read,
        "stored": accounts.stored,
        "updated": accounts.updated,
        "rejected": accounts.rejects,
        "reasons": [
            {"kind": str(kind), "column": column, "records": records}
            for (kind, column), records in _largest_first(accounts)
        ],
        "first_rejects": [to_data(reject) | {"kind": str(reject.kind)} for reject in accounts.examples],
        "formulas": accounts.formulas,
        "ignored_fields": list(accounts.ignored_fields),
        "elapsed_ms": accounts.elapsed_ms,
    }


def _by_reason(accounts: Accounts) -> Table:
    return Table(
        title="Rejected",
        headings=("why", "column", "records"),
        rows=tuple(
            (Cell(str(kind)), Cell(column), Cell(units.format_count(records)))
            for (kind, column), records in _largest_first(accounts)
        ),
        numeric=frozenset({2}),
    )


def _largest_first(accounts: Accounts) -> list[tuple[tuple[str, str], int]]:
    return sorted(accounts.rejected.items(), key=lambda item: (-item[1], item[0]))


def _example(reject: Reject) -> Item:
    place = f"line {reject.line:,}" + (f", {reject.column}" if reject.column else "")
    record = " ".join(reject.record.split())
    short = record if len(record) <= _SHOWN_CHARACTERS else f"{record[:_SHOWN_CHARACTERS]}…"
    return Item(heading=f"{place}: {reject.reason}", lines=(Paragraph(short, Tone.FAINT),))
