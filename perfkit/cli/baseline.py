"""perfkit baseline: record what the catalog does now, look at what is recorded, accept a changed plan."""

import os
from typing import TYPE_CHECKING, Annotated

import typer

from perfkit.cli.git import git_says
from perfkit.cli.options import (
    MEASURING,
    BaselineDirectory,
    BaselineName,
    Budget,
    CatalogOptions,
    MeasureOptions,
    OutputOptions,
    ServerOptions,
    takes,
)
from perfkit.cli.session import (
    budget_of,
    chance_of,
    emit,
    leave,
    remember,
    settings_from,
    side_from,
)
from perfkit.errors import MeasureError, NothingMeasuredError, UsageError

if TYPE_CHECKING:
    from perfkit.baseline.tally import Side
    from perfkit.measure.model import Analysis, CaseResult
    from perfkit.settings import Settings

app = typer.Typer(help="Record a baseline; list, show, and accept plans.", invoke_without_command=True)

Only = Annotated[
    list[str] | None,
    typer.Option("--only", metavar="QUERY", help="Record these queries alone, as in: --only 'giving_*'."),
]


@app.callback()
@takes(**MEASURING, out=OutputOptions)
def record(
    context: typer.Context,
    *,
    only: Only = None,
    name: BaselineName = "main",
    baselines: BaselineDirectory = None,
    sessions: Annotated[
        int | None, typer.Option("--sessions", min=1, help="How often each case is measured anew.")
    ] = None,
    budget: Budget = None,
    server: ServerOptions,
    catalog: CatalogOptions,
    measuring: MeasureOptions,
    out: OutputOptions,
) -> None:
    """Measure the catalog in several sessions and store counters, plans' shapes and times, a JSON file a query, meant for git.

    Accepted plans of cases with the same SQL and values are kept. Exit 3 when a case could not be measured, unless it
    writes and may not, or no time was left for it; what is stored of its query stays as it was, the other queries are
    stored.
    """
    if context.invoked_subcommand:
        return
    from perfkit.baseline import store
    from perfkit.report.documents.baseline import record_document

    if named := next((pattern for pattern in only or () if "/" in pattern), None):
        raise UsageError(
            f"--only {named!r} names a case: a baseline holds whole queries",
            hint=f"record the query: --only '{named.partition('/')[0]}'",
        )
    settings = settings_from(
        server, catalog, measuring, baselines=baselines, sessions=sessions, budget=budget
    )
    analysis = _recorded(settings, side_from(settings, only))
    recorded = store.record(settings.baselines, name, analysis, whole=not only)
    remember(settings, analysis, command="baseline", name=name, verdicts={})
    emit(record_document(analysis, recorded, directory=settings.baselines / name), out)
    incomplete = any(result.problem and not _is_choice(result, settings) for result in analysis.results)
    leave(MeasureError.exit_code if incomplete else 0)


def _is_choice(result: "CaseResult", settings: "Settings") -> bool:
    """Tell whether a case was not measured because it writes, which the user has not allowed."""
    from perfkit.measure.model import ProblemKind

    refused = result.problem is not None and result.problem.kind is ProblemKind.REFUSED
    return refused and "write" in result.query.allowed and not settings.allow_writes


def _recorded(settings: "Settings", side: "Side") -> "Analysis":
    from perfkit.baseline.tally import record_round, start_tally
    from perfkit.cli.progress import progress_bar
    from perfkit.measure.run import refuse_nothing_measured

    tally = start_tally(side)
    budget, chance = budget_of(settings), chance_of(settings)
    for number in range(settings.sessions):
        with progress_bar(f"session {number + 1} of {settings.sessions}") as progress:
            if not record_round(tally, None, budget, chance, progress):
                break
    analysis = tally.analysis()
    refuse_nothing_measured(analysis)
    return analysis


@app.command("list")
@takes(out=OutputOptions)
def list_(*, baselines: BaselineDirectory = None, out: OutputOptions) -> None:
    """Show the baselines that are stored."""
    from perfkit.baseline import store
    from perfkit.report.documents.baseline import list_document

    directory = settings_from(baselines=baselines).baselines
    emit(list_document({name: store.load(directory, name) for name in store.list_baselines(directory)}), out)


@app.command("show")
@takes(out=OutputOptions)
def show(
    query: Annotated[str, typer.Argument(metavar="QUERY", help="The query's name.")],
    *,
    name: BaselineName = "main",
    baselines: BaselineDirectory = None,
    out: OutputOptions,
) -> None:
    """Show what is stored of one query: counters, times and plan shapes, accepted ones too."""
    from perfkit.baseline import store
    from perfkit.report.documents.baseline import show_document

    stored = store.load(settings_from(baselines=baselines).baselines, name)
    if query not in stored:
        raise UsageError(
            f"the baseline {name!r} has no query {query!r}", hint=f"it has {', '.join(sorted(stored))}"
        )
    emit(show_document(stored[query]), out)


@app.command("accept")
@takes(**MEASURING)
def accept(
    case: Annotated[str, typer.Argument(metavar="QUERY/CASE", help="The case whose plan changed.")],
    *,
    reason: Annotated[str, typer.Option("--reason", help="Why the new plan is right.")],
    name: BaselineName = "main",
    baselines: BaselineDirectory = None,
    server: ServerOptions,
    catalog: CatalogOptions,
    measuring: MeasureOptions,
) -> None:
    """Measure a case and accept the plan that it has now, beside the one in the baseline.

    It is measured in as many sessions as a baseline, with the sizes of its tables and the speed of the machine. Exit 4
    when its SQL or values are no longer those of the baseline.
    """
    from perfkit.baseline import store
    from perfkit.baseline.accepted import accept_plan, refuse_unacceptable
    from perfkit.baseline.comparable import refuse_other_case
    from perfkit.baseline.model import accepted_plan

    settings = settings_from(server, catalog, measuring, baselines=baselines)
    query, _, case_name = case.partition("/")
    stored = store.load(settings.baselines, name)
    if query not in stored or not case_name:
        raise UsageError(
            f"the baseline {name!r} has no case {case!r}", hint="name it as regress does: query/case"
        )
    refuse_unacceptable(stored[query], case_name, reason)
    side = side_from(settings, [case])
    for each in side.workload.cases:
        refuse_other_case(stored[query], each.query, each.case)
    analysis = _recorded(settings, side)
    (runs,) = (result.runs for result in analysis.results if result.runs)
    plan = accepted_plan(runs, analysis, reason=reason, author=_author())
    store.save(settings.baselines, name, [accept_plan(stored[query], case_name, plan)])
    typer.echo(
        f"Accepted the plan of {case} ({plan.shape.digest}) in {settings.baselines / name / query}.json."
    )


@app.command("bench")
def bench(
    benches: Annotated[
        list[str] | None, typer.Argument(metavar="[BENCH]...", help="Such as import; all without a name.")
    ] = None,
    *,
    name: BaselineName = "main",
    baselines: BaselineDirectory = None,
) -> None:
    """Add the newest results of `perfkit bench` to the baseline; `perfkit regress --benches` judges later ones by them."""
    from perfkit.bench import store

    settings = settings_from(baselines=baselines)
    newest = store.load(store.newest_in(settings.dir))
    for wanted in benches or ():
        if wanted not in newest:
            raise UsageError(
                f"there is no result of the bench {wanted!r}",
                hint=f"there are {', '.join(newest)}" if newest else f"run it: perfkit bench {wanted}",
            )
    chosen = [result for bench, result in newest.items() if not benches or bench in benches]
    if not chosen:
        raise NothingMeasuredError("no bench has been run yet", hint="run one: perfkit bench import")
    folder = store.baseline_in(settings.baselines, name)
    store.save(folder, chosen)
    typer.echo(f"Recorded {', '.join(result.bench for result in chosen)} in {folder}.")


def _author() -> str:
    """Return who accepts: git's user name, else the login name."""
    return git_says("config", "user.name") or os.environ.get("USER", "unknown")
