"""perfkit bench import as a Document: the ways beside each other, where the time goes, and what became of every record."""

from collections.abc import Iterable
from dataclasses import dataclass

from perfkit import stats, units
from perfkit.bench.imports.accounts import Accounts
from perfkit.bench.imports.model import MEANINGS, Comparison, PartShare, Reads, Tried
from perfkit.bench.imports.recommend import Recommendation
from perfkit.bench.result import BenchResult
from perfkit.report.chart import Chart, Point, Series, draw
from perfkit.report.data import to_data
from perfkit.report.document import Block, Cell, Check, Document, Paragraph, Picture, State, Table, Tone
from perfkit.report.documents.bench import result_data
from perfkit.report.documents.import_accounts import accounts_blocks, accounts_data

SCHEMA = "perfkit.bench.import/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportView:
    """What is told of an import beside the comparison: of which table, into where, the target, and what to know."""

    table: str
    into: str
    target_ms: float
    accounts: Accounts | None
    reject_file: str
    notes: tuple[str, ...]


def import_document(
    result: BenchResult, comparison: Comparison, recommended: Recommendation, view: ImportView
) -> Document:
    """Return the document of a finished bench."""
    best = recommended.tried
    met = best.median_ms <= view.target_ms
    return Document(
        schema=SCHEMA,
        title=f"perfkit bench import: {view.table}: {units.format_ms(best.median_ms)} for 1,000 records by {best.trial.id}",
        blocks=tuple(_blocks(comparison, recommended, view, met=met)),
        checks=(
            Check(
                id="import",
                group="import",
                state=State.PASSED if met else State.FAILED,
                message=f"1,000 records take {units.format_ms(best.median_ms)}, target {units.format_ms(view.target_ms)}",
            ),
        ),
        data=result_data(result) | _data(comparison, recommended, view),
    )


def import_chart(comparison: Comparison, view: ImportView) -> Chart:
    """Return records a second against the batch's size, a series a way; COPY and its like as a batch of all."""
    series: dict[str, list[Point]] = {}
    for tried in comparison.tried:
        trial = tried.trial
        name = f"{trial.way}, {trial.workers} sessions" if trial.workers > 1 else str(trial.way)
        rates = [1_000_000 / each for each in tried.times_ms]
        at = trial.batch or (1 if trial.way == "row-insert" else trial.rows)
        series.setdefault(name, []).append(
            Point(x=at, y=stats.median(rates), low=min(rates), high=max(rates))
        )
    return Chart(
        title=f"Importing into {view.table}",
        x_title="records in a batch",
        y_title="records a second",
        series=tuple(
            Series(name=name, points=tuple(sorted(points, key=lambda point: point.x)))
            for name, points in series.items()
        ),
    )


def _blocks(
    comparison: Comparison, recommended: Recommendation, view: ImportView, *, met: bool
) -> Iterable[Block]:
    best = recommended.tried
    yield Paragraph(
        f"Recommended: {best.trial.id} ({MEANINGS[best.trial.way]}): {recommended.reason}."
        f" 1,000 records take {units.format_ms(best.median_ms)}; the target is {units.format_ms(view.target_ms)}.",
        Tone.GOOD if met else Tone.BAD,
    )
    if view.accounts:
        yield from accounts_blocks(view.accounts, view.reject_file)
    yield _ways(comparison.tried)
    yield Picture(title="", svg=draw(import_chart(comparison, view)))
    yield from _readers(comparison)
    if comparison.shares:
        yield _parts(comparison.shares)
    if comparison.commit_ms:
        commit = stats.median(comparison.commit_ms)
        yield Paragraph(
            f"All was rolled back. A commit takes {units.format_ms(commit)} here"
            f" ({_range(comparison.commit_ms)}): one a record would add {units.format_ms(commit * 1_000)} to 1,000 records.",
            Tone.FAINT,
        )
    for way, reason in comparison.skipped.items():
        yield Paragraph(f"Not tried: {way}: {reason}.", Tone.FAINT)
    for note in view.notes:
        yield Paragraph(f"{note[0].upper()}{note[1:]}.", Tone.FAINT)


def _ways(tried: Iterable[Tried]) -> Table:
    ordered = sorted(tried, key=lambda each: each.median_ms)
    return Table(
        title="Ways of importing",
        headings=(
            "way",
            "records",
            "1,000 records",
            "least to most",
            "records/s",
            "WAL a record",
            "client",
            "backends",
        ),
        rows=tuple(map(_way, ordered)),
        numeric=frozenset({1, 2, 4, 5, 6, 7}),
    )


def _way(tried: Tried) -> tuple[Cell, ...]:
    runs = tried.measurements
    servers = [each.server_bytes for each in runs if each.server_bytes is not None]
    return (
        Cell(tried.trial.id),
        Cell(units.format_count(tried.trial.rows)),
        Cell(units.format_ms(tried.median_ms)),
        Cell(_range(tried.times_ms), Tone.FAINT),
        Cell(units.format_count(round(1_000_000 / tried.median_ms))),
        Cell(units.format_bytes(stats.median([each.wal_bytes / each.rows for each in runs]))),
        Cell(units.format_bytes(max(each.client_bytes for each in runs))),
        Cell(units.format_bytes(max(servers)) if servers else "unknown"),
    )


def _readers(comparison: Comparison) -> Iterable[Block]:
    """Yield what a session saw that read the table meanwhile."""
    idle = comparison.idle_reads
    watched = [(each.trial.id, each.reads) for each in comparison.tried if each.reads is not None]
    if idle is None or not watched:
        return
    rows = [("nobody imports", idle), *watched]
    yield Table(
        title="A session that reads the table meanwhile",
        headings=("while", "reads", "median", "95 %", "99 %", "held by a lock"),
        rows=tuple(_reader(name, reads) for name, reads in rows),
        numeric=frozenset({1, 2, 3, 4, 5}),
        detail=True,
    )
    held = [name for name, reads in watched if reads.lock_waits]
    words = ", ".join(held)
    yield Paragraph(
        f"Locks held a reader up during: {words}." if held else "No lock held a reader up.",
        Tone.WARN if held else Tone.PLAIN,
    )


def _reader(name: str, reads: Reads) -> tuple[Cell, ...]:
    return (
        Cell(name),
        Cell(units.format_count(len(reads.times_ms))),
        *(Cell(units.format_ms(reads.quantile_ms(q))) for q in (0.5, 0.95, 0.99)),
        Cell(str(reads.lock_waits), Tone.WARN if reads.lock_waits else Tone.PLAIN),
    )


def _parts(shares: Iterable[PartShare]) -> Table:
    ordered = sorted(shares, key=lambda each: -each.median)
    return Table(
        title="Where the time of a COPY goes, by leaving each out",
        headings=("part", "share", "least to most", ""),
        rows=tuple(
            (
                Cell(str(each.part)),
                Cell(units.format_share(each.median)),
                Cell(
                    f"{units.format_share(min(each.shares))} to {units.format_share(max(each.shares))}",
                    Tone.FAINT,
                ),
                Cell("" if min(each.shares) > 0 else "within the noise", Tone.FAINT),
            )
            for each in ordered
        ),
        numeric=frozenset({1}),
    )


def _range(times_ms: Iterable[float]) -> str:
    ordered = sorted(times_ms)
    return f"{units.format_ms(ordered[0])} to {units.format_ms(ordered[-1])}"


def _data(comparison: Comparison, recommended: Recommendation, view: ImportView) -> dict[str, object]:
    return {
        "table": view.table,
        "into": view.into,
        "target_ms": view.target_ms,
        "recommended": {"id": recommended.tried.trial.id, "reason": recommended.reason},
        "ways": [_way_data(tried) for tried in comparison.tried],
        "idle_reads": _reads_data(comparison.idle_reads),
        "parts": [to_data(each.part) | {"shares": list(each.shares)} for each in comparison.shares],
        "commit_ms": list(comparison.commit_ms),
        "skipped": {str(way): reason for way, reason in comparison.skipped.items()},
        "notes": list(view.notes),
        "accounts": accounts_data(view.accounts) if view.accounts else None,
    }


def _way_data(tried: Tried) -> dict[str, object]:
    trial = tried.trial
    return {
        "id": trial.id,
        "way": str(trial.way),
        "records": trial.rows,
        "batch": trial.batch or None,
        "workers": trial.workers,
        "ms_per_1000": list(tried.times_ms),
        "records_per_second": [1_000_000 / each for each in tried.times_ms],
        "wal_bytes": [each.wal_bytes for each in tried.measurements],
        "client_bytes": [each.client_bytes for each in tried.measurements],
        "server_bytes": [each.server_bytes for each in tried.measurements],
        "reads": _reads_data(tried.reads),
    }


def _reads_data(reads: Reads | None) -> dict[str, object] | None:
    if reads is None:
        return None
    return {
        "reads": len(reads.times_ms),
        "median_ms": reads.quantile_ms(0.5),
        "p95_ms": reads.quantile_ms(0.95),
        "p99_ms": reads.quantile_ms(0.99),
        "lock_waits": reads.lock_waits,
    }
