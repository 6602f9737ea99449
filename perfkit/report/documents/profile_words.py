"""How a profile's statements are called in tables."""

from perfkit.profile.statements import Name
from perfkit.report.document import Cell, Tone

# A statement that is not of the catalog is told by its beginning; JSON has all of it.
_TEXT_SHOWN = 60


def name_cell(name: Name) -> Cell:
    """Return a statement's cell: a query's name, or how the text of another begins."""
    if name.in_catalog:
        return Cell(name.text)
    text = name.text if len(name.text) <= _TEXT_SHOWN else f"{name.text[: _TEXT_SHOWN - 2].rstrip()} …"
    return Cell(text, Tone.FAINT)
