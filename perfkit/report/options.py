"""RenderOptions: what a format may know of the place that its text goes to."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TextIO

PIPED_WIDTH_COLUMNS = 120
# Narrower than this, a table cannot be laid out; the terminal wraps the rest itself.
_NARROWEST_COLUMNS = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderOptions:
    """`terminal` and `colour` say what the reader sees; paths are shown relative to `working_directory` ('' for as is)."""

    width_columns: int = PIPED_WIDTH_COLUMNS
    terminal: bool = False
    colour: bool = False
    working_directory: str = ""


def options_for(stream: TextIO, *, environ: Mapping[str, str], working_directory: str = "") -> RenderOptions:
    """Return the options for writing to `stream`: its terminal's width and colours, or those of a pipe.

    No colour when NO_COLOR is set and not empty (no-color.org) or TERM is "dumb".
    """
    if not stream.isatty():
        return RenderOptions(working_directory=working_directory)
    colour = not environ.get("NO_COLOR") and environ.get("TERM") != "dumb"
    return RenderOptions(
        width_columns=max(_terminal_columns(stream), _NARROWEST_COLUMNS),
        terminal=True,
        colour=colour,
        working_directory=working_directory,
    )


def _terminal_columns(stream: TextIO) -> int:
    try:
        columns = os.get_terminal_size(stream.fileno()).columns
    except OSError:
        columns = 0
    # A terminal that does not know its size says 0.
    return columns or PIPED_WIDTH_COLUMNS
