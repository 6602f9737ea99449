"""Writing settings: some keys of perfkit.toml set, all else kept as it stands, comments too."""

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path

from perfkit.errors import SettingsError
from perfkit.settings_file import find_settings_files

_FILE = "perfkit.toml"
_VALUE = r"""("[^"]*"|'[^']*'|[^\s#]+)"""


def edited_settings(cwd: Path, values: Mapping[str, str]) -> tuple[Path, str]:
    """Return the perfkit.toml that is in force, or is to be in `cwd`, and its text with these values set.

    Where only a pyproject.toml is in force it is the file beside that, which is stronger. Raises SettingsError when the
    file cannot be read, or is written so that a value cannot be replaced.
    """
    files = find_settings_files(cwd.absolute())
    directory = files[0].directory if files else cwd
    text = files[0].text if files and not files[0].table else ""
    path = directory / _FILE
    new = with_values(text, values)
    if _read(new) != {**tomllib.loads(text), **values}:
        lines = ", ".join(f'{name} = "{value}"' for name, value in values.items())
        raise SettingsError(f"{path}: cannot be changed without harm", hint=f"write there yourself: {lines}")
    return path, new


def with_values(text: str, values: Mapping[str, str]) -> str:
    """Return the text of a settings file with these values, each in its place, or else in a line at the end."""
    newline = "\r\n" if "\r\n" in text else "\n"
    for name, value in values.items():
        found = re.search(rf"""(?m)^[ \t]*["']?{re.escape(name)}["']?[ \t]*=[ \t]*{_VALUE}""", text)
        if found:
            text = text[: found.start(1)] + f'"{value}"' + text[found.end(1) :]
        else:
            end = "" if not text or text.endswith("\n") else newline
            text = f'{text}{end}{name} = "{value}"{newline}'
    return text


def _read(text: str) -> object:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return None
