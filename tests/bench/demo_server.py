"""The demo that a benchmark runs on: a running one, or one made for it and taken away after."""

import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from perfkit.demo.servers import Demo, find_demo
from tests.bench.process import PERFKIT, run


@contextmanager
def demo_in(
    directory: Path | None, *, alumni: int, environ: Mapping[str, str] | None = None
) -> Iterator[Path]:
    """Yield the directory of a running demo: the given one as it is, else a new one of so many alumni."""
    if directory is not None:
        running_demo(directory)
        yield directory
        return
    folder = Path(tempfile.mkdtemp(prefix="perfkit-bench-"))
    folder.chmod(0o711)  # the server may run as nobody
    try:
        run([*PERFKIT, "demo", "up", "--dir", folder / "demo", "--alumni", str(alumni)], environ=environ)
        yield folder / "demo"
    finally:
        run([*PERFKIT, "demo", "down", "--dir", folder / "demo"])
        shutil.rmtree(folder)


def running_demo(directory: Path) -> Demo:
    """Return the demo that runs in the directory; RuntimeError when there is none."""
    demo = find_demo(directory)
    if demo is None:
        raise RuntimeError(f"no demo runs in {directory}: perfkit demo up --dir {directory}")
    return demo
