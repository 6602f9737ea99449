"""Index changes proved on copies: made on one of two, the catalog measured on both in turns."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from perfkit.cli.change import copies_of
from perfkit.cli.progress import progress_bar
from perfkit.cli.session import manner_of, paired_trial, server_at, workload_from
from perfkit.errors import StatementError

if TYPE_CHECKING:
    from perfkit.baseline.tally import Side
    from perfkit.baseline.trial import Trial
    from perfkit.db.server import GuardedServer
    from perfkit.indexes.change import Change
    from perfkit.indexes.measured import MeasuredCase
    from perfkit.indexes.verify import Instead, Verified
    from perfkit.plan.tables import Tables
    from perfkit.settings import Settings


def verified(
    settings: "Settings",
    server: "GuardedServer",
    changes: "Sequence[Change]",
    *,
    patterns: Sequence[str] | None = None,
    needs: Sequence[str] = (),
    copies: str | None = None,
    weights: Mapping[str, float] | None = None,
    instead: "Instead | None" = None,
) -> "Verified":
    """Return what is left of the changes when the chosen cases are measured on two copies of the server's database.

    `needs` are statements that must be run before the changes, `weights` the calls a minute by case where they are not
    those of the catalog, `instead` what is made for what is thrown out. The cases are drawn from a copy; what writes runs
    too, as nobody else reads there.
    """
    from perfkit.baseline.tally import Side
    from perfkit.db.connect import connected
    from perfkit.db.copy_imports import import_costs
    from perfkit.db.copy_indexes import CopyIndexes
    from perfkit.db.tables import read_tables
    from perfkit.db.vacuum import Vacuum
    from perfkit.indexes.verify import verify

    source, kind = _source(settings, server, copies)
    with copies_of(settings, source, kind) as made, progress_bar("verify") as progress:
        servers = [
            server_at(dsn, settings, allow_writes=True, allow_superuser=True)
            for dsn in (made.base, made.head)
        ]
        chosen, manner = workload_from(settings, servers[0], patterns), manner_of(settings)
        base, head = (
            Side(server=each, workload=chosen, manner=manner, tidy=Vacuum(dsn=each.dsn)) for each in servers
        )
        with connected(made.base) as connection:
            tables = read_tables(connection)

        unmeasured: dict[str, str] = {}

        def measure(cases: frozenset[str] | None = None) -> "list[MeasuredCase]":
            before, after = (_only(side, cases) for side in (base, head))
            trial = paired_trial(settings, before, after, progress)
            unmeasured.update(_problems(trial))
            return _measured(trial, tables, weights or {})

        copy = CopyIndexes(dsn=made.head)
        for need in needs:
            with suppress(StatementError):  # the indexes that need it will tell
                copy.run((need,))
        found = verify(changes, copy, measure, measure, instead)
        progress(0, 0, "imports")
        imports = import_costs(made.base, made.head, found.tables)
        return replace(found, imports=imports, unmeasured=unmeasured)


def _only(side: "Side", cases: frozenset[str] | None) -> "Side":
    """Return the side with the cases of these ids, all for None."""
    return replace(side, workload=replace(side.workload, cases=tuple(side.cases(cases))))


def _source(
    settings: "Settings", server: "GuardedServer", copies: str | None
) -> tuple["GuardedServer", str | None]:
    """Return the server whose database is copied, another where `copies` is a connection string, and how it is copied."""
    if copies and ("://" in copies or "=" in copies) and not Path(copies).exists():
        return server_at(copies, settings), None
    return server, copies


def _problems(trial: "Trial") -> dict[str, str]:
    """Return the problem of each case that did not run, by id."""
    results = trial.analysis.results
    return {result.case.id: result.problem.message for result in results if result.problem}


def _measured(trial: "Trial", tables: "Tables", weights: Mapping[str, float]) -> "list[MeasuredCase]":
    """Return each case as it was measured on both sides, with its own weight where `weights` has none."""
    from perfkit.baseline.verdict import Cause, Gate
    from perfkit.indexes.measured import MeasuredCase, with_plan

    verdicts = {verdict.id: verdict for verdict in trial.judgement.verdicts}
    found = []
    for result in trial.analysis.results:
        verdict = verdicts[result.case.id]
        if result.runs is None or "median_before_ms" not in verdict.evidence:
            continue
        case = MeasuredCase(
            case_id=result.case.id,
            weight=weights.get(result.case.id, result.weight),
            before_ms=float(verdict.evidence["median_before_ms"]),
            after_ms=float(verdict.evidence["median_now_ms"]),
            slower=verdict.gate is Gate.FAILED,
            faster=verdict.cause is Cause.IMPROVED,
            used_before=trial.baseline[result.query.name].cases[result.case.name].indexes,
        )
        found.append(with_plan(case, result.runs.plan, tables))
    return found
