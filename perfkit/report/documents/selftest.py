"""The document of the self-test: what the gate had to say of each known change, and what it said."""

from collections.abc import Sequence

from perfkit.report.data import to_data
from perfkit.report.document import Cell, Check, Document, Paragraph, State, Table, Tone
from perfkit.selftest.injections import Injection
from perfkit.selftest.run import Outcome

SCHEMA = "perfkit.regress.self-test/1"
_HINT = "the gate cannot be relied on here; on a busy machine, try again on a quieter one"


def selftest_document(outcomes: Sequence[Outcome]) -> Document:
    """Return the document of the outcomes of all injections."""
    table = Table(
        title="",
        headings=("injection", "expected", "found", "cause", "ok"),
        rows=tuple(_row(outcome) for outcome in outcomes),
    )
    wrong = [outcome for outcome in outcomes if not outcome.ok]
    return Document(
        schema=SCHEMA,
        title=f"perfkit regress --self-test: {len(outcomes)} known changes",
        blocks=(table, *(Paragraph(_told(outcome), Tone.BAD) for outcome in wrong), _summary(outcomes)),
        checks=tuple(_check(outcome) for outcome in outcomes),
        data={
            "ok": not wrong,
            "injections": [_data(outcome) for outcome in outcomes],
        },
    )


def _row(outcome: Outcome) -> tuple[Cell, ...]:
    ok = Cell("yes", Tone.GOOD) if outcome.ok else Cell("no", Tone.BAD)
    return (
        Cell(outcome.injection.summary),
        Cell(_expected(outcome.injection)),
        Cell(_gate(failed=outcome.failed)),
        Cell(", ".join(outcome.causes) or "-"),
        ok,
    )


def _expected(injection: Injection) -> str:
    causes = " or ".join(injection.causes)
    gate = _gate(failed=injection.must_fail)
    return f"{gate}: {causes}" if causes else gate


def _gate(*, failed: bool) -> str:
    return "fails" if failed else "passes"


def _told(outcome: Outcome) -> str:
    said = "; ".join(verdict.message for verdict in outcome.verdicts) or "nothing was found"
    return f"{outcome.injection.name}: expected {_expected(outcome.injection)}, but {said}"


def _summary(outcomes: Sequence[Outcome]) -> Paragraph:
    wrong = sum(not outcome.ok for outcome in outcomes)
    if wrong:
        return Paragraph(f"The gate erred on {wrong} of {len(outcomes)} known changes: {_HINT}.", Tone.BAD)
    return Paragraph("The gate fails where it must, names the cause, and passes where it must.", Tone.GOOD)


def _check(outcome: Outcome) -> Check:
    injection = outcome.injection
    told = f"{injection.name}: {injection.summary}: the gate {_gate(failed=outcome.failed)}, as it must"
    return Check(
        id=injection.name,
        group="self-test",
        state=State.PASSED if outcome.ok else State.FAILED,
        message=told if outcome.ok else _told(outcome),
        detail="" if outcome.ok else _HINT,
        seconds=outcome.duration_s,
    )


def _data(outcome: Outcome) -> dict[str, object]:
    injection = outcome.injection
    return {
        "name": injection.name,
        "summary": injection.summary,
        "must_fail": injection.must_fail,
        "expected_causes": to_data(injection.causes),
        "failed": outcome.failed,
        "causes": to_data(outcome.causes),
        "ok": outcome.ok,
        "duration_s": round(outcome.duration_s, 1),
        "verdicts": to_data(outcome.verdicts),
    }
