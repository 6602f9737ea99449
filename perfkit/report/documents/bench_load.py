"""The document of the load bench: users, latencies and calls a second; what saturates; the pool."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from perfkit import units
from perfkit.bench.load.bench import Level
from perfkit.bench.load.model import LoadResult
from perfkit.bench.load.saturation import Limit
from perfkit.bench.load.scalability import Scalability
from perfkit.bench.load.thresholds import OTHERS_SHARE
from perfkit.bench.result import BenchResult
from perfkit.report.chart import Chart, Point, Series, draw
from perfkit.report.document import Block, Cell, Check, Document, Paragraph, Picture, State, Table, Tone
from perfkit.report.documents.bench import result_data
from perfkit.report.documents.bench_load_data import QUANTILES, load_data

SCHEMA = "perfkit.bench.load/1"
# What a person reads; JSON has all.
_QUERIES_SHOWN = 10


def load_document(result: BenchResult, found: LoadResult) -> Document:
    """Return the document of a load."""
    return Document(
        schema=SCHEMA,
        title=f"perfkit bench load: {units.counted(found.held, 'user')} held of {units.counted(found.options.users[-1], 'user')}",
        blocks=(Picture(title="", svg=load_plot(found)), *_blocks(found)),
        checks=tuple(_check(level, found) for level in found.levels),
        data=result_data(result) | load_data(found),
    )


def load_plot(found: LoadResult) -> str:
    """Return the picture of latencies over users."""
    series = tuple(
        Series(
            name=name,
            points=tuple(Point(x=level.users, y=level.latencies.quantile_ms(q)) for level in found.levels),
        )
        for q, name in QUANTILES
    )
    return draw(
        Chart(
            title="Latency over users",
            x_title="users at once",
            y_title="ms",
            series=series,
            limit=found.options.within_ms,
        )
    )


def _blocks(found: LoadResult) -> Iterator[Block]:
    late = ("late",) if found.options.rate else ()
    yield Table(
        title="",
        headings=("users", "calls/s", *(name for _, name in QUANTILES), "failed", *late),
        rows=tuple(_level_row(level, found) for level in found.levels),
        numeric=frozenset(range(8)),
    )
    held = found.held == found.options.users[-1]
    yield Paragraph(_held(found), Tone.GOOD if held else Tone.WARN, is_result=True)
    yield Table(
        title="What was busy meanwhile",
        headings=("users", "sessions that ran", "client's threads", "processors here"),
        rows=tuple(_busy_row(level) for level in found.levels),
        numeric=frozenset(range(4)),
    )
    yield Paragraph(f"What is used up first: {found.saturation.limit} ({found.saturation.evidence}).")
    if found.law and len(found.levels) > 2 and found.options.rate is None:
        yield Paragraph(_law(found.law))
    if memory := found.figures.get("server_memory_bytes"):
        yield Paragraph(
            f"The server's processes took {units.format_bytes(memory.spread[1])} at most, shared pages counted once."
        )
    if found.pool:
        yield from _pool_blocks(found)
    yield _queries(found)
    for message, count in _added(step.run.errors for step in found.steps).items():
        yield Paragraph(f"{units.format_count(count)} users had to stop: {message}", Tone.BAD)
    for message, count in _added(step.run.calls.failures for step in found.steps).items():
        yield Paragraph(f"{units.format_count(count)} calls failed: {message}", Tone.BAD)
    if found.not_called:
        first = next(f"{name}: {reason}" for name, reason in found.not_called.items())
        yield Paragraph(
            f"{len(found.not_called)} cases were not called, such as {first} (--format json has all).",
            Tone.WARN,
        )


def _level_row(level: Level, found: LoadResult) -> tuple[Cell, ...]:
    latencies = level.latencies
    late = sum(step.run.calls.late for step in level.steps)
    tone = Tone.PLAIN if level.within(found.options.within_ms) else Tone.BAD
    return (
        Cell(units.format_count(level.users)),
        Cell(f"{units.format_count(level.rate)}{_spread(level.rates)}"),
        *(Cell(units.format_ms(latencies.quantile_ms(q)), tone) for q, _ in QUANTILES),
        Cell(units.format_count(level.failed), Tone.BAD if level.failed else Tone.PLAIN),
        *([Cell(units.format_share(late / max(1, latencies.count)))] if found.options.rate else []),
    )


def _busy_row(level: Level) -> tuple[Cell, ...]:
    server = [step.processor_share for step in level.steps if step.processor_share is not None]
    return (
        Cell(units.format_count(level.users)),
        Cell(f"{_mean(step.seen.busy for step in level.steps):.1f}"),
        Cell(units.format_share(_mean(step.client_share for step in level.steps))),
        Cell(units.format_share(_mean(iter(server))) if server else "unknown"),
    )


def _held(found: LoadResult) -> str:
    limit = units.format_ms(found.options.within_ms)
    pause = (
        f", who pause {units.format_ms(found.options.think_ms)} between calls"
        if found.options.think_ms
        else ""
    )
    if found.held == found.options.users[-1]:
        return f"All {units.counted(found.held, 'user')}{pause}, are held: no call failed, and 95 % took at most {limit}."
    return f"{units.counted(found.held, 'user')}{pause}, are held: beyond them a call failed, or more than 5 % took longer than {limit}."


def _law(law: Scalability) -> str:
    peak = (
        "more users never get less"
        if law.peak_users == float("inf")
        else f"most calls/s at {law.peak_users:,.0f} users"
    )
    return (
        f"Universal Scalability Law: contention {law.contention:.3g}, coherency {law.coherency:.3g}, {peak}"
        f" (within {law.error * 100:.0f} % of what was measured)."
    )


def _pool_blocks(found: LoadResult) -> Iterator[Block]:
    pool = found.pool
    assert pool is not None
    yield Table(
        title="Connections that never rest",
        headings=("connections", "calls/s", "p50", "p95", "p99"),
        rows=tuple(
            (
                Cell(str(level.users), Tone.GOOD if level.users == pool.size else Tone.PLAIN),
                Cell(f"{units.format_count(level.rate)}{_spread(level.rates)}"),
                *(Cell(units.format_ms(level.latencies.quantile_ms(q))) for q, _ in QUANTILES[:3]),
            )
            for level in pool.levels
        ),
        numeric=frozenset(range(5)),
    )
    half = units.format_share(pool.half_share)
    twice = units.format_share(pool.twice_share)
    verified = (
        f"half of it serves {half} of what it serves, twice as many {twice}"
        if pool.size > 1
        else f"twice as many serve {twice} of what it serves"
    )
    doubt = "" if pool.holds else "; these runs differ too much to tell: measure longer (--seconds)"
    then = (
        f" What it uses up: {pool.saturation.limit} ({pool.saturation.evidence})."
        if pool.saturation.limit is not Limit.NOTHING
        else ""
    )
    yield Paragraph(
        f"A pool of {pool.size} is the smallest that serves nearly all there is: {verified}{doubt}.{then}",
        Tone.GOOD if pool.holds else Tone.WARN,
        is_result=True,
    )
    others = pool.others_share or 0.0
    if others >= OTHERS_SHARE:
        yield Paragraph(
            f"Other programs took {units.format_share(others)} of the processors meanwhile, and a larger pool takes more"
            " from them: measure again on a machine that does nothing else.",
            Tone.WARN,
        )


def _queries(found: LoadResult) -> Table:
    slowest = sorted(found.by_query.items(), key=lambda item: -item[1].total_ms)
    return Table(
        title=f"Where {units.counted(found.largest.users, 'user')} spend their time",
        headings=("query", "calls", *(name for _, name in QUANTILES), "share of time"),
        rows=tuple(
            (
                Cell(name),
                Cell(units.format_count(each.count)),
                *(Cell(units.format_ms(each.quantile_ms(q))) for q, _ in QUANTILES),
                Cell(units.format_share(each.total_ms / max(0.001, found.largest.latencies.total_ms))),
            )
            for name, each in slowest[:_QUERIES_SHOWN]
        ),
        numeric=frozenset(range(1, 7)),
    )


def _added(counts: Iterable[Mapping[str, int]]) -> Counter[str]:
    return sum(map(Counter, counts), Counter())


def _check(level: Level, found: LoadResult) -> Check:
    held = level.within(found.options.within_ms)
    p95_ms = level.latencies.quantile_ms(0.95)
    return Check(
        id=f"{level.users}-users",
        group="load",
        state=State.PASSED if held else State.FAILED,
        message=f"{units.counted(level.users, 'user')}: {level.rate:,.0f} calls/s, p95 {units.format_ms(p95_ms)}, {level.failed} failed",
    )


def _spread(values: tuple[float, ...]) -> str:
    return (
        f" ({units.format_count(min(values))} to {units.format_count(max(values))})"
        if len(values) > 1
        else ""
    )


def _mean(values: Iterator[float]) -> float:
    listed = list(values)
    return sum(listed) / len(listed) if listed else 0.0
