"""The document of the API bench: users, latencies and requests a second; memory of the instances; static assets."""

from collections.abc import Iterator

from perfkit import units
from perfkit.bench.api.model import ApiResult, Level, Step
from perfkit.bench.load.latencies import Latencies
from perfkit.bench.result import BenchResult
from perfkit.findings import Finding, Severity
from perfkit.report.chart import Chart, Point, Series, draw
from perfkit.report.data import to_data
from perfkit.report.document import Block, Cell, Check, Document, Paragraph, Picture, State, Table, Tone
from perfkit.report.documents.bench import result_data

SCHEMA = "perfkit.bench.api/1"
_QUANTILES = ((0.5, "p50"), (0.95, "p95"), (0.99, "p99"))
# The quantile that the limit is held against.
_JUDGED = 0.95
_TONES = {Severity.ERROR: Tone.BAD, Severity.WARNING: Tone.WARN, Severity.INFO: Tone.FAINT}
_STATES = {Severity.ERROR: State.FAILED, Severity.WARNING: State.WARNING, Severity.INFO: State.PASSED}


def api_document(result: BenchResult, found: ApiResult) -> Document:
    """Return the document of a load on an application."""
    return Document(
        schema=SCHEMA,
        title=f"perfkit bench api: {found.options.url}: {units.counted(found.held, 'user')} held of {units.counted(found.options.users[-1], 'user')}",
        blocks=(Picture(title="", svg=api_plot(found)), *_blocks(found)),
        checks=(
            *(_check(level, found) for level in found.levels),
            *(_memory_check(name, size_bytes, found) for name, size_bytes in found.memory_bytes.items()),
            *map(_asset_check, found.findings or ()),
        ),
        data=result_data(result)
        | {
            "url": found.options.url,
            "users_held": found.held,
            "target_ms": found.options.target_ms,
            "memory_target_bytes": found.options.memory_target_bytes,
            "workers": found.options.workers,
            "client_bound": found.client_bound,
            "client_late": found.client_late,
            "levels": [_level_data(level, found) for level in found.levels],
            "endpoints": [
                {
                    "name": target.name,
                    "method": target.method,
                    "simple": target.simple,
                    "weight": target.weight,
                    "latency": _latency_data(found.largest.latencies([target.name])),
                }
                for target in found.targets
            ],
            "instance_memory_bytes": found.memory_bytes,
            "instances_gone": list(found.gone),
            "assets": found.assets,
            "findings": None if found.findings is None else [to_data(each) for each in found.findings],
            "not_called": dict(found.not_called),
        },
    )


def api_plot(found: ApiResult) -> str:
    """Return the picture of the simple requests' latencies over users."""
    series = tuple(
        Series(
            name=name,
            points=tuple(
                Point(x=level.users, y=level.latencies(found.judged).quantile_ms(q)) for level in found.levels
            ),
        )
        for q, name in _QUANTILES
    )
    return draw(
        Chart(
            title=f"Latency of {_kind(found)} over users",
            x_title="users at once",
            y_title="ms",
            series=series,
            limit=found.options.target_ms,
        )
    )


def _blocks(found: ApiResult) -> Iterator[Block]:
    yield Table(
        title=_kind(found).capitalize(),
        headings=("users", "requests/s", *(name for _, name in _QUANTILES), "failed", "client busy"),
        rows=tuple(_level_row(level, found) for level in found.levels),
        numeric=frozenset(range(7)),
    )
    held = found.held == found.options.users[-1]
    yield Paragraph(_held(found), Tone.GOOD if held else Tone.WARN, is_result=True)
    if found.client_bound:
        yield Paragraph(
            f"Locust itself was {units.format_share(found.largest.client_share)} busy at {units.counted(found.largest.users, 'user')}: these"
            " latencies are its own; call from more workers (--master).",
            Tone.BAD,
        )
    elif found.client_late:
        yield Paragraph(
            f"Locust itself came up to {units.format_ms(found.largest.client_lag_ms)} late at {units.counted(found.largest.users, 'user')}, as"
            " this machine does other work: these latencies are too long by that. Measure on a quiet one.",
            Tone.WARN,
        )
    yield _memory(found)
    for name in found.gone:
        yield Paragraph(f"An instance is gone since this began: {name}", Tone.BAD)
    yield _endpoints(found)
    failures = sum((level.failures for level in found.levels), type(found.largest.failures)())
    for reason, count in failures.most_common():
        yield Paragraph(f"Requests that failed: {units.format_count(count)}, {reason}.", Tone.BAD)
    yield from _assets(found)
    if found.not_called:
        first = next(f"{name}: {reason}" for name, reason in found.not_called.items())
        yield Paragraph(
            f"Endpoints not called: {len(found.not_called)}, such as {first} (--format json has all).",
            Tone.WARN,
        )


def _memory(found: ApiResult) -> Paragraph:
    memory = found.memory_bytes
    if not memory:
        return Paragraph("Memory of the instances is unknown: name them by --pid or --metrics.", Tone.WARN)
    limit_bytes, most_bytes = found.options.memory_target_bytes, max(memory.values())
    who = "The instance" if len(memory) == 1 else f"The largest of {len(memory)} instances"
    return Paragraph(
        f"{who} took {units.format_bytes(most_bytes)} of memory at most; {units.format_bytes(limit_bytes)} is the limit.",
        Tone.PLAIN if most_bytes <= limit_bytes else Tone.BAD,
        is_result=True,
    )


def _latency(latencies: Latencies, q: float, limit_ms: float | None) -> Cell:
    """Return a quantile, bad beyond its limit; nothing of no request."""
    if not latencies.count:
        return Cell("")
    value_ms = latencies.quantile_ms(q)
    return Cell(
        units.format_ms(value_ms), Tone.BAD if limit_ms is not None and value_ms > limit_ms else Tone.PLAIN
    )


def _kind(found: ApiResult) -> str:
    return "simple requests" if found.simple else "requests"


def _level_row(level: Level, found: ApiResult) -> tuple[Cell, ...]:
    latencies = level.latencies(found.judged)
    failed = level.failures.total()
    low, high = min(level.rates), max(level.rates)
    middle = sorted(level.rates)[len(level.rates) // 2]
    spread = f" ({units.format_count(low)} to {units.format_count(high)})" if len(level.rates) > 1 else ""
    return (
        Cell(units.format_count(level.users)),
        Cell(f"{units.format_count(middle)}{spread}"),
        *(_latency(latencies, q, found.options.target_ms if q == _JUDGED else None) for q, _ in _QUANTILES),
        Cell(units.format_count(failed), Tone.BAD if failed else Tone.PLAIN),
        Cell(units.format_share(level.client_share), Tone.BAD if found.client_bound else Tone.PLAIN),
    )


def _held(found: ApiResult) -> str:
    limit = units.format_ms(found.options.target_ms)
    pause = (
        f", who pause {units.format_ms(found.options.think_ms)} between requests"
        if found.options.think_ms
        else ""
    )
    first = found.first_missed
    if first is None:
        return f"All {units.counted(found.held, 'user')}{pause}, are held: no request failed, and 95 % of {_kind(found)} took at most {limit}."
    failed, latencies = first.failures.total(), first.latencies(found.judged)
    reason = (
        "none was answered; give --seconds"
        if not (failed or latencies.count)
        else f"{units.counted(failed, 'request')} failed"
        if failed
        else f"5 % of {_kind(found)} took longer than {units.format_ms(latencies.quantile_ms(_JUDGED))}, and {limit} is the limit"
    )
    held = (
        f"{units.counted(found.held, 'user')}{pause}, are held"
        if found.held
        else "Not even the fewest users are held"
    )
    return f"{held}: with {units.format_count(first.users)}, {reason}."


def _endpoints(found: ApiResult) -> Table:
    rows = []
    for target in found.targets:
        latencies = found.largest.latencies([target.name])
        failed = sum(
            step.calls[target.name].failures.total()
            for step in found.largest.steps
            if target.name in step.calls
        )
        limit_ms = found.options.target_ms
        rows.append(
            (
                Cell(target.name),
                Cell("simple" if target.simple else "heavy", Tone.FAINT),
                Cell(units.format_count(latencies.count)),
                *(
                    _latency(latencies, q, limit_ms if target.simple and q == _JUDGED else None)
                    for q, _ in _QUANTILES
                ),
                Cell(units.format_count(failed), Tone.BAD if failed else Tone.PLAIN),
            )
        )
    return Table(
        title=f"What {units.counted(found.largest.users, 'user')} waited for",
        headings=("endpoint", "", "requests", *(name for _, name in _QUANTILES), "failed"),
        rows=tuple(rows),
        numeric=frozenset(range(2, 7)),
    )


def _assets(found: ApiResult) -> Iterator[Block]:
    if found.findings is None:
        return
    if not found.assets:
        yield Paragraph("No page has static assets to look at ([api] pages names the pages).", Tone.FAINT)
    elif not found.findings:
        yield Paragraph(
            f"Pages and static assets: {found.assets}, all of them compressed, with validators, and kept as long as they may be.",
            Tone.GOOD,
        )
    else:
        yield Table(
            title="Static assets",
            headings=("", "what", "fix"),
            rows=tuple(
                (Cell(str(each.severity), _TONES[each.severity]), Cell(each.title), Cell(each.fix))
                for each in found.findings
            ),
        )


def _check(level: Level, found: ApiResult) -> Check:
    p95_ms = level.latencies(found.judged).quantile_ms(_JUDGED)
    return Check(
        id=f"{level.users}-users",
        group="api",
        state=State.PASSED if found.holds(level) else State.FAILED,
        message=f"{units.counted(level.users, 'user')}: p95 {units.format_ms(p95_ms)}, {level.failures.total()} failed",
    )


def _memory_check(name: str, size_bytes: int, found: ApiResult) -> Check:
    limit_bytes = found.options.memory_target_bytes
    return Check(
        id=name,
        group="memory",
        state=State.PASSED if size_bytes <= limit_bytes else State.FAILED,
        message=f"{name}: {units.format_bytes(size_bytes)} of {units.format_bytes(limit_bytes)}",
    )


def _asset_check(finding: Finding) -> Check:
    return Check(
        id=f"{finding.rule} {finding.node}",
        group="assets",
        state=_STATES[finding.severity],
        message=finding.title,
        detail=finding.fix,
    )


def _level_data(level: Level, found: ApiResult) -> dict[str, object]:
    return {
        "users": level.users,
        "requests_per_s": list(level.rates),
        "simple": _latency_data(level.latencies(found.simple)),
        "all": _latency_data(level.latencies(found.names)),
        "failures": dict(level.failures),
        "client_share": level.client_share,
        "client_lag_ms": level.client_lag_ms,
        "runs": [_step_data(step, found) for step in level.steps],
    }


def _step_data(step: Step, found: ApiResult) -> dict[str, object]:
    return {
        "seconds": step.seconds,
        "simple": _latency_data(step.latencies(found.simple)),
        "failures": dict(step.failures),
        "client_share": step.client_share,
        "client_lag_ms": step.client_lag_ms,
        "memory_bytes": dict(step.memory_bytes),
    }


def _latency_data(latencies: Latencies) -> dict[str, float]:
    return {
        "requests": latencies.count,
        "mean_ms": latencies.mean_ms,
        **{f"{name}_ms": latencies.quantile_ms(q) for q, name in _QUANTILES},
        "largest_ms": latencies.largest_ms,
    }
