"""The document of the settings: each value with the place it came from."""

from perfkit.report.document import Cell, Document, Table, Tone
from perfkit.settings import SETTINGS, Settings

SCHEMA = "perfkit.config/1"


def config_document(settings: Settings) -> Document:
    """Return the document of the settings, secrets hidden."""
    return Document(
        schema=SCHEMA,
        title="perfkit config",
        blocks=(
            Table(
                title="Settings",
                headings=("setting", "value", "from", "what it is"),
                rows=tuple(
                    (
                        Cell(setting.name),
                        Cell(settings.shown(setting.name)),
                        Cell(settings.source_of(setting.name), Tone.FAINT),
                        Cell(setting.help, Tone.FAINT),
                    )
                    for setting in SETTINGS
                ),
            ),
        ),
        checks=(),
        data={
            "settings": {
                setting.name: {
                    "value": settings.shown(setting.name),
                    "source": settings.source_of(setting.name),
                }
                for setting in SETTINGS
            }
        },
    )
