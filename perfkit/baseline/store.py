"""The store: a baseline is a directory with a file a query, `<directory>/<name>/<query>.json`, meant for git."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path

from perfkit.baseline.accepted import keep_accepted
from perfkit.baseline.codec import decode, encode
from perfkit.baseline.model import CaseBaseline, QueryBaseline, from_analysis
from perfkit.errors import DamagedFileError, UsageError
from perfkit.fields import REPAIR_HINT
from perfkit.files import write_all_atomically, write_error
from perfkit.measure.model import Analysis

_SUFFIX = ".json"
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """The names of the queries that were stored, of those left as they were, and of those removed."""

    stored: tuple[str, ...]
    left: tuple[str, ...]
    removed: tuple[str, ...]


def load(directory: Path, name: str) -> dict[str, QueryBaseline]:
    """Return the baseline of that name, by query; raises UsageError when there is none, DamagedFileError for a bad file."""
    paths = _paths(directory, name)
    if not paths:
        raise UsageError(
            f"there is no baseline {name!r} in {directory}", hint=f"record one first: {_command(name)}"
        )
    return {path.stem: _read(path) for path in paths}


def record(directory: Path, name: str, analysis: Analysis, *, whole: bool = False) -> Recorded:
    """Store what was measured, all files or none.

    A query stored before keeps its accepted plans. It is left as it was when a case of it did not run, unless all its
    stored cases did: one that fails once must not take away what is known of it. When the whole catalog was measured
    (`whole`), queries that are no longer in it are removed. Raises as `load` and `write_all_atomically` do.
    """
    paths = {path.stem: path for path in _paths(directory, name)}
    new = {each.query: each for each in from_analysis(analysis)}
    old = {query: _read(paths[query]) for query in new.keys() & paths.keys()}
    broken = {result.query.name for result in analysis.results if result.problem} & paths.keys()
    left = {
        query for query in broken if query not in new or old[query].cases.keys() - new[query].cases.keys()
    }
    kept = {
        query: keep_accepted(old[query], each) if query in old else each
        for query, each in new.items()
        if query not in left
    }
    save(directory, name, kept.values())
    removed = sorted(paths.keys() - {result.query.name for result in analysis.results}) if whole else []
    for query in removed:
        _remove(paths[query])
    return Recorded(stored=tuple(kept), left=tuple(sorted(left)), removed=tuple(removed))


def save(directory: Path, name: str, baselines: Iterable[QueryBaseline]) -> None:
    """Store the queries as they are, all files or none."""
    home = _home(directory, name)
    texts = {home / f"{_checked(baseline.query)}{_SUFFIX}": encode(baseline) for baseline in baselines}
    try:
        home.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise write_error(home, error) from error
    write_all_atomically(texts)


def chosen(stored: Mapping[str, QueryBaseline], patterns: Sequence[str]) -> dict[str, QueryBaseline]:
    """Return what any of the patterns chooses, all when there is none: the part that a run of them is judged against.

    Patterns are those of `perfkit.catalog.workload`: a query or a query/case, or a glob of either.
    """
    if not patterns:
        return dict(stored)
    parts = {name: replace(query, cases=_chosen_cases(query, patterns)) for name, query in stored.items()}
    return {name: query for name, query in parts.items() if query.cases}


def _chosen_cases(query: QueryBaseline, patterns: Sequence[str]) -> dict[str, CaseBaseline]:
    return {
        name: case
        for name, case in query.cases.items()
        if any(fnmatchcase(f"{query.query}/{name}" if "/" in p else query.query, p) for p in patterns)
    }


def list_baselines(directory: Path) -> tuple[str, ...]:
    """Return the names of the baselines in the directory, sorted; none when it does not exist."""
    if not directory.is_dir():
        return ()
    names = (path.name for path in directory.iterdir() if path.is_dir() and _NAME.fullmatch(path.name))
    return tuple(sorted(name for name in names if _paths(directory, name)))


def _paths(directory: Path, name: str) -> list[Path]:
    return sorted(path for path in _home(directory, name).glob(f"*{_SUFFIX}") if _NAME.fullmatch(path.stem))


def _home(directory: Path, name: str) -> Path:
    return directory / _checked(name)


def _checked(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise UsageError(
            f"{name!r} cannot be the name of a baseline's file or directory",
            hint="use letters, digits, '_', '-' and '.', at most 100",
        )
    return name


def _command(name: str) -> str:
    return "perfkit baseline" if name == "main" else f"perfkit baseline --name {name}"


def _read(path: Path) -> QueryBaseline:
    try:
        text = path.read_bytes().decode()
    except UnicodeDecodeError as error:
        raise DamagedFileError(path, f"is not UTF-8: {error.reason}", hint=REPAIR_HINT) from None
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}") from error
    baseline = decode(text, path)
    if baseline.query != path.stem:
        raise DamagedFileError(
            path, f"holds the query {baseline.query!r}", hint="rename the file as its query"
        )
    return baseline


def _remove(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise UsageError(f"cannot remove {path}: {error.strerror}") from error
