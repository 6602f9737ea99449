"""A progress bar on stderr, only where it is a terminal."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from perfkit.measure.model import Progress


@contextmanager
def progress_bar(title: str) -> Iterator[Progress]:
    """Yield a function that draws how far a long work is; it draws nothing when stderr is not a terminal."""
    if not sys.stderr.isatty():
        yield lambda _done, _total, _name: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bar

    columns = (
        TextColumn(title),
        BarColumn(bar_width=30),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[name]}", markup=False),
    )
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(title, total=None, name="")
        yield lambda done, total, name: bar.update(task, completed=done, total=total, name=name)
