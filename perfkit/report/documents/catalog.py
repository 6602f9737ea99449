"""The documents of the catalog: its queries as a table, and its problems by file and line."""

from collections.abc import Iterable, Sequence

from perfkit import units
from perfkit.catalog.model import Catalog, Query
from perfkit.errors import CatalogError
from perfkit.report.document import Cell, Check, Document, Item, Listing, Paragraph, State, Table, Tone

LIST_SCHEMA = "perfkit.catalog.list/1"
CHECK_SCHEMA = "perfkit.catalog.check/1"


def catalog_document(queries: Sequence[Query]) -> Document:
    """Return the document of the queries."""
    return Document(
        schema=LIST_SCHEMA,
        title="perfkit catalog list",
        blocks=(
            Table(
                title="Queries",
                headings=("query", "weight", "budget", "cases", "summary"),
                rows=tuple(_row(query) for query in queries),
                numeric=frozenset({1, 2, 3}),
            ),
            Paragraph(
                f"{len(queries)} queries, {sum(map(_case_count, queries))} cases; weights in calls a minute."
            ),
        ),
        checks=(),
        data={"queries": [_query_data(query) for query in queries]},
    )


def _case_count(query: Query) -> int:
    return len(query.cases) + sum(draw.count for draw in query.draws)


def _row(query: Query) -> tuple[Cell, ...]:
    return (
        Cell(query.name),
        Cell(units.format_count(query.weight)),
        Cell("" if query.budget_ms is None else units.format_ms(query.budget_ms)),
        Cell(str(_case_count(query))),
        Cell(query.summary),
    )


def _query_data(query: Query) -> dict[str, object]:
    return {
        "name": query.name,
        "summary": query.summary,
        "file": str(query.path),
        "line": query.line,
        "weight": query.weight,
        "budget_ms": query.budget_ms,
        "params": [{"name": param.name, "type": param.type} for param in query.params],
        "cases": [case.name for case in query.cases],
        "drawn_cases": sum(draw.count for draw in query.draws),
        "allowed": dict(query.allowed),
        "sql": query.sql,
    }


def check_document(catalog: Catalog, problems: Iterable[CatalogError]) -> Document:
    """Return the document of a check: every problem, and how many queries are right."""
    found = tuple(problems)
    right = tuple(
        Check(
            id=query.name,
            group="catalog",
            state=State.PASSED,
            message="",
            path=str(query.path),
            line=query.line,
        )
        for query in catalog.queries
    )
    wrong = tuple(
        Check(
            id=f"{p.path}:{p.line}",
            group="catalog",
            state=State.FAILED,
            message=p.problem,
            detail=p.hint,
            path=str(p.path),
            line=p.line,
        )
        for p in found
    )
    return Document(
        schema=CHECK_SCHEMA,
        title="perfkit catalog check",
        blocks=_check_blocks(catalog, found),
        checks=(*wrong, *right),
        data={
            "queries": len(catalog.queries),
            "problems": [
                {"file": str(p.path), "line": p.line, "problem": p.problem, "hint": p.hint} for p in found
            ],
        },
    )


def _check_blocks(catalog: Catalog, problems: tuple[CatalogError, ...]) -> tuple[Listing | Paragraph, ...]:
    cases = sum(map(_case_count, catalog.queries))
    if not problems:
        return (Paragraph(f"{len(catalog.queries)} queries with {cases} cases, no problem.", Tone.GOOD),)
    items = tuple(
        Item(
            heading=f"{problem.path}:{problem.line}: {problem.problem}",
            lines=(Paragraph(f"hint: {problem.hint}", Tone.FAINT),) if problem.hint else (),
            tone=Tone.BAD,
        )
        for problem in problems
    )
    return (
        Listing(title="Problems", items=items),
        Paragraph(f"{len(problems)} problems; {len(catalog.queries)} queries are right.", Tone.BAD),
    )
