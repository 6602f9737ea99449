"""What cannot be judged is said, with the one reason that matters; nothing passes unseen."""

from dataclasses import replace

import pytest

import tests.unit.baseline.workloads as w
from perfkit.baseline.comparable import recorded_case
from perfkit.baseline.judge import judge
from perfkit.baseline.verdict import Cause, Gate, VerdictKind
from perfkit.catalog.model import Param, Query
from perfkit.errors import NotComparableError
from perfkit.measure.model import Analysis, CaseResult, Problem, ProblemKind
from perfkit.plan.facts import Facts

RUNS = w.runs(w.index_plan())
BEFORE = w.analysis(w.result(RUNS))


@pytest.mark.parametrize(
    ("now", "reason"),
    [
        (
            w.analysis(w.result(RUNS), around=w.facts(version=170_004, settings={}), plan_mode="generic"),
            "not comparable: recorded on PostgreSQL 18, measured on PostgreSQL 17",
        ),
        (
            w.analysis(w.result(RUNS), around=w.facts(settings={}), plan_mode="generic"),
            "not comparable: recorded with custom plans, measured with generic plans",
        ),
        (
            w.analysis(w.result(RUNS), around=w.facts(settings={"work_mem": "64MB", "jit": "off"})),
            "not comparable: planner settings differ: jit not set -> off, work_mem 4MB -> 64MB",
        ),
    ],
)
def test_another_server_is_refused_with_one_reason(now: Analysis, reason: str) -> None:
    with pytest.raises(NotComparableError) as caught:
        judge(w.baseline(BEFORE), now)
    assert caught.value.message == reason
    assert caught.value.hint


@pytest.mark.parametrize(
    "around",
    [
        w.facts(version=180_001),
        w.facts(settings={"work_mem": "4MB", "search_path": "alumni, public"}),
    ],
)
def test_a_minor_version_and_the_search_path_do_not_count(around: Facts) -> None:
    assert w.judged_analyses(BEFORE, w.analysis(w.result(RUNS), around=around)).kind is VerdictKind.SAME


def test_many_settings_are_not_all_listed() -> None:
    now = w.analysis(w.result(RUNS), around=w.facts(settings={f"setting_{i}": "1" for i in range(9)}))
    with pytest.raises(NotComparableError, match="and 6 more"):
        judge(w.baseline(BEFORE), now)


def test_a_server_that_some_queries_were_recorded_on_judges_those() -> None:
    both = w.analysis(w.result(RUNS), w.result(RUNS, of=w.query("other")))
    stored = w.baseline(both)
    stored["other"] = replace(stored["other"], settings={"work_mem": "1GB", "search_path": ""})
    kinds = {verdict.query: verdict.kind for verdict in judge(stored, both).verdicts}
    assert kinds == {"directory": VerdictKind.SAME, "other": VerdictKind.NOT_COMPARABLE}


@pytest.mark.parametrize(
    ("changed", "cause"),
    [
        (w.result(RUNS, of=w.query(statement="SELECT 1 FROM alumni.person WHERE $1 > 0")), Cause.SQL_CHANGED),
        (
            w.result(RUNS, of=replace(w.query(), params=(Param(name="year", type="bigint"),))),
            Cause.SQL_CHANGED,
        ),
        (w.result(RUNS, year="2015"), Cause.PARAMETERS_CHANGED),
    ],
)
def test_another_query_is_not_compared_and_is_named(changed: CaseResult, cause: Cause) -> None:
    verdict = w.judged_analyses(BEFORE, w.analysis(changed))
    assert (verdict.kind, verdict.gate, verdict.cause) == (VerdictKind.NOT_COMPARABLE, Gate.SKIPPED, cause)
    assert verdict.message.startswith("directory/typical is not comparable: ")
    assert "perfkit baseline --only directory" in verdict.hint


@pytest.mark.parametrize(
    ("query", "case", "year", "is_known"),
    [
        (w.query(), "typical", "1998", True),
        (w.query(statement="SELECT count(*) FROM alumni.person"), "typical", "1998", False),
        (w.query(), "typical", "2015", False),
        (w.query(), "largest", "1998", False),
        (w.query("gifts"), "typical", "1998", False),
    ],
)
def test_what_is_recorded_of_a_case_is_of_the_same_one(
    query: Query,
    case: str,
    year: str,
    is_known: bool,  # noqa: FBT001  parametrised
) -> None:
    stored = w.baseline(BEFORE)
    now = w.result(RUNS, of=query, case=case, year=year).case
    expected = stored["directory"].cases["typical"] if is_known else None
    assert recorded_case(stored, query, now) == expected


def test_layout_and_comments_are_not_another_query() -> None:
    text = "select *\n  from alumni.person p -- all\n where grad_year=$1 /* the class */;"
    same = "select * from alumni.person p where grad_year = $1"
    before = w.analysis(w.result(RUNS, of=w.query(statement=text)))
    now = w.analysis(w.result(RUNS, of=w.query(statement=same)))
    assert w.judged_analyses(before, now).kind is VerdictKind.SAME


def test_spaces_in_a_literal_are_another_query() -> None:
    before = w.analysis(w.result(RUNS, of=w.query(statement="SELECT 'a b', $1")))
    now = w.analysis(w.result(RUNS, of=w.query(statement="SELECT 'a  b', $1")))
    assert w.judged_analyses(before, now).cause is Cause.SQL_CHANGED


def test_new_and_missing_cases_are_named() -> None:
    before = w.analysis(w.result(RUNS), w.result(RUNS, case="largest", year="2015"))
    now = w.analysis(w.result(RUNS), w.result(RUNS, case="smallest"), w.result(RUNS, of=w.query("other")))
    judgement = judge(w.baseline(before), now)
    assert [(verdict.id, verdict.kind) for verdict in judgement.verdicts] == [
        ("directory/typical", VerdictKind.SAME),
        ("directory/smallest", VerdictKind.NEW),
        ("other/typical", VerdictKind.NEW),
        ("directory/largest", VerdictKind.MISSING),
    ]
    assert not judgement.failed
    assert not judgement.nothing_compared


@pytest.mark.parametrize(
    ("kind", "was_measured", "writes", "gate", "cause"),
    [
        (ProblemKind.ERROR, True, False, Gate.ERROR, Cause.STATEMENT_FAILED),
        (ProblemKind.ERROR, False, False, Gate.ERROR, Cause.STATEMENT_FAILED),
        (ProblemKind.REFUSED, True, False, Gate.ERROR, Cause.REFUSED),
        (ProblemKind.REFUSED, True, True, Gate.SKIPPED, Cause.REFUSED),
        (ProblemKind.REFUSED, False, False, Gate.SKIPPED, Cause.REFUSED),
        (ProblemKind.SKIPPED, True, False, Gate.SKIPPED, Cause.SKIPPED),
    ],
)
def test_a_case_that_did_not_run_is_an_error_or_named_as_skipped(
    kind: ProblemKind,
    was_measured: bool,  # noqa: FBT001  parametrised
    writes: bool,  # noqa: FBT001  parametrised
    gate: Gate,
    cause: Cause,
) -> None:
    asked = w.query(allowed=["write"] if writes else [])
    problem = Problem(kind=kind, message="relation gone", hint="make it", sqlstate="42P01")
    stored = w.baseline(w.analysis(w.result(RUNS, of=asked))) if was_measured else {}
    judgement = judge(stored, w.analysis(w.result(problem, of=asked)))
    (verdict,) = judgement.verdicts
    assert (verdict.gate, verdict.cause) == (gate, cause)
    assert "relation gone" in verdict.message
    assert judgement.failed == (gate is Gate.ERROR)
    assert judgement.nothing_compared


def test_an_empty_baseline_compares_nothing() -> None:
    judgement = judge({}, BEFORE)
    assert judgement.nothing_compared
    assert not judgement.failed
