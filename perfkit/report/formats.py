"""The registry of formats, and the one place where a rendered text is written."""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TextIO

from perfkit.errors import UsageError
from perfkit.files import write_error, writing_atomically
from perfkit.report import github, html, json, junit, markdown, sarif, text
from perfkit.report.document import Document
from perfkit.report.options import RenderOptions

Renderer = Callable[[Document, RenderOptions], str]

FORMATS: Mapping[str, Renderer] = {
    "text": text.render,
    "json": json.render,
    "junit": junit.render,
    "github": github.render,
    "markdown": markdown.render,
    "sarif": sarif.render,
    "html": html.render,
}


def render(document: Document, format_name: str, options: RenderOptions | None = None) -> str:
    """Return the document in the format, by default as for a pipe; UsageError when there is no such format."""
    return renderer_of(format_name)(document, options or RenderOptions())


def renderer_of(format_name: str) -> Renderer:
    """Return what renders the format; UsageError when there is no such format."""
    renderer = FORMATS.get(format_name)
    if renderer is None:
        raise UsageError(f"there is no format {format_name!r}", hint=f"choose one of {', '.join(FORMATS)}")
    return renderer


def pieces(document: Document, format_name: str, options: RenderOptions) -> Iterator[str]:
    """Yield what `render` returns; JSON, which may be long, piece by piece."""
    if format_name == "json":
        yield from json.pieces(document)
    else:
        yield render(document, format_name, options)


def write_output(output: Iterable[str], path: Path | None, stdout: TextIO) -> None:
    """Write a rendered text, whole or in pieces, to the file, or to `stdout` when there is no path or it is "-".

    A file is written whole or not at all. What stdout's encoding lacks is written as an escape. When stdout's reader has
    gone (`| head`), the rest is dropped and the command's exit code stays. Raises MeasureError when there is no room,
    UsageError when the file cannot be written.
    """
    parts = (output,) if isinstance(output, str) else output
    if path is not None and str(path) != "-":
        with writing_atomically(path) as file:
            file.writelines(_in_encoding(part, "utf-8") for part in parts)
        return
    try:
        stdout.writelines(_in_encoding(part, stdout.encoding or "utf-8") for part in parts)
        stdout.flush()
    except OSError as error:
        # The interpreter flushes stdout once more when it ends, and would complain.
        os.dup2(os.open(os.devnull, os.O_WRONLY), stdout.fileno())
        if not isinstance(error, BrokenPipeError):
            raise write_error("standard output", error) from error


def append_step_summary(document: Document, path: Path, options: RenderOptions) -> None:
    """Add the document to the page of a GitHub job, whose file ($GITHUB_STEP_SUMMARY) other commands add to as well.

    Errors as in `write_output`.
    """
    try:
        with path.open("a", encoding="utf-8") as file:
            file.write(_in_encoding(github.step_summary(document, options), "utf-8"))
    except OSError as error:
        raise write_error(path, error) from error


def _in_encoding(text: str, encoding: str) -> str:
    return text.encode(encoding, "backslashreplace").decode(encoding)
