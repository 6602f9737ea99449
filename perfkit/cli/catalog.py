"""perfkit catalog: what the query files hold, whether they are right, and new ones from what a server counted."""

from pathlib import Path
from typing import Annotated

import typer

from perfkit.catalog.harvest.ranking import By
from perfkit.cli.options import CatalogOptions, OutputOptions, Patterns, ServerOptions, takes
from perfkit.cli.session import catalog_from, emit, leave, queries_of, rule_ids, settings_from
from perfkit.errors import CatalogError

app = typer.Typer(help="List, check and import query files.", no_args_is_help=True)


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


@app.command("import")
@takes(server=ServerOptions, catalog=CatalogOptions, out=OutputOptions)
def import_(
    *,
    into: Annotated[
        Path | None,
        typer.Option("--into", metavar="DIR", help="Where the files go; default: imported/ in the catalog."),
    ] = None,
    top: Annotated[int, typer.Option("--top", min=1, help="How many statements, the first by --by.")] = 50,
    by: Annotated[By, typer.Option("--by", help="What makes a statement important.")] = By.TOTAL_TIME,
    min_calls: Annotated[
        int, typer.Option("--min-calls", min=1, help="Leave out what was called less often.")
    ] = 1,
    parameters: Annotated[
        str,
        typer.Option(
            "--parameters",
            metavar="draw|stats|log:FILE|none",
            help="Where values come from: drawn at run time, so that no value is in a file; pg_stats; or a server's log.",
        ),
    ] = "draw",
    budget: Annotated[
        str | None,
        typer.Option("--budget", metavar="TIME", help="Give each query this budget, such as 100ms."),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Write anew what an earlier import wrote to the same place.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be written, and write nothing.")
    ] = False,
    server: ServerOptions,
    catalog: CatalogOptions,
    out: OutputOptions,
) -> None:
    """Write query files for what pg_stat_statements counted: SQL, weights, types of parameters, and cases that run.

    The database is only read: each statement is prepared and planned, not run. A query that is in the catalog already is
    not written again. Pass --parameters stats or log:FILE for written values; they may be people's.
    """
    from perfkit.cli.catalog_import import ImportOptions, run_import

    options = ImportOptions(
        into=into,
        top=top,
        by=by,
        min_calls=min_calls,
        parameters=parameters,
        budget=budget,
        force=force,
        dry_run=dry_run,
    )
    emit(run_import(settings_from(server, catalog), options), out)
