"""Which of the counted statements become queries: merged by what they are, without what no application asks."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from perfkit.catalog.harvest.model import Candidate, Counted, Selection, Unresolved
from perfkit.catalog.harvest.ranking import By
from perfkit.catalog.model import Catalog
from perfkit.plan.runs import OWN_MARK
from perfkit.plan.tables import Tables
from perfkit.syntax.counted import fingerprint, measurable
from perfkit.syntax.lexer import SqlError
from perfkit.syntax.statement import Statement, read_statement
from perfkit.syntax.tables import qualified

_SYSTEM = frozenset({"pg_catalog", "information_schema", "pg_toast"})
# What the schemas of perfkit's benches, and its temporary tables, are called.
_OWN = "perfkit_"


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """How many statements are imported, and which: the first `top` by `by`, called at least `min_calls` times."""

    top: int
    by: By
    min_calls: int


def select(counted: Sequence[Counted], catalog: Catalog, tables: Tables, choice: Choice) -> Selection:
    """Return the statements to import, the most important first."""
    left_out: Counter[str] = Counter()
    unreadable: list[Unresolved] = []
    groups: dict[str, Candidate] = {}
    for each in sorted(counted, key=lambda one: (-one.calls, one.text)):
        try:
            candidate, reason = _candidate(each, tables)
        except SqlError as error:
            if _first_word(each.text) in _MEASURED:
                unreadable.append(
                    Unresolved(
                        candidate=Candidate(statement=each.text, fingerprint="", counted=each),
                        reason=error.message,
                    )
                )
            else:
                left_out["not a SELECT, INSERT, UPDATE, DELETE or MERGE"] += 1
            continue
        if reason:
            left_out[reason] += 1
            continue
        same = groups.get(candidate.fingerprint)
        groups[candidate.fingerprint] = _together(same, candidate) if same else candidate
    ranked = sorted(groups.values(), key=_rank(choice.by), reverse=True)
    enough = [each for each in ranked if each.counted.calls >= choice.min_calls]
    if len(enough) < len(ranked):
        left_out[f"called fewer than {choice.min_calls} times"] += len(ranked) - len(enough)
    if len(enough) > choice.top:
        left_out[f"not among the first {choice.top} by {choice.by.value.replace('-', ' ')}"] += (
            len(enough) - choice.top
        )
    return replace(
        _split(enough[: choice.top], catalog),
        left_out=dict(left_out),
        unreadable=tuple(unreadable),
        total_ms=sum(each.counted.total_ms for each in (*ranked, *(one.candidate for one in unreadable))),
    )


_MEASURED = frozenset({"SELECT", "INSERT", "UPDATE", "DELETE", "MERGE", "WITH", "VALUES", "TABLE"})


def _first_word(text: str) -> str:
    return (text.split(maxsplit=1) or [""])[0].upper()


def statement_of(text: str, tables: Tables) -> str:
    """Return what a text that was counted or logged has to measure, its tables named as this role finds them; SqlError."""
    return qualified(measurable(text), tables.find, _schemas(tables))


def mark_of(text: str, tables: Tables) -> str:
    """Return the fingerprint of a text that was counted or logged, by which the same statement is found; SqlError."""
    return fingerprint(statement_of(text, tables))


def _candidate(counted: Counted, tables: Tables) -> tuple[Candidate, str]:
    """Return a statement that was counted as it can be measured, and why it is left out, or ''."""
    statement = statement_of(counted.text, tables)
    read = read_statement(statement)
    candidate = Candidate(statement=statement, fingerprint=fingerprint(statement), counted=counted)
    if counted.text.rstrip("; \n").endswith(OWN_MARK):
        return candidate, "of perfkit's draws"
    return candidate, _not_an_application_s(read, tables)


def _schemas(tables: Tables) -> Mapping[str, tuple[str, ...]]:
    """Return the schemas that have a table or view, by its name."""
    found: dict[str, tuple[str, ...]] = {}
    for key in (*tables.tables, *tables.views):
        schema, _, name = key.partition(".")
        found[name] = (*found.get(name, ()), schema)
    return found


def _not_an_application_s(read: Statement, tables: Tables) -> str:
    if any(_is_own(schema, name) for schema, name in read.tables):
        return "of perfkit's benches"
    system = {(schema, name) for schema, name in read.tables if _is_system(schema, name, tables)}
    if any(tables.find(schema or "", name) for schema, name in read.tables - system):
        return ""
    if system:
        return "about the server itself"
    called = (each for _, name in read.function_calls for each in tables.functions.get(name, ()))
    if read.tables or any(each.schema not in _SYSTEM and not each.name.startswith("pg_") for each in called):
        return ""
    return "reading no table"


def _is_own(schema: str | None, name: str) -> bool:
    return (name if schema == "pg_temp" else schema or "").startswith(_OWN)


def _is_system(schema: str | None, name: str, tables: Tables) -> bool:
    """Tell whether a table is the server's, or a view of an extension's such as pg_stat_statements, be it still there or not."""
    return schema in _SYSTEM or (
        name.startswith("pg_") and tables.find(schema or "", name) not in tables.tables
    )


def _together(one: Candidate, other: Candidate) -> Candidate:
    """Return two variants as the more frequent one, which comes first, with the counts of both."""
    both = replace(
        one.counted,
        calls=one.counted.calls + other.counted.calls,
        calls_per_minute=one.counted.calls_per_minute + other.counted.calls_per_minute,
        total_ms=one.counted.total_ms + other.counted.total_ms,
    )
    return replace(one, counted=both)


def _rank(by: By) -> Callable[[Candidate], tuple[float, str]]:
    ranks: dict[By, Callable[[Candidate], tuple[float, str]]] = {
        By.TOTAL_TIME: lambda each: (each.counted.total_ms, each.fingerprint),
        By.MEAN_TIME: lambda each: (each.mean_ms, each.fingerprint),
        By.CALLS: lambda each: (each.counted.calls, each.fingerprint),
    }
    return ranks[by]


def _split(ranked: Iterable[Candidate], catalog: Catalog) -> Selection:
    """Return the statements apart that are in the catalog."""
    known = {fingerprint(query.statement): query.name for query in reversed(catalog.queries)}
    chosen, there = [], []
    for each in ranked:
        if each.fingerprint in known:
            there.append((each, known[each.fingerprint]))
        else:
            chosen.append(each)
    return Selection(chosen=tuple(chosen), known=tuple(there))
