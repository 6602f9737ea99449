"""Entry: what one run leaves in the history; numbers and digests, and no literal of anybody's data."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple

from perfkit import __version__, stats
from perfkit.baseline.comparison import blocks_of
from perfkit.baseline.model import fingerprint, sql_sha256
from perfkit.measure.model import Analysis, CaseResult
from perfkit.plan.runs import Runs
from perfkit.plan.shape import shape_of

_SQL_DIGITS = 16  # of the statement's sha256: tells texts apart, and keeps the line short
_TIME_DECIMALS = 3  # of milliseconds: the server tells microseconds


# A named tuple, as a long history holds millions of them and dataclasses take five times as long to make.
class CaseRun(NamedTuple):
    """One case in one run.

    `blocks` are all blocks of 8 kB touched; `sql`, `parameters` and `shape` are digests of the statement, the
    parameters' values and the plan's shape. `weight` is in calls per minute; `verdict` is its kind, '' when none.
    """

    median_ms: float
    samples: int
    blocks: int
    rows: int
    sql: str
    parameters: str
    shape: str
    weight: float
    verdict: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One run: when, by which command against which baseline, of which revision ('' when none), on which server.

    `server_version` is server_version_num (180006). `calibration_ms` has the median of each fixed piece of work that
    told how fast the machine was, by name; it may be empty. `cases` are by case id.
    """

    at: datetime
    perfkit: str
    command: str
    baseline: str
    revision: str
    server_version: int
    database: str
    calibration_ms: Mapping[str, float]
    cases: Mapping[str, CaseRun]

    @property
    def major(self) -> int:
        """Return the server's major version: 14 to 18."""
        return self.server_version // 10_000


def entry_from(
    analysis: Analysis,
    *,
    command: str,
    name: str,
    revision: str,
    calibration_ms: Mapping[str, float],
    verdicts: Mapping[str, str],
) -> Entry:
    """Return the entry of a measured workload; cases that did not run are left out.

    `name` is the baseline's, `verdicts` are kinds by case id.
    """
    return Entry(
        at=analysis.measured_at.astimezone(UTC).replace(microsecond=0),
        perfkit=__version__,
        command=command,
        baseline=name,
        revision=revision,
        server_version=analysis.facts.version,
        database=analysis.facts.database,
        calibration_ms={work: round(ms, _TIME_DECIMALS) for work, ms in calibration_ms.items()},
        cases={
            result.case.id: _case_run(result, result.runs, verdicts.get(result.case.id, ""))
            for result in analysis.results
            if result.runs
        },
    )


def _case_run(result: CaseResult, runs: Runs, verdict: str) -> CaseRun:
    return CaseRun(
        median_ms=round(stats.median(runs.execution_ms), _TIME_DECIMALS),
        samples=len(runs.execution_ms),
        blocks=blocks_of(runs.counters),
        rows=runs.counters.rows,
        sql=sql_sha256(result.query.statement)[:_SQL_DIGITS],
        parameters=fingerprint(result.case),
        shape=shape_of(runs.plan).digest,
        weight=result.weight,
        verdict=verdict,
    )
