"""The part of bench cache's document that tells of PostgreSQL's own cache."""

from collections.abc import Iterator

from perfkit import units
from perfkit.bench.cache.blocks import CaseBlocks, OwnCache, TableBlocks
from perfkit.report.document import Block, Cell, Paragraph, Table, Tone

_SHOWN = 10


def own_blocks(own: OwnCache) -> Iterator[Block]:
    """Yield what was seen of PostgreSQL's own cache."""
    working = units.format_bytes(own.working_set_bytes)
    yield Paragraph(
        f"PostgreSQL's own cache: shared_buffers {units.format_bytes(own.shared_buffers_bytes)}, the catalog touches"
        f" {working if own.working_set_exact else f'at most {working}'}; when warm, {own.hit_share * 100:.1f} % of its blocks"
        " are found there."
    )
    shown = sorted(own.cases, key=lambda case: -case.weight * case.blocks)[:_SHOWN]
    if shown:
        cold = shown[0].cold
        yield Table(
            title=f"Blocks of cases, most needed first ({len(shown)} of {len(own.cases)})",
            headings=(
                "case",
                "blocks",
                "hit cold" if cold else "hit first",
                "hit warm",
                "cold" if cold else "first",
                "warm",
            ),
            rows=tuple(map(_case_row, shown)),
            numeric=frozenset({1, 2, 3, 4, 5}),
            detail=True,
        )
    if own.tables:
        yield Table(
            title="Blocks of tables with their indexes, while the catalog ran once",
            headings=("table", "size", "blocks asked for", "hit", "in shared buffers"),
            rows=tuple(map(_table_row, own.tables[:_SHOWN])),
            numeric=frozenset({1, 2, 3, 4}),
            detail=True,
        )
    for note in own.notes:
        yield Paragraph(_sentence(note), Tone.WARN)
    if own.left_out:
        yield Paragraph(
            f"{units.format_count(own.left_out)} cases were not looked at for blocks: the time for that was over or they"
            " failed.",
            Tone.FAINT,
        )


def _case_row(case: CaseBlocks) -> tuple[Cell, ...]:
    return (
        Cell(case.id),
        Cell(units.format_count(case.blocks)),
        Cell(units.format_share(case.first_hit_share)),
        Cell(units.format_share(case.warm_hit_share)),
        Cell(units.format_ms(case.first_ms)),
        Cell(units.format_ms(case.warm_ms)),
    )


def _table_row(table: TableBlocks) -> tuple[Cell, ...]:
    cached = table.cached_bytes
    share = "unknown" if cached is None else units.format_share(cached / max(1, table.size_bytes))
    return (
        Cell(table.name),
        Cell(units.format_bytes(table.size_bytes)),
        Cell(units.format_count(table.blocks)),
        Cell(units.format_share(table.hit_share)),
        Cell(share, Tone.WARN if cached is None else Tone.PLAIN),
    )


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."
