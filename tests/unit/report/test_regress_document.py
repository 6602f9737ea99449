"""What `perfkit regress` tells of cases that it did not judge."""

from datetime import UTC, datetime

from perfkit.baseline.verdict import Cause, Gate, Judgement, Verdict, VerdictKind
from perfkit.report.document import Listing
from perfkit.report.documents.regress import judgement_document


def _skipped(query: str, case: str, what: str, hint: str = "") -> Verdict:
    return Verdict(
        query=query,
        case=case,
        kind=VerdictKind.SKIPPED,
        gate=Gate.SKIPPED,
        cause=Cause.REFUSED,
        message=f"{query}/{case} {what}",
        evidence={},
        hint=hint,
    )


def test_cases_that_were_not_judged_for_one_reason_are_told_together() -> None:
    writes = ("was not run: it writes", "--allow-writes")
    verdicts = (
        _skipped("adds", "one", *writes),
        _skipped("reads", "one", "is new: nothing to compare with"),
        _skipped("adds", "two", *writes),
        _skipped("changes", "one", *writes),
    )
    document = judgement_document(
        Judgement(verdicts=verdicts), {}, against="main", notes=(), measured_at=datetime.now(UTC)
    )
    (listing,) = (block for block in document.blocks if isinstance(block, Listing))
    assert [(item.heading, [line.text for line in item.lines]) for item in listing.items] == [
        ("3 cases of adds, changes were not run: it writes", ["to do: --allow-writes"]),
        ("reads/one is new: nothing to compare with", []),
    ]
    assert len(document.checks) == len(verdicts)
