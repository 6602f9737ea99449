"""Settings files: perfkit.toml and [tool.perfkit] of pyproject.toml, found and read, each key with its line."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from perfkit.errors import SettingsError

# Each file with the table of it that is ours; the first is the stronger.
_TABLES = {"perfkit.toml": (), "pyproject.toml": ("tool", "perfkit")}
_HEADER = re.compile(r"\s*\[\s*([^\[\]]+?)\s*\]\s*(?:#.*)?")
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
        """Return where the key stands, "perfkit.toml:7"; without a line when it stands in an inline table."""
        wanted = ".".join((*self.table, key))
        header = ""
        for number, line in enumerate(self.text.split("\n"), start=1):
            if match := _HEADER.fullmatch(line.rstrip()):
                header = f"{_bare(match[1])}."
            elif (match := _KEY.match(line)) and header + _bare(match[1]) == wanted:
                return f"{self.shown}:{number}"
        return self.shown


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
