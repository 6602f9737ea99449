"""The store: the newest result of each bench in perfkit's folder, and those that a baseline holds, a file a bench."""

from collections.abc import Iterable
from pathlib import Path

from perfkit.bench.codec import decode, encode
from perfkit.bench.result import BenchResult
from perfkit.errors import UsageError
from perfkit.files import write_all_atomically, write_error

FOLDER = "bench"
_SUFFIX = ".json"


def newest_in(directory: Path) -> Path:
    """Return the folder of the newest results, within perfkit's own folder."""
    return directory / FOLDER


def baseline_in(baselines: Path, name: str) -> Path:
    """Return the folder of the results that a baseline holds."""
    return baselines / name / FOLDER


def save(folder: Path, results: Iterable[BenchResult]) -> None:
    """Store the results, all files or none, in place of older ones; errors as in `write_all_atomically`."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise write_error(folder, error) from error
    write_all_atomically({folder / f"{result.bench}{_SUFFIX}": encode(result) for result in results})


def load(folder: Path) -> dict[str, BenchResult]:
    """Return the results in the folder by bench, none when it does not exist; DamagedFileError for a bad file."""
    return {path.stem: _read(path) for path in sorted(folder.glob(f"*{_SUFFIX}"))}


def _read(path: Path) -> BenchResult:
    try:
        text = path.read_text("utf-8", errors="surrogateescape")
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}") from error
    return decode(text, path)
