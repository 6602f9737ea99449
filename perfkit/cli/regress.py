"""perfkit regress: the catalog judged now against a stored baseline, or a change judged in one run."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from perfkit.cli.change import Change, change_of
from perfkit.cli.change_options import ChangeOptions
from perfkit.cli.options import (
    MEASURING,
    BaselineDirectory,
    BaselineName,
    Budget,
    Calls,
    CatalogOptions,
    MeasureOptions,
    OutputOptions,
    Patterns,
    ServerOptions,
    takes,
)
from perfkit.cli.run import GATE_FAILED
from perfkit.cli.selftest import run_self_test
from perfkit.cli.session import (
    budget_of,
    chance_of,
    emit,
    leave,
    paired_trial,
    remember,
    server_from,
    settings_from,
    side_from,
    thresholds_of,
)
from perfkit.errors import NotComparableError, UsageError

if TYPE_CHECKING:
    from perfkit.baseline.trial import Trial
    from perfkit.baseline.verdict import Judgement
    from perfkit.settings import Settings


@takes(change=ChangeOptions, **MEASURING, out=OutputOptions)
def regress(
    patterns: Patterns = None,
    *,
    name: BaselineName = "main",
    baselines: BaselineDirectory = None,
    budget: Budget = None,
    calls: Calls = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit 4 when a case was not judged, or is inconclusive.")
    ] = False,
    self_test: Annotated[
        bool,
        typer.Option("--self-test", help="Hold the gate to known changes, on a database of its own."),
    ] = False,
    benches: Annotated[
        bool,
        typer.Option("--benches", help="Judge the newest results of perfkit bench, and run no query."),
    ] = False,
    change: ChangeOptions,
    server: ServerOptions,
    catalog: CatalogOptions,
    measuring: MeasureOptions,
    out: OutputOptions,
) -> None:
    """Judge the catalog as it runs now against the baseline, or a change: two databases, a migration, changed queries.

    What looks changed is measured again and fails only when that agrees. Exit 1 on a regression or a case that fails,
    4 when nothing can be compared (with --strict, when anything cannot).
    """
    from perfkit.report.documents.regress import regress_document

    settings = settings_from(server, catalog, measuring, baselines=baselines, budget=budget, calls=calls)
    if benches:
        if self_test or change.is_given or patterns:
            raise UsageError("--benches judges what is stored: give it neither queries nor a change")
        _judge_benches(settings, name, strict=strict, out=out)
        return
    if self_test:
        if change.is_given or patterns:
            raise UsageError(
                "--self-test judges changes of its own: give it neither queries nor another change"
            )
        run_self_test(settings, out)
        return
    if change.twin:
        _judge_on_twins(settings, patterns, change, strict=strict, out=out)
        return
    if change.is_given:
        with change_of(settings, patterns, change) as sides:
            trial, against, notes = _judge_change(settings, sides), sides.title, sides.notes
    else:
        trial, against, notes = _judge_stored(settings, patterns, name), f"the baseline {name}", ()
    judgement = _ranked(trial, settings)
    if not change.migration:  # copies are no database whose history anybody follows
        verdicts = {verdict.id: str(verdict.kind) for verdict in judgement.verdicts}
        remember(settings, trial.analysis, command="regress", name=name, verdicts=verdicts)
    emit(regress_document(replace(trial, judgement=judgement), against=against, notes=notes), out)
    _leave_by(judgement, strict=strict)


def _leave_by(judgement: "Judgement", *, strict: bool) -> None:
    """End with the exit code of a judgement."""
    if judgement.failed:
        leave(GATE_FAILED)
    unjudged = judgement.nothing_compared or (strict and judgement.undecided)
    leave(NotComparableError.exit_code if unjudged else 0)


def _ranked(trial: "Trial", settings: "Settings") -> "Judgement":
    """Return the judgement with the impacts that the settings want."""
    from perfkit.baseline.impact import by_calls

    if settings.calls == "weights":
        return trial.judgement
    return by_calls(trial.judgement, trial.analysis, server_from(settings).calls_per_minute())


def _judge_stored(settings: "Settings", patterns: Sequence[str] | None, name: str) -> "Trial":
    from perfkit.baseline import store
    from perfkit.baseline.sampling import StoredSampler
    from perfkit.baseline.tally import start_tally
    from perfkit.baseline.trial import run_trial
    from perfkit.cli.progress import progress_bar

    stored = store.chosen(store.load(settings.baselines, name), patterns or ())
    side = side_from(settings, patterns)
    with progress_bar("regress") as progress:
        sampler = StoredSampler(
            baseline=stored,
            tally=start_tally(side),
            budget=budget_of(settings),
            chance=chance_of(settings),
            progress=progress,
        )
        return run_trial(sampler, thresholds_of(settings))


def _judge_benches(settings: "Settings", name: str, *, strict: bool, out: OutputOptions) -> None:
    from perfkit.bench import store
    from perfkit.bench.judge import Outcome, judge_benches
    from perfkit.report.documents.bench import benches_document

    before = store.load(store.baseline_in(settings.baselines, name))
    if not before:
        raise UsageError(
            f"the baseline {name!r} in {settings.baselines} holds no bench",
            hint="record one first: perfkit bench import, then perfkit baseline bench",
        )
    now = store.load(store.newest_in(settings.dir))
    verdicts = judge_benches(before, {bench: result for bench, result in now.items() if bench in before})
    emit(benches_document(verdicts, against=f"the baseline {name}"), out)
    outcomes = {verdict.outcome for verdict in verdicts}
    if Outcome.WORSE in outcomes:
        leave(GATE_FAILED)
    unjudged = {Outcome.NOT_COMPARABLE, Outcome.MISSING, Outcome.NEW}
    nothing = outcomes <= unjudged
    leave(
        NotComparableError.exit_code if nothing or (strict and outcomes & {*unjudged, Outcome.UNCLEAR}) else 0
    )


def _judge_change(settings: "Settings", change: Change) -> "Trial":
    from perfkit.cli.progress import progress_bar

    with progress_bar("regress") as progress:
        return paired_trial(settings, change.base, change.head, progress)


def _judge_on_twins(
    settings: "Settings",
    patterns: Sequence[str] | None,
    change: ChangeOptions,
    *,
    strict: bool,
    out: OutputOptions,
) -> None:
    """Judge the plans of the written cases before and after the migration; drawn ones would need a database."""
    from datetime import UTC, datetime
    from functools import partial

    from perfkit.baseline.plans import judge_plans
    from perfkit.cli.progress import progress_bar
    from perfkit.cli.twin import left_out, running_twin, written_workload
    from perfkit.db.migration import apply_migration, read_migration
    from perfkit.report.documents.regress import Place, judgement_document
    from perfkit.twin.codec import read_snapshot
    from perfkit.twin.compare import agreements, plan_all

    files = change.migration or []
    read_migration(files)  # what is wrong with them is told before anything is built
    snapshot = read_snapshot(change.twin) if change.twin else None
    assert snapshot is not None
    chosen = written_workload(settings, patterns)
    cases = chosen.cases
    with running_twin(snapshot, settings) as (twin, planner), progress_bar("before") as progress:
        before = plan_all(cases, planner, progress)
        notes = (*left_out(chosen), *snapshot.data.lacks, *twin.notes)
    migrate = partial(apply_migration, files=files)
    with running_twin(snapshot, settings, migrate) as (_, planner), progress_bar("after") as progress:
        after = plan_all(cases, planner, progress)
    judgement = judge_plans(agreements(cases, before, after))
    places = {each.case.id: Place(path=str(each.query.path), line=each.query.line) for each in cases}
    against = f"the twin of {snapshot.database} without the migration"
    emit(
        judgement_document(judgement, places, against=against, notes=notes, measured_at=datetime.now(UTC)),
        out,
    )
    _leave_by(judgement, strict=strict)
