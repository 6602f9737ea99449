"""The document of files that were written into a directory, or would be."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from perfkit.monitor.written import Standing, Written
from perfkit.report.document import Cell, Check, Document, Paragraph, State, Table, Tone
from perfkit.units import counted, format_bytes

_TONES = {
    Standing.NEW: Tone.GOOD,
    Standing.CHANGED: Tone.WARN,
    Standing.SAME: Tone.FAINT,
    Standing.FOREIGN: Tone.BAD,
}


def written_document(command: str, files: Sequence[Written], directory: Path, *, dry_run: bool) -> Document:
    """Return the document of `perfkit monitor <command>`."""
    return Document(
        schema=f"perfkit.monitor.{command}/1",
        title=f"perfkit monitor {command}: {counted(files, 'file')} in {directory}",
        blocks=(
            Table(
                title="",
                headings=("file", "size", ""),
                rows=tuple(_row(each) for each in files),
                numeric=frozenset({1}),
            ),
            *(_dry_run(files) if dry_run else ()),
        ),
        checks=tuple(
            Check(
                id=each.name,
                group="files",
                state=State.SKIPPED if dry_run else State.PASSED,
                message=f"{each.standing} file",
            )
            for each in files
        ),
        data={
            "directory": str(directory),
            "dry_run": dry_run,
            "files": [
                {"name": each.name, "size_bytes": len(each.text.encode()), "standing": each.standing}
                for each in files
            ],
        },
    )


def _dry_run(files: Sequence[Written]) -> Iterator[Paragraph]:
    yield Paragraph("Nothing was written (--dry-run).", Tone.WARN)
    if any(each.standing is Standing.FOREIGN for each in files):
        yield Paragraph("What perfkit did not write (foreign) is replaced with --force only.", Tone.WARN)


def _row(file: Written) -> tuple[Cell, ...]:
    size = format_bytes(len(file.text.encode()))
    return Cell(file.name), Cell(size), Cell(str(file.standing), _TONES[file.standing])
