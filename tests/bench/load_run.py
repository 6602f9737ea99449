"""perfkit bench load, run by a benchmark."""

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.bench.process import PERFKIT


def load(directory: Path, *options: str, temporary: Path | None = None) -> Any:
    """Return what a load tells as JSON; `temporary` is its folder for files. RuntimeError when it fails."""
    environ = os.environ | ({"TMPDIR": str(temporary)} if temporary else {})
    words = command(directory, *options, "--format=json")
    done = subprocess.run(words, capture_output=True, text=True, check=False, env=environ)
    if done.returncode:
        raise RuntimeError(f"{' '.join(words)} exited {done.returncode}: {done.stderr[-2000:]}")
    return json.loads(done.stdout)


def command(directory: Path, *options: str) -> Sequence[str]:
    """Return the words of a load on the demo in the directory."""
    return [*PERFKIT, "bench", "load", "--dir", str(directory), *options]


@contextmanager
def folder_of_run() -> Iterator[Path]:
    """Yield a folder that is removed after."""
    folder = Path(tempfile.mkdtemp(prefix="perfkit-bench-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder)
