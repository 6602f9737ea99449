"""The options of commands whose result is files, such as configuration: how they are written, and how that is told."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from perfkit.cli.options import format_option
from perfkit.errors import UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteOptions:
    """How files are written that are themselves the result, and how that is told."""

    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be written.")] = False
    force: Annotated[bool, typer.Option("--force", help="Replace files too that perfkit did not write.")] = (
        False
    )
    format: Annotated[str, format_option("How to tell what was written: ")] = "text"

    def refuse_without(self, output: Path | None) -> None:
        """Raise UsageError where these are given and the text goes to standard output, so that nothing is written."""
        if output is None and self != WriteOptions():
            raise UsageError(
                "--format, --dry-run and --force are for what is written to a file", hint="name it: -o PATH"
            )
