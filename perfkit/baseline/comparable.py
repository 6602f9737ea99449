"""Whether a baseline and a run can be compared at all, and the one reason when they cannot."""

from collections.abc import Mapping
from dataclasses import dataclass

from perfkit.baseline.model import CaseBaseline, QueryBaseline, fingerprint, parameter_types, sql_sha256
from perfkit.baseline.verdict import Cause
from perfkit.catalog.model import Case, Query
from perfkit.errors import NotComparableError
from perfkit.measure.model import Analysis
from perfkit.units import listed

# Plans name each relation with its schema: where another search path leads to another table, the shape tells. The path
# itself differs between the roles that record and judge.
_SETTINGS_THAT_DO_NOT_COUNT = frozenset({"search_path"})
_SETTINGS_SHOWN = 4
_ABSENT = "not set"


@dataclass(frozen=True, slots=True, kw_only=True)
class Obstacle:
    """Why a query or case cannot be compared: `reason` is a clause with both values, `hint` what to do."""

    cause: Cause
    reason: str
    hint: str


def server_obstacle(baseline: QueryBaseline, analysis: Analysis) -> Obstacle | None:
    """Return what makes a query's baseline and this run's server incomparable, the weightiest thing first."""
    recorded, facts = baseline.recorded, analysis.facts
    if recorded.major != facts.major:
        return Obstacle(
            cause=Cause.OTHER_VERSION,
            reason=f"recorded on PostgreSQL {recorded.major}, measured on PostgreSQL {facts.major}",
            hint="record a baseline on this version: perfkit baseline --name NAME",
        )
    if recorded.plan_mode != analysis.plan_mode:
        return Obstacle(
            cause=Cause.OTHER_PLAN_MODE,
            reason=f"recorded with {recorded.plan_mode} plans, measured with {analysis.plan_mode} plans",
            hint=f"measure with --plan-mode {recorded.plan_mode}",
        )
    changed = _changed_settings(baseline.settings, facts.settings)
    if changed:
        return Obstacle(
            cause=Cause.SETTINGS_CHANGED,
            reason=f"planner settings differ: {listed(changed, _SETTINGS_SHOWN)}",
            hint="set them as they were, or record a baseline with the new ones: perfkit baseline",
        )
    return None


def query_obstacle(baseline: QueryBaseline, query: Query) -> Obstacle | None:
    """Return what makes a query of the catalog another one than its baseline is of."""
    what = changed_part(baseline.sql_sha256, baseline.parameter_types, query)
    if not what:
        return None
    return Obstacle(
        cause=Cause.SQL_CHANGED,
        reason=f"{what} changed since the baseline",
        hint=f"record it again: perfkit baseline --only {query.name}",
    )


def changed_part(sha256: str, types: tuple[str, ...], query: Query) -> str:
    """Return what of a query is not as it was, '' when it is the same; it was the SQL of a hash, with parameters of types."""
    if sha256 != sql_sha256(query.statement):
        return "its SQL text"
    return "the types of its parameters" if types != parameter_types(query) else ""


def case_obstacle(baseline: CaseBaseline, case: Case) -> Obstacle | None:
    """Return what makes a case another one than its baseline is of."""
    if baseline.parameters == fingerprint(case):
        return None
    return Obstacle(
        cause=Cause.PARAMETERS_CHANGED,
        reason="its parameter values changed since the baseline",
        hint=f"record it again: perfkit baseline --only {case.query}",
    )


def recorded_case(stored: Mapping[str, QueryBaseline], query: Query, case: Case) -> CaseBaseline | None:
    """Return what is stored of a case of the catalog, None where there is nothing or it is of another one."""
    baseline = stored.get(query.name)
    if baseline is None or query_obstacle(baseline, query):
        return None
    before = baseline.cases.get(case.name)
    return None if before is None or case_obstacle(before, case) else before


def refuse_other_case(baseline: QueryBaseline, query: Query, case: Case) -> None:
    """Raise NotComparableError when a case of the catalog is another one than the baseline has by its name."""
    obstacle = query_obstacle(baseline, query) or case_obstacle(baseline.cases[case.name], case)
    if obstacle:
        raise NotComparableError(f"{case.id} is not comparable: {obstacle.reason}", hint=obstacle.hint)


def differences(baseline: QueryBaseline, query: Query, analysis: Analysis) -> tuple[tuple[Cause, str], ...]:
    """Return what would be an obstacle against a stored baseline, as causes of a change: SQL, version, settings."""
    obstacles = (query_obstacle(baseline, query), server_obstacle(baseline, analysis))
    return tuple((obstacle.cause, obstacle.reason) for obstacle in obstacles if obstacle)


def refuse_incomparable(baseline: Mapping[str, QueryBaseline], analysis: Analysis) -> None:
    """Raise NotComparableError when the server makes every query that both sides have incomparable."""
    names = sorted({result.query.name for result in analysis.results} & baseline.keys())
    obstacles = [server_obstacle(baseline[name], analysis) for name in names]
    first = next((obstacle for obstacle in obstacles if obstacle), None)
    if first and all(obstacles):
        raise NotComparableError(f"not comparable: {first.reason}", hint=first.hint)


def _changed_settings(before: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    names = sorted((before.keys() | now.keys()) - _SETTINGS_THAT_DO_NOT_COUNT)
    pairs = ((name, before.get(name, _ABSENT), now.get(name, _ABSENT)) for name in names)
    return [f"{name} {old} -> {new}" for name, old, new in pairs if old != new]
