"""What becomes of a harvested query when it is put to a server that refuses it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from perfkit.catalog.harvest.model import Candidate, Counted, Draft, Unresolved
from perfkit.catalog.harvest.verify import verified
from perfkit.catalog.model import Case, Query
from perfkit.errors import StatementError

_READS = "-- name: q\n-- param: a int\n-- case: typical  a=1\nSELECT * FROM t WHERE a = :a;\n"
_WRITES = "-- name: q\n-- param: a int\n-- case: typical  a=1\n-- allow: write  it has to\nDELETE FROM t WHERE a = :a;\n"


def _draft(text: str) -> Draft:
    counted = Counted(text=text, calls=1, calls_per_minute=1.0, total_ms=1.0)
    return Draft(name="q", text=text, candidate=Candidate(statement=text, fingerprint="f", counted=counted))


def _refusing(sqlstate: str) -> Callable[[Query, Case], None]:
    def check(_query: Query, _case: Case) -> None:
        raise StatementError("permission denied for table t", sqlstate=sqlstate)

    return check


def _verified(text: str, sqlstate: str) -> Draft | Unresolved:
    return verified(_draft(text), Path("q.sql"), lambda _sql: (), _refusing(sqlstate), seed=1)


def test_what_writes_is_kept_where_the_role_may_only_read() -> None:
    result = _verified(_WRITES, "42501")
    assert isinstance(result, Draft)
    assert not result.is_planned


@pytest.mark.parametrize(("text", "sqlstate"), [(_READS, "42501"), (_WRITES, "42P01")])
def test_what_cannot_run_for_another_reason_is_told(text: str, sqlstate: str) -> None:
    result = _verified(text, sqlstate)
    assert isinstance(result, Unresolved)
    assert result.reason.startswith("permission denied for table t")
