"""What an import bench leaves for targets and baselines: the recommended way's time, and figures a way."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from perfkit.bench.imports.accounts import Accounts
from perfkit.bench.imports.model import Comparison, Tried
from perfkit.bench.imports.recommend import Recommendation
from perfkit.bench.result import BenchResult, Environment, Figure, Kind, by_id


def result_of(
    comparison: Comparison,
    recommended: Recommendation,
    *,
    accounts: Accounts | None,
    at: datetime,
    environment: Environment,
    options: Mapping[str, str],
) -> BenchResult:
    """Return the bench's result.

    Its "ms_per_1000" is the recommended way's, a sample a round; "file.ms_per_1000" that of storing the whole file once,
    with every record accounted for.
    """
    figures = [_time("ms_per_1000", recommended.tried)]
    for tried in comparison.tried:
        figures += _figures(tried)
    if accounts and accounts.read:
        took_ms = accounts.elapsed_ms * 1_000 / accounts.read
        figures.append(Figure(id="file.ms_per_1000", unit="ms", kind=Kind.TIME, samples=(took_ms,)))
    return BenchResult(
        bench="import", at=at, environment=environment, options=options, figures=by_id(*figures)
    )


def _figures(tried: Tried) -> Iterable[Figure]:
    name = tried.trial.id
    yield _time(f"{name}.ms_per_1000", tried)
    yield Figure(
        id=f"{name}.wal_bytes_per_row",
        unit="bytes",
        kind=Kind.SIZE,
        samples=tuple(each.wal_bytes / each.rows for each in tried.measurements),
    )
    memory = tuple(float(each.client_bytes) for each in tried.measurements)
    yield Figure(id=f"{name}.client_bytes", unit="bytes", kind=Kind.SIZE, samples=memory)


def _time(name: str, tried: Tried) -> Figure:
    return Figure(id=name, unit="ms", kind=Kind.TIME, samples=tried.times_ms)
