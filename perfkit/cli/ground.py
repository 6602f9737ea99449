"""What index advice stands on: cases with plans and times, the tables, and a planner that is asked what if.

It comes from a server that is measured, or from a snapshot, where nothing can be measured and no server is reached.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from perfkit.cli.progress import progress_bar
from perfkit.cli.session import manner_of, server_at, server_from, workload_from
from perfkit.cli.twin import database, snapshot_from, written_workload
from perfkit.cli.whatif import hypopg_what_if, refuse_without_hypopg, twin_what_if
from perfkit.errors import MeasureError, NothingMeasuredError
from perfkit.units import listed

if TYPE_CHECKING:
    from perfkit.catalog.workload import WeightedCase, Workload
    from perfkit.db.server import GuardedServer
    from perfkit.indexes.advise import Planner
    from perfkit.indexes.gather import Gathered
    from perfkit.indexes.times import Times
    from perfkit.indexes.why_not import WithoutIndex
    from perfkit.measure.model import Analysis, CaseResult
    from perfkit.plan.model import Plan
    from perfkit.plan.tables import Tables
    from perfkit.settings import Settings
    from perfkit.twin.build import Twin
    from perfkit.twin.snapshot import Snapshot

TWIN, HYPOPG = "twin", "hypopg"
_NAMES_SHOWN = 3

_WhatIf = Callable[["Gathered"], AbstractContextManager["Planner"]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """The cases, where their times come from, and the ids of those whose time is a guess; the tables; the planner.

    `unmeasured` are the cases that are not among the results. `notes` say what to know of all that, a sentence each.
    """

    results: tuple["CaseResult", ...]
    times: "Times"
    estimated: frozenset[str]
    unmeasured: tuple["WithoutIndex", ...]
    tables: "Tables"
    what_if: _WhatIf
    notes: tuple[str, ...]


@contextmanager
def measured_ground(
    settings: "Settings", patterns: Sequence[str] | None, *, what_if: str = TWIN
) -> Iterator[Ground]:
    """Yield the ground on the server of the settings: the catalog measured there, writes that may not run planned there."""
    from perfkit.db.connect import connected
    from perfkit.db.guard import guarded
    from perfkit.db.tables import read_tables
    from perfkit.indexes.doubts import doubts
    from perfkit.indexes.times import Times
    from perfkit.indexes.why_not import not_measured
    from perfkit.measure.run import measure

    server = server_from(settings)
    if what_if == HYPOPG:
        refuse_without_hypopg(server)
    workload = workload_from(settings, server, patterns)
    with progress_bar("measure") as progress:
        analysis = measure(workload, server, manner_of(settings), progress)
    with connected(server.dsn) as connection, guarded(connection, server.guard):
        tables = read_tables(connection)
    with ExitStack() as stack:
        if what_if == HYPOPG:
            asked, planner = partial(hypopg_what_if, server, workload, tables), server
            lacks: tuple[str, ...] = ()
        else:
            twin, lacks = stack.enter_context(_twin_of(server, settings))
            # There the writes can be planned too that the role may not even prepare.
            planner = server_at(twin.dsn, settings, allow_superuser=True)
            asked = partial(twin_what_if, twin, workload, tables)
        guessed = _guessed(_writes_not_run(workload, analysis.results), analysis, planner)
        estimated = frozenset(each.case.id for each in guessed)
        yield Ground(
            results=(*(each for each in analysis.results if each.runs), *guessed),
            times=Times.MEASURED,
            estimated=estimated,
            unmeasured=not_measured(each for each in analysis.results if each.case.id not in estimated),
            tables=tables,
            what_if=asked,
            notes=(
                *_notes_on_writes(guessed),
                *doubts(analysis.facts, tables, time.time()),
                *lacks,
            ),
        )


@contextmanager
def snapshot_ground(
    settings: "Settings", patterns: Sequence[str] | None, file: Path, baseline: str | None
) -> Iterator[Ground]:
    """Yield the ground on a twin of the snapshot alone; times are the baseline's, or else the planner's costs."""
    from perfkit.db.connect import connected
    from perfkit.db.tables import read_tables
    from perfkit.indexes.times import Times, unmeasured_results
    from perfkit.indexes.why_not import not_planned
    from perfkit.twin.build import built_twin
    from perfkit.twin.codec import read_snapshot

    snapshot = read_snapshot(file)
    chosen = written_workload(settings, patterns)
    known_ms = _times_of(chosen.cases, settings, baseline) if baseline else {}
    with built_twin(snapshot, settings.dir, database()) as twin:
        planner = server_at(twin.dsn, settings, allow_superuser=True)
        plans, problems = _planned(chosen.cases, planner)
        if not plans:
            why = next(iter(problems.values()))
            raise NothingMeasuredError(f"no case was planned: {why}", hint="see: perfkit catalog list")
        with connected(twin.dsn) as connection:
            tables = _without_usage(read_tables(connection))
        known = {name: known_ms[name] for name in plans if name in known_ms}
        yield Ground(
            results=unmeasured_results(chosen.cases, plans, known),
            times=Times.BASELINE if known else Times.COST,
            estimated=frozenset(plans.keys() - known.keys()),
            unmeasured=not_planned(problems, chosen.undrawn),
            tables=tables,
            what_if=partial(twin_what_if, twin, chosen, tables),
            notes=(*_notes_on_snapshot(snapshot, baseline, plans, known), *twin.notes),
        )


def with_counted_weights(ground: Ground, calls_per_minute: Mapping[int, float]) -> Ground:
    """Return the ground with the calls that the server counted, those of a query shared out evenly among its cases.

    Raises MeasureError when it counted none of any query.
    """
    cases = Counter(each.query.name for each in ground.results)
    results = tuple(
        replace(each, weight=calls_per_minute.get(_identifier(each), 0.0) / cases[each.query.name])
        for each in ground.results
    )
    called = {each.query.name for each in results if each.weight}
    if not called:
        raise MeasureError(
            "pg_stat_statements counted no call of any query of the catalog",
            hint="let the application run for a while, or go by the headers' weights: --calls weights",
        )
    never = sorted(cases.keys() - called)
    note = f"pg_stat_statements counted no call of {len(never)} of {len(cases)} queries, which count for nothing: "
    told = (note + listed(never, _NAMES_SHOWN),) if never else ()
    return replace(ground, results=results, notes=(*told, *ground.notes))


def _identifier(result: "CaseResult") -> int:
    return (result.runs.plan.query_identifier if result.runs else None) or 0


def _writes_not_run(workload: "Workload", results: Iterable["CaseResult"]) -> tuple["WeightedCase", ...]:
    """Return the cases that write and may not run here: what new indexes cost them counts all the same."""
    left = {each.case.id for each in results if each.runs is None}
    return tuple(each for each in workload.cases if each.case.id in left and "write" in each.query.allowed)


def _guessed(
    cases: Sequence["WeightedCase"], analysis: "Analysis", planner: "GuardedServer"
) -> tuple["CaseResult", ...]:
    """Return the cases as they are planned, their times by what those of the analysis take for their costs."""
    from perfkit.indexes.times import unmeasured_results

    known_ms = {each.case.id: each.median_ms for each in analysis.results if each.median_ms is not None}
    plans = {each.case.id: each.runs.plan for each in analysis.results if each.runs}
    planned, _ = _planned(cases, planner)
    return unmeasured_results(cases, plans | planned, known_ms)


def _planned(
    cases: Sequence["WeightedCase"], server: "GuardedServer"
) -> tuple[dict[str, "Plan"], dict[str, str]]:
    """Return the plans of the cases, which are not run, and why others have none."""
    from perfkit.twin.compare import plan_all

    with progress_bar("plan") as progress:
        planned = plan_all(tuple(cases), server, progress)
    return (
        {name: each.plan for name, each in planned.items() if each.plan},
        {name: each.problem for name, each in planned.items() if not each.plan},
    )


def _times_of(cases: Iterable["WeightedCase"], settings: "Settings", baseline: str) -> dict[str, float]:
    """Return what a call of each case took when the baseline was recorded, of those that are still the same."""
    from perfkit import stats
    from perfkit.baseline import store
    from perfkit.baseline.comparable import recorded_case

    stored = store.load(settings.baselines, baseline)
    recorded = {each.case.id: recorded_case(stored, each.query, each.case) for each in cases}
    return {
        name: stats.median(then.execution_ms) for name, then in recorded.items() if then and then.execution_ms
    }


def _without_usage(tables: "Tables") -> "Tables":
    """Return the tables without what a twin counts itself, which says nothing of the server's own indexes."""
    return replace(
        tables,
        tables={
            name: replace(table, indexes=tuple(replace(index, scans=None) for index in table.indexes))
            for name, table in tables.tables.items()
        },
        statistics_since=None,
        has_replicas=None,
    )


def _notes_on_writes(guessed: Sequence["CaseResult"]) -> tuple[str, ...]:
    if not guessed:
        return ()
    queries = len({each.query.name for each in guessed})
    what = "1 query that writes was" if queries == 1 else f"{queries} queries that write were"
    return (f"{what} planned, not run: the time is by the planner's costs (--allow-writes runs them)",)


def _notes_on_snapshot(
    snapshot: "Snapshot", baseline: str | None, plans: Mapping[str, "Plan"], known: Mapping[str, float]
) -> Iterator[str]:
    yield f"the snapshot of {snapshot.database} is of {snapshot.exported_at:%Y-%m-%d %H:%M %Z}"
    yield "which indexes are never used is not in a snapshot: ask the server itself for such drops"
    if snapshot.is_redacted:
        yield (
            "values of text that the catalog does not write are not in the snapshot: those that are common are planned as if"
            " they were not, and no partial index is made for them (perfkit twin export --keep, --exact)"
        )
    if baseline and len(known) < len(plans):
        yield (
            f"{len(plans) - len(known)} of {len(plans)} cases are not in the baseline {baseline}, or changed since: their"
            " times are by the planner's costs"
        )
    yield from snapshot.data.lacks


@contextmanager
def _twin_of(server: "GuardedServer", settings: "Settings") -> Iterator[tuple["Twin", tuple[str, ...]]]:
    """Yield a twin of the server's database, and what it lacks."""
    from perfkit.twin.build import built_twin
    from perfkit.twin.snapshot import Redaction

    # It never leaves this machine, and is gone with the run.
    snapshot = snapshot_from(server, Redaction(values=False))
    with built_twin(snapshot, settings.dir, database()) as twin:
        yield twin, (*snapshot.data.lacks, *twin.notes)
