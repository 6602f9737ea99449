"""Why cases were not measured is told once a reason, not once a case."""

from pathlib import Path

from perfkit.catalog.model import Case, Query
from perfkit.measure.model import CaseResult, Problem, ProblemKind
from perfkit.report.documents.problems import problems_listing

_WRITES = Problem(kind=ProblemKind.REFUSED, message="it writes", hint="--allow-writes")
_GONE = Problem(kind=ProblemKind.ERROR, message='relation "t" does not exist')


def _result(query: str, case: str, problem: Problem) -> CaseResult:
    return CaseResult(
        case=Case(query=query, name=case, values={}, line=1),
        query=Query(
            name=query,
            summary="",
            sql="",
            statement="",
            path=Path("q.sql"),
            line=1,
            sql_line=2,
            weight=1.0,
            budget_ms=None,
            params=(),
            cases=(),
            draws=(),
            allowed={},
        ),
        weight=1.0,
        budget_ms=1.0,
        runs=None,
        problem=problem,
        findings=(),
    )


def test_cases_with_one_reason_are_told_together() -> None:
    results = [
        _result("adds", "one", _WRITES),
        _result("adds", "two", _WRITES),
        _result("reads", "only", _GONE),
        _result("changes", "one", _WRITES),
    ]
    (listing,) = problems_listing("Not measured", results)
    assert [item.heading for item in listing.items] == [
        "3 cases (refused): it writes",
        'reads/only (error): relation "t" does not exist',
    ]
    assert [line.text for line in listing.items[0].lines] == ["of adds, changes", "hint: --allow-writes"]


def test_where_all_ran_there_is_nothing_to_tell() -> None:
    assert problems_listing("Not measured", []) == ()
