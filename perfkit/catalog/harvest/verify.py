"""What is written must run: each drafted query is read back, its cases are drawn, and each is put to the server."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

from perfkit.catalog.draw import Row
from perfkit.catalog.harvest.harvest import MADE_UP
from perfkit.catalog.harvest.model import Draft, Unresolved
from perfkit.catalog.load import read_queries
from perfkit.catalog.model import Case, Query
from perfkit.catalog.workload import cases_of
from perfkit.errors import CatalogError, MeasureError, PerfkitError, StatementError

_NO_PRIVILEGE = "42501"


def verified(
    draft: Draft,
    path: Path,
    rows: Callable[[str], Iterable[Row]],
    check: Callable[[Query, Case], None],
    seed: int,
) -> Draft | Unresolved:
    """Return the draft when the catalog takes it and the server all its cases, with made-up values where none are drawn.

    A statement that writes is kept where this role may not write: `perfkit suggest` plans it on a twin.
    `rows` and `check` raise MeasureError; `path` is where the file will be.
    """
    problems: list[CatalogError] = []
    queries = list(read_queries(draft.text, path, problems))
    if problems or len(queries) != 1:
        return _refused(draft, problems[0].problem if problems else "it is not one query")
    try:
        cases = cases_of(queries[0], (), rows, seed)
    except (CatalogError, MeasureError) as error:
        if draft.fallback and not _is_forbidden(error):
            other = replace(draft, text=draft.fallback, source=MADE_UP, fallback="")
            return verified(other, path, rows, check, seed)
        return _refused(draft, _reason(error))
    for case in cases:
        try:
            check(queries[0], case)
        except MeasureError as error:
            if _is_forbidden(error) and "write" in queries[0].allowed:
                return replace(draft, is_planned=False)
            return _refused(draft, _reason(error))
    return draft


def _refused(draft: Draft, reason: str) -> Unresolved:
    return Unresolved(candidate=draft.candidate, reason=reason, text=draft.text)


def _is_forbidden(error: PerfkitError) -> bool:
    return isinstance(error, StatementError) and error.sqlstate == _NO_PRIVILEGE


def _reason(error: PerfkitError) -> str:
    message = error.problem if isinstance(error, CatalogError) else error.message
    if _is_forbidden(error):
        return f"{message}: GRANT SELECT ON it TO this role"
    return f"{message}; {error.hint}" if error.hint else message
