"""Options of a change that is judged, and of how a database is copied for that."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from perfkit.errors import UsageError

Copies = Annotated[
    str | None,
    typer.Option(
        "--copies",
        metavar="template|embedded|DUMP",
        help="How the database is copied: on its server, else by a dump to an embedded one; or a dump's file.",
    ),
]


ScratchCopies = Annotated[
    str | None,
    typer.Option(
        "--copies",
        metavar="template|embedded|DUMP|DSN",
        help="For --verify, how the database is copied: on its server, else by a dump to an embedded one; a dump's file; or"
        " another database that is copied in its place, such as staging's.",
    ),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeOptions:
    """The change that is judged in one run, in one of three ways; none of them for a stored baseline."""

    base: Annotated[
        str | None,
        typer.Option("--base", metavar="DSN", help="Judge against this database, measured in turns."),
    ] = None
    head: Annotated[
        str | None, typer.Option("--head", metavar="DSN", help="The changed database; default: --dsn.")
    ] = None
    migration: Annotated[
        list[Path] | None,
        typer.Option("--migration", metavar="FILE", help="Judge what SQL files do, on copies. Repeatable."),
    ] = None
    copies: Copies = None
    twin: Annotated[
        Path | None,
        typer.Option(
            "--twin",
            metavar="FILE",
            help="Judge what --migration does to plans, on twins of a snapshot: no database is asked.",
        ),
    ] = None
    base_queries: Annotated[
        str | None,
        typer.Option(
            "--base-queries", metavar="DIR|COMMIT", help="Judge changed queries against those there."
        ),
    ] = None

    def __post_init__(self) -> None:
        """Raise UsageError when it is not one change."""
        if sum(bool(given) for given in (self.base or self.head, self.migration, self.base_queries)) > 1:
            raise UsageError("--base, --migration and --base-queries each judge a change: give one of them")
        if self.head and not self.base:
            raise UsageError("--head needs a database to be judged against", hint="name it: --base DSN")
        if self.copies and not self.migration:
            raise UsageError("--copies says how to copy for a migration", hint="name it: --migration FILE")
        if self.twin and (self.copies or not self.migration):
            raise UsageError(
                "--twin judges a migration, and copies nothing", hint="name it: --migration FILE"
            )

    @property
    def is_given(self) -> bool:
        """Tell whether there is a change to be judged."""
        return bool(self.base or self.migration or self.base_queries)
