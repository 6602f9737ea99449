"""The document of the settings: each value with the place it came from."""

from perfkit.report.document import Cell, Document, Paragraph, Table, Tone
from perfkit.settings import SETTINGS, Settings
from perfkit.settings_api import ApiEndpoint, ApiTable, shown_url

SCHEMA = "perfkit.config/1"
_HEADINGS = ("setting", "value", "from", "what it is")


def config_document(settings: Settings) -> Document:
    """Return the document of the settings, secrets hidden."""
    return Document(
        schema=SCHEMA,
        title="perfkit config",
        blocks=(
            Table(
                title="Settings",
                headings=_HEADINGS,
                rows=tuple(
                    _row(
                        setting.name,
                        settings.shown(setting.name),
                        settings.source_of(setting.name),
                        setting.help,
                    )
                    for setting in SETTINGS
                ),
            ),
            _application(settings.api),
        ),
        checks=(),
        data={
            "settings": {
                setting.name: {
                    "value": settings.shown(setting.name),
                    "source": settings.source_of(setting.name),
                }
                for setting in SETTINGS
            },
            "api": _api_data(settings.api),
        },
    )


def _row(*texts: str) -> tuple[Cell, ...]:
    name, value, source, told = texts
    return Cell(name), Cell(value), Cell(source, Tone.FAINT), Cell(told, Tone.FAINT)


def _application(api: ApiTable) -> Table | Paragraph:
    """Return what the table [api] says; of headers the names, as their values may be secret."""
    if not api.place:
        return Paragraph(
            "No settings file has a table [api]: perfkit bench api calls the demo's API.", Tone.FAINT
        )
    values = (
        ("url", shown_url(api.url), "where the application answers"),
        ("pages", ", ".join(api.pages), "pages whose assets are looked at"),
        ("metrics", ", ".join(map(shown_url, api.metrics)), "metrics of its instances"),
        ("headers", ", ".join(header.name for header in api.headers), "go with each request; values hidden"),
    )
    return Table(
        title="The application, [api]",
        headings=_HEADINGS,
        rows=(
            *(_row(name, value, api.place if value else "default", told) for name, value, told in values),
            *(
                _row(each.name, f"{each.method} {each.path}", each.place, _told(each))
                for each in api.endpoints
            ),
        ),
    )


def _told(endpoint: ApiEndpoint) -> str:
    return f"endpoint, weight {endpoint.weight:g}, {'held against api_target' if endpoint.simple else 'not simple'}"


def _api_data(api: ApiTable) -> dict[str, object]:
    return {
        "source": api.place or "default",
        "url": shown_url(api.url),
        "pages": list(api.pages),
        "metrics": list(map(shown_url, api.metrics)),
        "headers": [header.name for header in api.headers],
        "endpoints": [
            {
                "name": each.name,
                "method": each.method,
                "path": each.path,
                "weight": each.weight,
                "simple": each.simple,
                "source": each.place,
            }
            for each in api.endpoints
        ],
    }
