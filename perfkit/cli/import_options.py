"""Options of `perfkit bench import`: what is imported where, and which ways are compared."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from perfkit.cli.options import writable
from perfkit.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from perfkit.bench.imports.model import Way
    from perfkit.bench.imports.plan import Wishes

SCRATCH, TABLE = "scratch", "table"
_DATES = ("ymd", "dmy", "mdy")
_FORMULAS = ("store", "reject")


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceOptions:
    """What a file holds, and where its fields go."""

    table: Annotated[
        str | None,
        typer.Option(
            "--table", "-t", metavar="NAME", help="The table to import into; the demo's is alumni.people."
        ),
    ] = None
    into: Annotated[
        str,
        typer.Option(
            "--into",
            metavar="scratch|table",
            help="A scratch copy of the table, without its rows, or the table itself, rolled back.",
        ),
    ] = SCRATCH
    map: Annotated[
        list[str] | None,
        typer.Option(
            "--map", metavar="FIELD=COLUMN", help="The column of a field that has another name. Repeatable."
        ),
    ] = None
    set: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="COLUMN=SQL",
            help="A column's value, an expression over the file's fields. Repeatable.",
        ),
    ] = None
    key: Annotated[
        str | None,
        typer.Option(
            "--key",
            metavar="COLUMN,…",
            help="Records with the key of a stored row update that row; scratch has none.",
        ),
    ] = None
    delimiter: Annotated[
        str, typer.Option("--delimiter", metavar="CHARACTER", help="What separates fields; tab for a tab.")
    ] = ","
    encoding: Annotated[str, typer.Option("--encoding", metavar="NAME", help="The file's encoding.")] = (
        "utf-8"
    )
    dates: Annotated[
        str,
        typer.Option(
            "--dates", metavar="ymd|dmy|mdy", help="The order in dates; what does not fit it is rejected."
        ),
    ] = "ymd"
    formulas: Annotated[
        str,
        typer.Option(
            "--formulas",
            metavar="store|reject",
            help="Records with a field that a spreadsheet would run: stored and counted, or rejected.",
        ),
    ] = "store"
    reject_file: Annotated[
        Path | None,
        typer.Option(
            "--reject-file",
            metavar="FILE",
            callback=writable,
            help="Write each rejected record here: line, column, reason.",
        ),
    ] = None

    def __post_init__(self) -> None:
        """Raise UsageError for what is no choice."""
        if self.into not in (SCRATCH, TABLE):
            raise UsageError(f"--into must be {SCRATCH} or {TABLE}, not {self.into!r}")
        if self.dates not in _DATES:
            raise UsageError(f"--dates must be one of {', '.join(_DATES)}, not {self.dates!r}")
        if self.formulas not in _FORMULAS:
            raise UsageError(f"--formulas must be one of {', '.join(_FORMULAS)}, not {self.formulas!r}")

    @property
    def mapping(self) -> "Mapping[str, str]":
        """Return the column by the field's name."""
        return dict(_pair("--map", text) for text in self.map or ())

    @property
    def values(self) -> "Mapping[str, str]":
        """Return the expression by the column's name."""
        return dict(_pair("--set", text) for text in self.set or ())

    @property
    def key_columns(self) -> tuple[str, ...]:
        """Return the columns of the key, none where nothing is updated."""
        return tuple(name.strip() for name in self.key.split(",")) if self.key else ()

    @property
    def separator(self) -> str:
        """Return the character that separates fields."""
        return "\t" if self.delimiter in {"tab", r"\t"} else self.delimiter


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialOptions:
    """Which ways of importing are compared, and how."""

    rows: Annotated[
        int | None,
        typer.Option(
            "--rows", min=1, help="Records that are imported; 2,000, or those of the file up to so many."
        ),
    ] = None
    ways: Annotated[
        str | None,
        typer.Option(
            "--ways",
            metavar="WAY,…",
            help="Of row-insert, executemany, multi-values, copy, copy-binary, staged, on-error and pandas; default: all.",
        ),
    ] = None
    batch: Annotated[
        str | None, typer.Option("--batch", metavar="N,…", help="Records a batch; 100,1000,10000.")
    ] = None
    workers: Annotated[
        str | None, typer.Option("--workers", metavar="N,…", help="Sessions that COPY at once; 1,2,4.")
    ] = None
    rounds: Annotated[int, typer.Option("--rounds", min=1, help="How often each way is measured.")] = 3
    no_parts: Annotated[
        bool,
        typer.Option(
            "--no-parts",
            help="Do not measure what each index, trigger and foreign key takes, by leaving it out.",
        ),
    ] = False
    seed: Annotated[int | None, typer.Option("--seed", help="Seed of the sample and of the order.")] = None
    allow_writes: Annotated[
        bool | None,
        typer.Option(
            "--allow-writes",
            help="Run the table's triggers, or import into the table itself; rolled back all the same.",
        ),
    ] = None

    @property
    def wishes(self) -> "Wishes":
        """Return what is to be compared."""
        from perfkit.bench.imports.model import Way
        from perfkit.bench.imports.plan import Wishes
        from perfkit.bench.imports.thresholds import BATCHES, ROWS, WORKERS

        return Wishes(
            ways=_ways(self.ways) if self.ways else tuple(Way),
            rows=self.rows or ROWS,
            batches=_numbers("--batch", self.batch) if self.batch else BATCHES,
            workers=_numbers("--workers", self.workers) if self.workers else WORKERS,
        )


def _ways(text: str) -> "tuple[Way, ...]":
    from perfkit.bench.imports.model import Way

    names = [name.strip() for name in text.split(",")]
    unknown = [name for name in names if name not in set(Way)]
    if unknown:
        raise UsageError(f"--ways: there is no way {unknown[0]!r}", hint=f"ways are {', '.join(Way)}")
    return tuple(map(Way, names))


def _numbers(option: str, text: str) -> tuple[int, ...]:
    words = [word.strip() for word in text.split(",")]
    if not all(word.isdecimal() and int(word) for word in words):
        raise UsageError(f"{option} {text}: not numbers above 0", hint="write them as in 100,1000")
    return tuple(sorted({int(word) for word in words}))


def _pair(option: str, text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not (name.strip() and equals and value.strip()):
        raise UsageError(f"{option} {text}: not NAME=VALUE")
    return name.strip(), value.strip()
