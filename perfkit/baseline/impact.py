"""Impact: what a change costs, in ms of database time a minute: the change of one call times the calls a minute."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace

from perfkit.baseline.verdict import Judgement, Verdict
from perfkit.measure.model import Analysis


def by_calls(judgement: Judgement, analysis: Analysis, calls_per_minute: Mapping[int, float]) -> Judgement:
    """Return the judgement with impacts by the calls that the server counted, by query identifier.

    A query's calls are shared out evenly among its cases; one that the server never saw has no impact.
    """
    ran = [result for result in analysis.results if result.runs]
    cases = Counter(result.query.name for result in ran)
    factors = {
        result.case.id: calls_per_minute.get(result.runs.plan.query_identifier or 0, 0.0)
        / cases[result.query.name]
        / result.weight
        for result in ran
        if result.runs
    }
    return replace(
        judgement,
        verdicts=tuple(_scaled(verdict, factors.get(verdict.id, 1.0)) for verdict in judgement.verdicts),
    )


def _scaled(verdict: Verdict, factor: float) -> Verdict:
    if "impact_ms_per_minute" not in verdict.evidence:
        return verdict
    impact = round(verdict.impact_ms_per_minute * factor, 3)
    return replace(verdict, evidence={**verdict.evidence, "impact_ms_per_minute": impact})
