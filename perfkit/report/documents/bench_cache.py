"""The document of perfkit bench cache: the two caches, the curve, the recommendation and its proof."""

from collections.abc import Iterator, Sequence

from perfkit import stats, units
from perfkit.bench.cache.aside import Invalidation
from perfkit.bench.cache.policies import Policy
from perfkit.bench.cache.predict import SizePoint
from perfkit.bench.cache.prove import Proof
from perfkit.bench.cache.result import CacheBench
from perfkit.bench.cache.thresholds import THRESHOLDS
from perfkit.bench.cache.worth import Worth
from perfkit.bench.result import BenchResult
from perfkit.report.chart import Chart, Point, Series, draw
from perfkit.report.data import to_data
from perfkit.report.document import Block, Cell, Check, Document, Paragraph, Picture, State, Table, Tone
from perfkit.report.documents.bench import result_data
from perfkit.report.documents.bench_cache_own import own_blocks
from perfkit.report.documents.bench_cache_proof import TITLES, proof_blocks

SCHEMA = "perfkit.bench.cache/1"
_MB = 1024**2
_SHOWN = 10


def cache_document(found: CacheBench, result: BenchResult) -> Document:
    """Return the document of a cache bench and its figures."""
    proof = found.proof
    return Document(
        schema=SCHEMA,
        title=f"perfkit bench cache: {_headline(found)}",
        blocks=(
            *own_blocks(found.own),
            Paragraph(_stream_words(found)),
            *_curve_blocks(proof),
            Picture(title="", svg=draw(cache_chart(found))),
            *_worth_blocks(proof.recommendation.worths),
            *proof_blocks(proof),
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
        is_result=True,
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
    unseen = sum(not worth.writes_seen for worth in cached)
    if unseen:
        yield Paragraph(
            f"Not all writes to the tables of {units.format_count(unseen)} of these {units.format_count(len(cached))} queries were"
            f" seen; until they are, let their entries live {_seconds(THRESHOLDS.unseen_ttl_s)} at most. Why is said below.",
            Tone.WARN,
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
        _writes_cell(worth),
        Cell(_seconds(worth.ttl_seconds)),
        Cell(_seconds(worth.ttl_alone_seconds)),
    )


def _writes_cell(worth: Worth) -> Cell:
    if not worth.writes_seen:
        return Cell("not seen", Tone.WARN)
    if worth.reads_per_write is None:
        return Cell("never written")
    return Cell(units.format_count(worth.reads_per_write))


def _seconds(seconds: float) -> str:
    for unit, factor in (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1)):
        if seconds >= factor:
            return f"{seconds / factor:.3g} {unit}"
    return "below 1 s"


def _notes(found: CacheBench) -> Iterator[str]:
    proof = found.proof
    yield (
        f"The bench's own client takes {proof.client_ms * 1000:.0f} µs of a request; asking the cache takes"
        f" {units.format_ms(proof.costs.get_ms)}, storing {units.format_ms(proof.costs.set_ms)}, when nobody else does."
    )
    refused = sum(run.refused for runs in proof.rounds.values() for run in runs)
    if refused:
        yield f"{units.format_count(refused)} entries were refused: the server had no room and nothing to evict."
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
            id=f"stale/{way}", group="cache", state=state, message=f"{TITLES[way]}: {stale} stale reads"
        )
    if proof.lost_after is not None:
        yield Check(
            id="lost",
            group="cache",
            state=State.ERROR,
            message=f"the cache was lost after {proof.lost_after} requests",
        )


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
