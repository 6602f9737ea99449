"""perfkit bench: a command a bench, and what all of them do with a result."""

from typing import TYPE_CHECKING

import typer

from perfkit.cli import bench_api, bench_cache, bench_import
from perfkit.cli.run import say
from perfkit.errors import PerfkitError

if TYPE_CHECKING:
    from perfkit.bench.result import BenchResult
    from perfkit.settings import Settings

app = typer.Typer(help="Measure imports, caches and many users at once.", no_args_is_help=True)
app.command("import")(bench_import.import_)
app.command("cache")(bench_cache.cache)
app.command("api")(bench_api.api)


def keep(settings: "Settings", result: "BenchResult") -> None:
    """Store a result as the newest of its bench; where that cannot be written, say so: the result counts all the same."""
    from perfkit.bench import store

    try:
        store.save(store.newest_in(settings.dir), [result])
    except PerfkitError as error:
        say(f"perfkit: this result is not kept: {error.message}")
