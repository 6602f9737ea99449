"""The document of perfkit bench cache: the two caches, the curve, the recommendation and its proof."""

from collections.abc import Iterator, Sequence

from perfkit import stats, units
from perfkit.bench.cache.aside import Invalidation
from perfkit.bench.cache.blocks import CaseBlocks, OwnCache, TableBlocks
from perfkit.bench.cache.measure import Round
from perfkit.bench.cache.policies import Policy
from perfkit.bench.cache.predict import SizePoint
from perfkit.bench.cache.prove import Proof
from perfkit.bench.cache.result import CacheBench
from perfkit.bench.cache.stampede import Stampede
from perfkit.bench.cache.worth import Worth
from perfkit.bench.result import BenchResult
from perfkit.report.chart import Chart, Point, Series
from perfkit.report.data import to_data
from perfkit.report.document import Block, Cell, Check, Document, Paragraph, State, Table, Tone
from perfkit.report.documents.bench import result_data

SCHEMA = "perfkit.bench.cache/1"
_MB = 1024**2
_SHOWN = 10
_TITLES = {
    Invalidation.TTL: "TTL alone",
    Invalidation.VERSION: "version key",
    Invalidation.NOTIFY: "LISTEN/NOTIFY",
}


def cache_document(found: CacheBench, result: BenchResult) -> Document:
    """Return the document of a cache bench and its figures."""
    proof = found.proof
    return Document(
        schema=SCHEMA,
        title=f"perfkit bench cache: {_headline(found)}",
        blocks=(
            *_own_blocks(found.own),
            Paragraph(_stream_words(found)),
            *_curve_blocks(proof),
            *_worth_blocks(proof.recommendation.worths),
            *_proof_blocks(found),
            *(Paragraph(note, Tone.FAINT) for note in _notes(found)),
        ),
        checks=tuple(_checks(proof)),
        data={**result_data(result), **_data(found)},
    )


def cache_chart(found: CacheBench) -> Chart:
    """Return the chart of hit rate over the size of the entries."""
    curve = found.proof.recommendation.curve
    names = {policy: str(policy) for policy in (Policy.LRU, Policy.LFU)}
    series = [
        Series(
            name="true LRU",
            points=tuple(Point(x=_mb(point), y=round(100 * point.ideal, 1)) for point in curve),
        ),
        *(
            Series(
                name=name,
                points=tuple(
                    Point(x=_mb(point), y=round(100 * point.hit_shares[policy], 1)) for point in curve
                ),
            )
            for policy, name in names.items()
        ),
    ]
    if not curve:
        series = [Series(name="nothing is worth caching", points=(Point(x=0, y=0),))]
    return Chart(
        title="Hit rate by size", x_title="MB of entries", y_title="% of reads", series=tuple(series)
    )


def _mb(point: SizePoint) -> float:
    return float(f"{point.capacity_bytes / _MB:.3g}")


def _headline(found: CacheBench) -> str:
    proof = found.proof
    if proof.lost_after is not None:
        return f"the cache was lost after {units.format_count(proof.lost_after)} requests"
    runs = proof.rounds.get(proof.way)
    if not runs:
        return "nothing is worth caching"
    share = stats.median([run.hit_share for run in runs])
    saved = stats.median([run.saved_ms_per_minute for run in runs])
    limit = f"{units.format_bytes(proof.maxmemory_bytes)}" if proof.maxmemory_bytes else "unlimited memory"
    return (
        f"with {limit} {share * 100:.1f} % of the cached reads hit, which saves the database"
        f" {units.format_ms(saved)} a minute"
    )


def _own_blocks(own: OwnCache) -> Iterator[Block]:
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


def _stream_words(found: CacheBench) -> str:
    requests = found.requests
    kind = "recorded" if requests.recorded else "drawn from the catalog's weights"
    return (
        f"Valkey {found.proof.server} in front: {units.format_count(requests.count)} requests,"
        f" {kind}, {units.format_count(requests.writes)} of them writes, to {units.format_count(requests.keys)} keys;"
        f" the workload makes {units.format_count(requests.per_minute)} a minute."
    )


def _curve_blocks(proof: Proof) -> Iterator[Block]:
    recommendation = proof.recommendation
    if not recommendation.curve:
        return
    yield Table(
        title="Hit rate by size, predicted",
        headings=("entries", "true LRU", "allkeys-lru", "allkeys-lfu", "saved a minute"),
        rows=tuple(map(_curve_row, recommendation.curve)),
        numeric=frozenset({0, 1, 2, 3, 4}),
    )
    yield Paragraph(
        f"Recommended: maxmemory {units.format_bytes(recommendation.maxmemory_bytes)}, policy {recommendation.policy}."
        f" An entry takes {units.format_bytes(proof.model.overhead_bytes)} beside its value, the empty server"
        f" {units.format_bytes(proof.model.baseline_bytes)}, both of which maxmemory counts.",
        Tone.GOOD,
    )


def _curve_row(point: SizePoint) -> tuple[Cell, ...]:
    return (
        Cell(units.format_bytes(point.capacity_bytes)),
        Cell(f"{point.ideal * 100:.1f} %"),
        Cell(f"{point.hit_shares[Policy.LRU] * 100:.1f} %"),
        Cell(f"{point.hit_shares[Policy.LFU] * 100:.1f} %"),
        Cell(units.format_ms(max(0.0, *point.saved_ms_per_minute.values()))),
    )


def _worth_blocks(worths: Sequence[Worth]) -> Iterator[Block]:
    cached = [worth for worth in worths if worth.cached]
    if cached:
        shown = cached[:_SHOWN]
        yield Table(
            title=f"Cache these queries ({len(shown)} of {len(cached)}; by what they save)",
            headings=(
                "query",
                "hit",
                "database",
                "saved/min",
                "per MB",
                "entry",
                "reads/write",
                "TTL",
                "TTL alone",
            ),
            rows=tuple(map(_worth_row, shown)),
            numeric=frozenset(range(1, 9)),
        )
    others = [worth for worth in worths if not worth.cached]
    if others:
        yield Table(
            title="Do not cache these",
            headings=("query", "reads/min", "why"),
            rows=tuple(
                (Cell(each.query), Cell(units.format_count(each.reads_per_minute)), Cell(each.reason))
                for each in others
            ),
            numeric=frozenset({1}),
            detail=True,
        )


def _worth_row(worth: Worth) -> tuple[Cell, ...]:
    return (
        Cell(worth.query),
        Cell(units.format_share(worth.hit_share)),
        Cell(units.format_ms(worth.database_ms)),
        Cell(units.format_ms(worth.saved_ms_per_minute)),
        Cell(units.format_ms(worth.saved_ms_per_mb)),
        Cell(units.format_bytes(worth.entry_bytes)),
        Cell("never written" if worth.reads_per_write is None else units.format_count(worth.reads_per_write)),
        Cell(_seconds(worth.ttl_seconds)),
        Cell(_seconds(worth.ttl_alone_seconds)),
    )


def _seconds(seconds: float) -> str:
    for unit, factor in (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1)):
        if seconds >= factor:
            return f"{seconds / factor:.3g} {unit}"
    return "below 1 s"


def _proof_blocks(found: CacheBench) -> Iterator[Block]:
    proof = found.proof
    if proof.rounds:
        yield Table(
            title=f"Proved by runs, {len(next(iter(proof.rounds.values())))} of each way in turns: medians, least and most",
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
        Cell(_TITLES[way]),
        Cell(f"{stats.median([run.predicted_hit_share for run in runs]) * 100:.1f} %"),
        Cell(f"{stats.median(shares) * 100:.1f} % ({min(shares) * 100:.1f}-{max(shares) * 100:.1f})"),
        Cell(units.format_count(stale), Tone.WARN if stale else Tone.GOOD),
        Cell(units.format_ms(stats.median([run.saved_ms_per_minute for run in runs]))),
        Cell(units.format_bytes(stats.median(per_entry)) if per_entry else "unknown"),
        Cell(units.format_count(stats.median(evictions)) if evictions else "unknown"),
    )


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
            yield (Cell(_TITLES[way] if kind == "hit" else ""), Cell(kind), *numbers)


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


def _notes(found: CacheBench) -> Iterator[str]:
    proof = found.proof
    yield (
        f"The bench's own client takes {proof.client_ms * 1000:.0f} µs of a request; asking the cache takes"
        f" {units.format_ms(proof.costs.get_ms)}, storing {units.format_ms(proof.costs.set_ms)}, when nobody else does."
    )
    if found.requests.learned < found.requests.keys:
        yield (
            f"{units.format_count(found.requests.learned)} of {units.format_count(found.requests.keys)} keys were asked for to"
            " learn their size and time; others are taken to be like their query's."
        )
    if proof.recommendation.sampled_share < 1:
        share = units.format_share(proof.recommendation.sampled_share)
        yield f"The curve of true LRU is of a sample of {share} of the keys (SHARDS)."
    yield "Entries end when a table that their query reads is written; tables that only triggers change are not known here."
    for query, why in found.left_out.items():
        yield f"{query} is left out: {why}"
    yield from found.notes


def _checks(proof: Proof) -> Iterator[Check]:
    for way, runs in proof.rounds.items():
        stale = sum(run.stale for run in runs)
        kept = way is not Invalidation.TTL
        state = State.FAILED if kept and stale else State.WARNING if stale else State.PASSED
        yield Check(
            id=f"stale/{way}", group="cache", state=state, message=f"{_TITLES[way]}: {stale} stale reads"
        )
    if proof.lost_after is not None:
        yield Check(
            id="lost",
            group="cache",
            state=State.ERROR,
            message=f"the cache was lost after {proof.lost_after} requests",
        )


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."


def _data(found: CacheBench) -> dict[str, object]:
    proof = found.proof
    recommendation = proof.recommendation
    return {
        "own_cache": to_data(found.own),
        "requests": to_data(found.requests),
        "left_out": dict(found.left_out),
        "server": proof.server,
        "memory": to_data(proof.model),
        "costs": to_data(proof.costs),
        "client_ms": proof.client_ms,
        "recommendation": {
            "maxmemory_bytes": recommendation.maxmemory_bytes,
            "policy": str(recommendation.policy),
            "sampled_share": recommendation.sampled_share,
            "queries": [to_data(worth) | {"cached": worth.cached} for worth in recommendation.worths],
            "curve": [to_data(point) for point in recommendation.curve],
        },
        "maxmemory_bytes": proof.maxmemory_bytes,
        "policy": str(proof.policy),
        "way": str(proof.way),
        "lost_after": proof.lost_after,
        "ways": [
            {"invalidation": str(way), "rounds": [to_data(run) for run in runs]}
            for way, runs in proof.rounds.items()
        ],
        "stampedes": [to_data(each) for each in proof.stampedes],
        "notes": list(_notes(found)),
    }
