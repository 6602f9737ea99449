"""Options that several commands share: declared once as fields, given to a command as one value."""

import errno
import inspect
import os
from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import wraps
from pathlib import Path
from typing import Annotated, Any, get_type_hints

import typer

from perfkit.errors import UsageError

Dsn = Annotated[
    str | None,
    typer.Option(
        "--dsn",
        "-d",
        metavar="DSN",
        help="URI, conninfo or service=NAME; else PG* variables, else the demo.",
    ),
]
DemoDirectory = Annotated[Path | None, typer.Option("--dir", help="Where the demo lives.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerOptions:
    """Which server, and what perfkit may do there; None leaves it to the settings."""

    dsn: Dsn = None
    dir: DemoDirectory = None
    timeout: Annotated[
        str | None, typer.Option("--timeout", metavar="TIME", help="A statement's time limit, such as 30s.")
    ] = None
    allow_superuser: Annotated[
        bool | None, typer.Option("--allow-superuser", help="Measure as a superuser all the same.")
    ] = None
    analyze_on_primary: Annotated[
        bool | None, typer.Option("--analyze-on-primary", help="Measure on a primary on another machine.")
    ] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogOptions:
    """Which catalog."""

    queries: Annotated[
        Path | None, typer.Option("--queries", "-q", metavar="DIR", help="The catalog's directory.")
    ] = None
    seed: Annotated[int | None, typer.Option("--seed", help="Seed of drawn cases.")] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasureOptions:
    """How the catalog is measured."""

    samples: Annotated[int | None, typer.Option("--samples", "-n", min=1, help="Runs a case.")] = None
    plan_mode: Annotated[
        str | None,
        typer.Option("--plan-mode", metavar="custom|generic", help="Plan for the values, or once for all."),
    ] = None
    allow_writes: Annotated[
        bool | None, typer.Option("--allow-writes", help="Run the writes too; they are rolled back.")
    ] = None
    target: Annotated[
        str | None,
        typer.Option("--target", metavar="TIME", help="Target of the workload's mean, such as 100ms."),
    ] = None


Calls = Annotated[
    str | None,
    typer.Option(
        "--calls", metavar="weights|counted", help="Rank by the headers' weights, or by pg_stat_statements."
    ),
]
Budget = Annotated[
    str | None,
    typer.Option(
        "--budget", metavar="TIME", help="The longest to measure, such as 60s; default: as it takes."
    ),
]


# What cannot be told or written is refused before minutes of measuring, not after.
def known_format(name: str | None) -> str | None:
    """Return the format's name as an option's value; raises UsageError where there is none of it."""
    from perfkit.report.formats import renderer_of

    if name is not None:
        renderer_of(name)
    return name


def writable(path: Path | None) -> Path | None:
    """Return the path as an option's value; raises UsageError where nothing can be written."""
    from perfkit.files import write_error

    if path is not None and (problem := _problem_of_writing(path)):
        raise write_error(path, OSError(problem, os.strerror(problem)))
    return path


SqlFile = Annotated[
    Path | None,
    typer.Option(
        "--sql", metavar="FILE", callback=writable, help="Write the statements to a file of SQL too."
    ),
]


def _problem_of_writing(path: Path) -> int:
    """Return the error number that writing to the path would end with, as far as it can be told, else 0."""
    directory = path.parent
    if not directory.exists():
        return errno.ENOENT
    if not directory.is_dir():
        return errno.ENOTDIR
    if path.is_dir() and str(path) != "-":
        return errno.EISDIR
    # A device or pipe is written straight to, anything else is made beside its place and put there.
    written = path if path.exists() and not path.is_file() else directory
    return 0 if os.access(written, os.W_OK) else errno.EACCES


@dataclass(frozen=True, slots=True)
class Output:
    """One more place that the result goes to, in its own format."""

    format: str
    path: Path


def _further_output(text: str) -> Output:
    name, equals, path = text.partition("=")
    if not (equals and path):
        raise UsageError(
            f"--also {text}: no file is named", hint="write FORMAT=FILE, such as junit=perfkit.xml"
        )
    writable(Path(path))
    known_format(name)
    return Output(name, Path(path))


def format_option(told: str = "", default: str = "") -> Any:
    """Return the option --format; `told` begins its help, `default` ends it."""
    return typer.Option(
        "--format",
        "-f",
        metavar="FORMAT",
        callback=known_format,
        help=f"{told}text, json, junit, github, markdown, sarif or html{default}.",
    )


_FORMAT_OF = {".html": "html", ".json": "json", ".md": "markdown", ".sarif": "sarif", ".xml": "junit"}


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputOptions:
    """How a result is told, and where; no two outputs go to one place."""

    format: Annotated[str | None, format_option(default="; default: what FILE's ending says, else text")] = (
        None
    )
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", callback=writable, help="Write the result to a file."),
    ] = None
    also: Annotated[
        list[Output] | None,
        typer.Option(
            "--also",
            metavar="FORMAT=FILE",
            parser=_further_output,
            help="Write the same result in another format too; may be given again.",
        ),
    ] = None

    def __post_init__(self) -> None:
        """Refuse two outputs to one place, where the last would replace the others."""
        places = [os.path.realpath(output.path) for output in self.outputs]
        for place, output in zip(places, self.outputs, strict=True):
            if places.count(place) > 1:
                raise UsageError(
                    f"two results would be written to {output.path}", hint="name a file for each"
                )

    @property
    def outputs(self) -> tuple[Output, ...]:
        """Return every output, the result's own first; the path "-" is standard output."""
        path = self.output or Path("-")
        return (Output(self.format or _FORMAT_OF.get(path.suffix, "text"), path), *(self.also or ()))


FailOn = Annotated[
    str | None,
    typer.Option(
        "--fail-on",
        metavar="error|warning|info|never",
        help="Exit 1 on a finding this bad, or a missed target.",
    ),
]
BaselineName = Annotated[str, typer.Option("--name", help="The baseline's name.")]
BaselineDirectory = Annotated[
    Path | None, typer.Option("--baselines", metavar="DIR", help="Where baselines are stored.")
]
Patterns = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[QUERY]…", help="Queries or query/case, with * as in a shell; all when none is named."
    ),
]


MEASURING = {"server": ServerOptions, "catalog": CatalogOptions, "measuring": MeasureOptions}
"""What every command takes that measures the catalog."""


def takes(**kinds: type[Any]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command every option that the fields of `kinds` declare; it gets each kind as one keyword argument."""

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        @wraps(command)
        def with_options(**given: Any) -> None:
            made = {
                name: kind(**{f.name: given.pop(f.name) for f in fields(kind)})
                for name, kind in kinds.items()
            }
            command(**given, **made)

        own = [
            p for p in inspect.signature(command, eval_str=True).parameters.values() if p.name not in kinds
        ]
        shared = [parameter for kind in kinds.values() for parameter in _parameters(kind)]
        with_options.__signature__ = inspect.Signature([*own, *shared])  # type: ignore[attr-defined]  # what Typer reads
        return with_options

    return decorate


def _parameters(kind: type[Any]) -> list[inspect.Parameter]:
    hints = get_type_hints(kind, include_extras=True)
    return [
        inspect.Parameter(
            field.name, inspect.Parameter.KEYWORD_ONLY, default=field.default, annotation=hints[field.name]
        )
        for field in fields(kind)
    ]
