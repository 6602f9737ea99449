"""The documents of health: what each check says, and which checks there are."""

from collections.abc import Iterator
from itertools import groupby
from typing import Any

from perfkit.health.model import Concern, Health, HealthCheck, HealthResult, HealthState, Scope
from perfkit.health.thresholds import SHOWN_OBJECTS
from perfkit.report.data import to_data
from perfkit.report.document import Block, Cell, Check, Document, Item, Listing, Paragraph, State, Table, Tone

SCHEMA = "perfkit.health/1"

_TONES = {
    HealthState.OK: Tone.GOOD,
    HealthState.UNKNOWN: Tone.WARN,
    HealthState.WARN: Tone.WARN,
    HealthState.CRIT: Tone.BAD,
}
_STATES = {
    HealthState.OK: State.PASSED,
    HealthState.UNKNOWN: State.SKIPPED,
    HealthState.WARN: State.WARNING,
    HealthState.CRIT: State.FAILED,
}


def health_document(health: Health, *, fails: frozenset[HealthState], verbose: bool = False) -> Document:
    """Return the document of a health report; `fails` are the states that fail the command, `verbose` folds nothing."""
    counts = state_counts(health)
    server = health.server
    place = f"{server.database}, PostgreSQL {server.version}" + (", a standby" if server.in_recovery else "")
    return Document(
        schema=SCHEMA,
        title=f"perfkit health: {', '.join(f'{count} {state}' for state, count in counts.items() if count)} ({place})",
        blocks=tuple(_blocks(health, verbose=verbose)),
        checks=tuple(_check(result, fails) for result in health.results),
        data={
            "server": {
                "version": server.version,
                "version_num": server.version_num,
                "database": server.database,
                "role": server.role,
                "in_recovery": server.in_recovery,
                "sees_all_statistics": server.sees_all_statistics,
            },
            "failed": any(result.state in fails for result in health.results),
            "summary": {str(state): count for state, count in counts.items()},
            "checks": [_data(result) for result in health.results],
        },
    )


def checks_document(checks: tuple[HealthCheck, ...]) -> Document:
    """Return the document that names the checks."""
    return Document(
        schema="perfkit.health.list/1",
        title=f"perfkit health: {len(checks)} checks",
        blocks=(
            Table(
                title="",
                headings=("check", "family", "looks at", "what it looks for"),
                rows=tuple(
                    (
                        Cell(check.id),
                        Cell(check.family.id),
                        Cell(check.family.scope),
                        Cell(check.title + (" (costly)" if check.costly else "")),
                    )
                    for check in checks
                ),
            ),
        ),
        checks=(),
        data={
            "checks": [
                {
                    "id": check.id,
                    "family": check.family.id,
                    "scope": str(check.family.scope),
                    "title": check.title,
                    "informs": check.informs,
                    "costly": check.costly,
                    "timeout_ms": check.timeout_ms,
                }
                for check in checks
            ]
        },
    )


def state_counts(health: Health) -> dict[HealthState, int]:
    """Return how many checks are in each state, the worst state first."""
    states = [result.state for result in health.results]
    return {state: states.count(state) for state in reversed(HealthState)}


def _blocks(health: Health, *, verbose: bool) -> Iterator[Block]:
    titles = {Scope.CLUSTER: "The whole cluster", Scope.DATABASE: f"Database {health.server.database}"}
    for scope, title in titles.items():
        results = [result for result in health.results if result.check.family.scope is scope]
        if results:
            rows = tuple(_rows(results, verbose=verbose))
            yield Table(title=title, headings=("state", "check", "what was found"), rows=rows)
    items = tuple(_item(result) for result in _worst_first(health.results))
    if items:
        yield Listing(title="What to do", items=items)


def _rows(results: list[HealthResult], *, verbose: bool) -> Iterator[tuple[Cell, ...]]:
    """Yield a line a check; those of a family that are ok share one, unless `verbose`."""
    for _, members in groupby(results, key=lambda result: result.check.family):
        family = list(members)
        folded = [] if verbose else [result for result in family if _is_plainly_ok(result)]
        for result in family:
            if result not in folded:
                yield _row(result)
        if len(folded) == 1:
            yield _row(folded[0])
        elif folded:
            yield _line(
                HealthState.OK, folded[0].check.family.id, ", ".join(result.check.id for result in folded)
            )


def _is_plainly_ok(result: HealthResult) -> bool:
    return result.state is HealthState.OK and not result.check.informs


def _row(result: HealthResult) -> tuple[Cell, ...]:
    return _line(result.state, result.check.id, result.outcome.summary)


def _line(state: HealthState, name: str, found: str) -> tuple[Cell, ...]:
    return (Cell(state, _TONES[state]), Cell(name), Cell(found))


def _worst_first(results: tuple[HealthResult, ...]) -> list[HealthResult]:
    """Return what there is something to be done about, the worst first."""
    told = [result for result in results if result.state is not HealthState.OK and not result.check.informs]
    return sorted(told, key=lambda result: -result.state.rank)


def _item(result: HealthResult) -> Item:
    outcome = result.outcome
    shown = outcome.objects[:SHOWN_OBJECTS]
    lines = [Paragraph(_told(concern)) for concern in shown]
    if more := len(outcome.objects) - len(shown):
        lines.append(Paragraph(f"and {more:,} more; --format json has all", Tone.FAINT))
    if outcome.fix:
        lines.append(Paragraph(f"fix: {outcome.fix}"))
    return Item(heading=f"{result.state}: {result.check.id}", lines=tuple(lines), tone=_TONES[result.state])


def _told(concern: Concern) -> str:
    told = f"{concern.name}: {concern.told}"
    return f"{told}\n{concern.fix}" if concern.fix else told


def _check(result: HealthResult, fails: frozenset[HealthState]) -> Check:
    state = State.FAILED if result.state in fails else _STATES[result.state]
    if state is State.FAILED and result.state not in fails:
        state = State.WARNING
    return Check(
        id=result.check.id,
        group=result.check.family.id,
        state=state,
        message=result.outcome.summary,
        detail="\n".join(paragraph.text for paragraph in _item(result).lines),
        seconds=result.duration_ms / 1000,
    )


def _data(result: HealthResult) -> dict[str, Any]:
    check, outcome = result.check, result.outcome
    return {
        "id": check.id,
        "family": check.family.id,
        "scope": str(check.family.scope),
        "title": check.title,
        "informs": check.informs,
        "state": str(outcome.state),
        "summary": outcome.summary,
        "evidence": to_data(outcome.evidence),
        "objects": [to_data(concern) for concern in outcome.objects],
        "fix": outcome.fix,
        "duration_ms": round(result.duration_ms, 3),
    }
