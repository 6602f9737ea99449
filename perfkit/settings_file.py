"""Settings files: perfkit.toml and [tool.perfkit] of pyproject.toml, found and read, each key with its line."""

import re
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from perfkit.errors import SettingsError

# Each file with the table of it that is ours; the first is the stronger.
_TABLES = {"perfkit.toml": (), "pyproject.toml": ("tool", "perfkit")}
_HEADER = re.compile(r"\s*\[\s*([^\[\]]+?)\s*\]\s*(?:#.*)?")
_LIST_HEADER = re.compile(r"\s*\[\[\s*([^\[\]]+?)\s*\]\]\s*(?:#.*)?")
_KEY = re.compile(r"\s*([A-Za-z0-9_.\"' -]+?)\s*=")


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsFile:
    """The keys and values of one file's table; `shown` is the file's name, with its directory unless that is the working one."""

    shown: str
    text: str
    table: tuple[str, ...]
    values: Mapping[str, Any]
    directory: Path

    def place_of(self, key: str) -> str:
        """Return where the key stands, "perfkit.toml:7"; tables of a list are numbered from 0, as "api.endpoints.2.path".

        A key in an inline table has the line of that; what is nowhere to be seen has no line.
        """
        lines = dict(self._lines())
        wanted = [*self.table, *key.split(".")]
        while len(wanted) > len(self.table):
            if line := lines.get(".".join(wanted)):
                return f"{self.shown}:{line}"
            wanted.pop()
        return self.shown

    def _lines(self) -> Iterator[tuple[str, int]]:
        """Yield the names of tables and keys, each with its line; the first of a name comes last, as it counts."""
        found = []
        header = ""
        lists: Counter[str] = Counter()
        for number, line in enumerate(self.text.split("\n"), start=1):
            if match := _LIST_HEADER.fullmatch(line.rstrip()):
                name = _bare(match[1])
                header = f"{name}.{lists[name]}."
                lists[name] += 1
                found.append((header[:-1], number))
            elif match := _HEADER.fullmatch(line.rstrip()):
                header = f"{_bare(match[1])}."
                found.append((header[:-1], number))
            elif match := _KEY.match(line):
                found.append((header + _bare(match[1]), number))
        yield from reversed(found)


def find_settings_files(cwd: Path) -> list[SettingsFile]:
    """Return the settings files of the nearest directory, from `cwd` upward, that has any; the stronger one first.

    A pyproject.toml without [tool.perfkit] does not count. Raises SettingsError when a file cannot be read.
    """
    for directory in (cwd, *cwd.parents):
        read = (_read(directory / name, table, cwd) for name, table in _TABLES.items())
        found = [file for file in read if file]
        if found:
            return found
    return []


def _read(path: Path, table: tuple[str, ...], cwd: Path) -> SettingsFile | None:
    shown = path.name if path.parent == cwd else str(path)
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise SettingsError(f"{shown}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError:
        raise SettingsError(f"{shown}: not UTF-8", hint="save the file as UTF-8") from None
    # Another program's pyproject.toml is no concern of ours, not even a broken one.
    if table and table[-1] not in text:
        return None
    try:
        values: Any = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{shown}: not valid TOML: {error}") from None
    for key in table:
        if not isinstance(values, dict) or key not in values:
            return None
        values = values[key]
    if not isinstance(values, dict):
        raise SettingsError(f"{shown}: {'.'.join(table)} must be a table")
    return SettingsFile(shown=shown, text=text, table=table, values=values, directory=path.parent)


def _bare(dotted_key: str) -> str:
    """Return a dotted key without the spaces and quotes that TOML allows in it."""
    return ".".join(part.strip(" \t\"'") for part in dotted_key.split("."))
