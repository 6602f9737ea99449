"""The part of bench cache's document that tells of its runs: hits, times, what was stale, stampedes, a cache that was lost."""

from collections.abc import Iterator, Sequence

from perfkit import stats, units
from perfkit.bench.cache.aside import Invalidation
from perfkit.bench.cache.measure import Round
from perfkit.bench.cache.prove import Proof
from perfkit.bench.cache.stampede import Stampede
from perfkit.report.document import Block, Cell, Paragraph, Table, Tone

TITLES = {
    Invalidation.TTL: "TTL alone",
    Invalidation.VERSION: "version key",
    Invalidation.NOTIFY: "LISTEN/NOTIFY",
}


def proof_blocks(proof: Proof) -> Iterator[Block]:
    """Yield what the runs measured, and what became of stampedes."""
    if proof.rounds:
        yield Table(
            title="Proved by runs in turns: medians; of several also the least and most hits",
            headings=("invalidation", "predicted", "hit", "stale reads", "saved/min", "per entry", "evicted"),
            rows=tuple(_way_row(way, runs) for way, runs in proof.rounds.items()),
            numeric=frozenset(range(1, 7)),
        )
        yield Table(
            title="Times of reads, in ms",
            headings=("invalidation", "reads that", "p50", "p95", "p99"),
            rows=tuple(row for way, runs in proof.rounds.items() for row in _latency_rows(way, runs)),
            numeric=frozenset({2, 3, 4}),
        )
        yield from _truth_words(proof)
    if proof.lost_after is not None:
        lost = next(run for runs in proof.rounds.values() for run in runs if run.lost_after is not None)
        yield Paragraph(
            f"The cache was lost after {units.format_count(proof.lost_after)} requests of a run; the database answered the"
            f" {units.format_count(lost.by_database)} reads that were left. The run ended there.",
            Tone.BAD,
        )
    if proof.stampedes:
        yield Paragraph(_stampede_words(proof.stampedes))


def _way_row(way: Invalidation, runs: Sequence[Round]) -> tuple[Cell, ...]:
    per_entry = [run.memory_per_entry_bytes for run in runs if run.memory_per_entry_bytes is not None]
    evictions = [run.evictions for run in runs if run.evictions is not None]
    stale = sum(run.stale for run in runs)
    shares = [run.hit_share for run in runs]
    return (
        Cell(TITLES[way]),
        Cell(f"{stats.median([run.predicted_hit_share for run in runs]) * 100:.1f} %"),
        Cell(_hits(shares)),
        Cell(units.format_count(stale), Tone.WARN if stale else Tone.GOOD),
        Cell(units.format_ms(stats.median([run.saved_ms_per_minute for run in runs]))),
        Cell(units.format_bytes(stats.median(per_entry)) if per_entry else "unknown"),
        Cell(units.format_count(stats.median(evictions)) if evictions else "unknown"),
    )


def _hits(shares: Sequence[float]) -> str:
    """Return the median, with the least and most of several runs: one run says nothing of its spread."""
    median = f"{stats.median(shares) * 100:.1f} %"
    if len(shares) == 1:
        return median
    return f"{median} ({min(shares) * 100:.1f}-{max(shares) * 100:.1f}, {len(shares)} runs)"


def _latency_rows(way: Invalidation, runs: Sequence[Round]) -> Iterator[tuple[Cell, ...]]:
    kinds = {
        "hit": [run.hit for run in runs],
        "miss": [run.miss for run in runs],
        "either": [run.every for run in runs],
    }
    for kind, latencies in kinds.items():
        known = [each for each in latencies if each]
        if known:
            parts = (
                [one.p50_ms for one in known],
                [one.p95_ms for one in known],
                [one.p99_ms for one in known],
            )
            numbers = (Cell(f"{stats.median(part):.2f}") for part in parts)
            yield (Cell(TITLES[way] if kind == "hit" else ""), Cell(kind), *numbers)


def _truth_words(proof: Proof) -> Iterator[Block]:
    runs = proof.rounds
    ttl = runs.get(Invalidation.TTL, ())
    if any(run.writes for run in ttl):
        stale, reads = sum(run.stale for run in ttl), sum(run.reads for run in ttl)
        yield Paragraph(
            f"With TTL alone {stale / max(1, reads) * 100:.2f} % of reads were stale: older than a write that had returned"
            " before the read began.",
            Tone.WARN if stale else Tone.GOOD,
        )
    for run in runs.get(Invalidation.NOTIFY, ())[-1:]:
        if run.delay:
            yield Paragraph(
                f"A notification was dealt with {run.delay.p50_ms:.1f} ms after its commit (p99 {run.delay.p99_ms:.1f} ms);"
                f" a write returns only then. {units.format_count(run.early)} reads began in between and were older."
            )
    if any(run.writes for run in runs.get(Invalidation.VERSION, ())):
        yield Paragraph(
            "A version key is as true as its writers: one that writes past the application, or dies after its commit, leaves"
            " old entries until their TTL. A notification comes with the commit itself.",
            Tone.FAINT,
        )
    late = sum(run.late_writes for each in runs.values() for run in each)
    if late:
        yield Paragraph(
            f"{units.format_count(late)} writes returned though nobody had dealt with their notification: what was read after"
            " them may be stale.",
            Tone.BAD,
        )


def _stampede_words(stampedes: Sequence[Stampede]) -> str:
    by_protection = {each.protected: each for each in stampedes}
    off, on = by_protection[False], by_protection[True]
    return (
        f"When {off.clients} clients miss {off.query} at once, the database is asked"
        f" {stats.median(off.database_reads):.0f} times without protection and {stats.median(on.database_reads):.0f} with it;"
        f" the slowest answer takes {units.format_ms(off.slowest_ms)} and {units.format_ms(on.slowest_ms)}."
    )
