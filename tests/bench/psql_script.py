"""The psql script that sends the EXPLAINs of an analysis: the same cases, values, options and order, as often."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from psycopg.sql import Literal

from perfkit.catalog.workload import WeightedCase
from perfkit.db.explain import explain_options
from perfkit.measure.run import statement_of
from perfkit.measure.session import CASE_LIMIT_MS
from perfkit.plan.runs import Statement

# What perfkit sets in every session, here set by the connection so that it costs psql nothing.
SESSION = "-c plan_cache_mode=force_custom_plan -c synchronize_seqscans=off -c statement_timeout=30s"


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseRuns:
    """A case and how often its statement ran with TIMING OFF, warm-up included; once more it ran with TIMING ON."""

    statement: Statement
    untimed: int


def case_runs(cases: Sequence[WeightedCase], analysis: Mapping[str, object]) -> list[CaseRuns]:
    """Return the cases in the order in which they ran (writes last), with the counts that the JSON tells."""
    documents = analysis["cases"]
    assert isinstance(documents, list)
    by_case = {document["case"]: document for document in documents}
    ordered = sorted(cases, key=lambda weighted: "write" in weighted.query.allowed)
    return [
        CaseRuns(
            statement=statement_of(weighted.query, weighted.case),
            untimed=_untimed(by_case[weighted.case.id]["execution_ms"]),
        )
        for weighted in ordered
    ]


def _untimed(execution_ms: list[float]) -> int:
    """Return samples and warm-up; a warm-up that used up the case's time was kept as its only sample."""
    was_kept = len(execution_ms) == 1 and execution_ms[0] >= CASE_LIMIT_MS
    return 1 if was_kept else 1 + len(execution_ms)


def script(runs: Sequence[CaseRuns], *, version: int, reconnect: bool) -> str:
    """Return the script for a server of `version`; with `reconnect`, a new connection for each case."""
    return "".join(line + "\n" for case in runs for line in _case(case, version, reconnect=reconnect))


def _case(case: CaseRuns, version: int, *, reconnect: bool) -> Iterator[str]:
    statement = case.statement
    yield "\\connect" if reconnect else "DEALLOCATE ALL;"
    yield "BEGIN READ WRITE;" if statement.writes else "BEGIN READ ONLY;"
    types = f" ({', '.join(statement.types)})" if statement.types else ""
    yield f"PREPARE p{types} AS {statement.text}\n;"  # a comment may end the text
    values = ", ".join(Literal(value).as_string() for value in statement.values)
    command = f"EXECUTE p({values})" if values else "EXECUTE p"
    for timing in (*[False] * case.untimed, True):
        explain = f"EXPLAIN ({explain_options(version, timing=timing)}) {command};"
        # Only what was written must be taken back for the next run to find the same.
        yield f"SAVEPOINT s; {explain} ROLLBACK TO SAVEPOINT s;" if statement.writes else explain
    yield "ROLLBACK;"
