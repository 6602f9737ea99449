"""perfkit monitor rules, dashboard, role-sql: the files that Prometheus, Alertmanager, Grafana and psql read."""

from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from perfkit.cli.options import DemoDirectory, OutputOptions, takes, writable
from perfkit.cli.session import emit, settings_from
from perfkit.cli.write_options import WriteOptions
from perfkit.errors import UsageError

if TYPE_CHECKING:
    from perfkit.monitor.rules.model import Goals
    from perfkit.settings import Settings

EXPORTER = "127.0.0.1:19187"
_ROLE_FILE = "perfkit-role.sql"

OutputDirectory = Annotated[
    Path,
    typer.Option("--output-dir", "-o", metavar="DIR", help="Where the files are written; made if missing."),
]


@takes(writing=WriteOptions)
def rules(
    *,
    output_dir: OutputDirectory = Path("monitoring"),
    exporter: Annotated[
        list[str] | None,
        typer.Option(
            "--exporter", metavar="HOST:PORT", help="A `perfkit monitor serve`; may be given again."
        ),
    ] = None,
    application: Annotated[
        list[str] | None,
        typer.Option(
            "--application", metavar="HOST:PORT", help="An instance that has /metrics; may be given again."
        ),
    ] = None,
    alertmanager: Annotated[
        str, typer.Option("--alertmanager", metavar="HOST:PORT", help="Where Alertmanager answers.")
    ] = "127.0.0.1:9093",
    notify: Annotated[
        str,
        typer.Option("--notify", metavar="URL", help="A webhook that Alertmanager calls; default: nobody."),
    ] = "",
    runbooks: Annotated[
        str, typer.Option("--runbooks", metavar="URL", help="Where docs/alerts.md can be read.")
    ] = "docs/alerts.md",
    dir: DemoDirectory = None,  # noqa: A002  # the setting's name
    writing: WriteOptions,
) -> None:
    """Write rules for Prometheus with their unit tests, Alertmanager's routes, and a configuration that scrapes.

    Limits are the targets of the settings (api_target, memory_target, target): write them anew when these change.
    Names beginning with https:// are scraped over HTTPS. Tests: promtool test rules *-rules-test.yml.
    """
    from perfkit.monitor.rules.files import Places, rule_files

    places = Places(
        exporters=tuple(exporter or (EXPORTER,)),
        applications=tuple(application or ()),
        alertmanager=alertmanager,
        notify=notify,
        runbooks=runbooks,
    )
    files = rule_files(goals_of(settings_from(dir=dir)), places)
    _written("rules", files, output_dir, writing)


@takes(writing=WriteOptions)
def dashboard(
    *,
    output_dir: OutputDirectory = Path("monitoring"),
    prometheus: Annotated[
        str, typer.Option("--prometheus", metavar="URL", help="Where Grafana finds Prometheus.")
    ] = "http://127.0.0.1:9090",
    folder: Annotated[
        str,
        typer.Option("--folder", metavar="DIR", help="Where the dashboards will be on Grafana's machine."),
    ] = "/var/lib/grafana/dashboards/perfkit",
    dir: DemoDirectory = None,  # noqa: A002  # the setting's name
    writing: WriteOptions,
) -> None:
    """Write dashboards for Grafana, and the files that provision them.

    Copy dashboards/ to the --folder on Grafana's machine, and provisioning/ to /etc/grafana/provisioning.
    """
    if not find_spec("grafana_foundation_sdk"):
        raise UsageError("dashboards need grafana-foundation-sdk", hint="pip install 'perfkit[monitor]'")
    from perfkit.monitor.dashboards.grafana import dashboard_files

    files = dashboard_files(goals_of(settings_from(dir=dir)), prometheus_url=prometheus, folder=folder)
    _written("dashboard", files, output_dir, writing)


@takes(writing=WriteOptions)
def role_sql(
    *,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="PATH", help="A file, or a folder; default: standard output."),
    ] = None,
    writing: WriteOptions,
) -> None:
    """Print the SQL of the least-privilege role that perfkit needs; run it with psql, as a superuser."""
    from perfkit.monitor import role

    writing.refuse_without(output)
    text = role.role_sql()
    if output is None:
        typer.echo(text, nl=False)
        return
    _written("role-sql", {_ROLE_FILE: text}, output, writing)


def goals_of(settings: "Settings") -> "Goals":
    """Return what users were promised, by the settings and their endpoints."""
    from perfkit.bench.api.targets import DEMO
    from perfkit.cli.targets import limits_of
    from perfkit.monitor.rules.model import Goals, handlers_of

    limits = limits_of(settings)
    endpoints = settings.api.endpoints or DEMO
    return Goals(
        request_s=limits.api_ms / 1000,
        memory_bytes=limits.memory_bytes,
        heavy=handlers_of(endpoint.path for endpoint in endpoints if not endpoint.simple),
    )


def _written(command: str, files: Mapping[str, str], output: Path, writing: WriteOptions) -> None:
    """Write the files, all or none, and tell of each how it stands to what is, or was, there."""
    from perfkit.monitor.written import compare, headed, is_stream, placed, refuse_foreign, write
    from perfkit.report.documents.written import written_document

    directory, texts = placed(headed(files, command=f"monitor {command}"), output)
    if directory != output:
        writable(output)
    found = compare(directory, texts)
    if not writing.dry_run:
        if not writing.force:
            refuse_foreign(found)
        write(found)
    if not is_stream(output):  # whoever reads it there gets the file alone
        document = written_document(command, found, directory, dry_run=writing.dry_run)
        emit(document, OutputOptions(format=writing.format))
