"""perfkit catalog: what the query files hold, and whether they are right."""

from typing import Annotated

import typer

from perfkit.cli.options import CatalogOptions, OutputOptions, Patterns, takes
from perfkit.cli.session import catalog_from, emit, leave, queries_of, rule_ids, settings_from
from perfkit.errors import CatalogError

app = typer.Typer(help="List and check the query files.", no_args_is_help=True)


@app.command("list")
@takes(catalog=CatalogOptions, out=OutputOptions)
def list_(patterns: Patterns = None, *, catalog: CatalogOptions, out: OutputOptions) -> None:
    """Show the catalog's queries: weight, budget, parameters, cases."""
    from perfkit.catalog.workload import select_queries
    from perfkit.report.documents.catalog import catalog_document

    loaded = catalog_from(settings_from(catalog))
    emit(catalog_document(select_queries(loaded, tuple(patterns or ()))), out)


@app.command("show")
@takes(catalog=CatalogOptions)
def show(
    name: Annotated[str, typer.Argument(metavar="QUERY", help="The query's name.")],
    *,
    catalog: CatalogOptions,
) -> None:
    """Show one query: its header, and its SQL formatted."""
    import sqlparse

    from perfkit.catalog.workload import select_queries

    for query in select_queries(catalog_from(settings_from(catalog)), (name,)):
        typer.echo(f"-- {query.path}:{query.line}  {query.summary}")
        typer.echo(sqlparse.format(query.sql, reindent=True, keyword_case="upper") + ";\n")


@app.command("check")
@takes(catalog=CatalogOptions, out=OutputOptions)
def check(*, catalog: CatalogOptions, out: OutputOptions) -> None:
    """Name every problem in the query files, with file and line. Exit 2 when there is one."""
    from perfkit.catalog.load import check_catalog
    from perfkit.report.documents.catalog import check_document

    loaded, problems = check_catalog(queries_of(settings_from(catalog)), rules=rule_ids())
    emit(check_document(loaded, problems), out)
    leave(CatalogError.exit_code if problems else 0)
