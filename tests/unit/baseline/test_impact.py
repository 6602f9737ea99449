"""Impact: changes are ranked by what they cost a minute, by the headers' weights or by the calls that were counted."""

from dataclasses import replace

import pytest

import tests.unit.baseline.workloads as w
from perfkit.baseline.impact import by_calls
from perfkit.baseline.judge import judge
from perfkit.baseline.verdict import Judgement
from perfkit.measure.model import Analysis
from perfkit.plan.runs import Runs

SLOWER_MS = (20.0, 20.0, 20.0)


def _runs(times_ms: tuple[float, ...]) -> Runs:
    return w.runs(replace(w.index_plan(), query_identifier=4711), times_ms)


def _judged() -> tuple[Judgement, Analysis]:
    before = w.analysis(
        w.result(_runs((10.0, 10.0, 10.0))), w.result(_runs((10.0, 10.0, 10.0)), case="other")
    )
    now = w.analysis(w.result(_runs(SLOWER_MS)), w.result(_runs((10.0, 10.0, 10.0)), case="other"))
    return judge(w.baseline(before), now), now


def test_a_change_costs_its_time_by_its_weight() -> None:
    judgement, _ = _judged()
    assert judgement.verdicts[0].impact_ms_per_minute == pytest.approx(10 * 40)
    assert judgement.verdicts[1].impact_ms_per_minute == pytest.approx(0)


def test_a_query_s_counted_calls_are_shared_out_among_its_cases() -> None:
    judgement, analysis = _judged()
    counted = by_calls(judgement, analysis, {4711: 6.0})
    assert counted.verdicts[0].impact_ms_per_minute == pytest.approx(10 * 3)
    assert counted.verdicts[0].message == judgement.verdicts[0].message


def test_a_statement_that_nobody_called_costs_nothing() -> None:
    judgement, analysis = _judged()
    assert by_calls(judgement, analysis, {1: 6.0}).verdicts[0].impact_ms_per_minute == 0
