"""The errors of perfkit: what went wrong, what to do, and the exit code that says so.

PerfkitError
├── UsageError            2   an option, a setting or a file of the user's is wrong
│   ├── SettingsError         perfkit.toml, pyproject.toml or PERFKIT_*
│   ├── CatalogError          a query file; names file and line
│   └── DamagedFileError      a baseline, plan or journal that cannot be read; names the file
├── MeasureError          3   the measurement could not be taken
│   ├── ConnectError          no connection
│   ├── GuardError            perfkit refuses: unsafe statement, role or server
│   ├── StatementError        the server refused or ended a statement; has its SQLSTATE
│   ├── ServerError           an embedded server did not start, or is gone
│   ├── NoRoomError           a cache is full and evicts nothing
│   └── NothingMeasuredError  no case was measured at all
└── NotComparableError    4   a baseline and this run cannot be compared
"""

from pathlib import Path


class PerfkitError(Exception):
    """Base of all errors that perfkit raises on purpose.

    `message` is one line that says what happened; `hint`, if any, is one line that says what to do.
    """

    exit_code = 70

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return self.message


class UsageError(PerfkitError):
    """An option, a setting or a file of the user's is wrong."""

    exit_code = 2


class SettingsError(UsageError):
    """A settings file or PERFKIT_* variable is wrong."""


class CatalogError(UsageError):
    """A query file is wrong; `path` and `line` (1-based) say where."""

    def __init__(self, message: str, *, path: Path, line: int, hint: str = "") -> None:
        super().__init__(f"{path}:{line}: {message}", hint=hint)
        self.path = path
        self.line = line
        self.problem = message


class DamagedFileError(UsageError):
    """A file that perfkit wrote or was given cannot be read; `path` names it."""

    def __init__(self, path: Path | str, problem: str, *, hint: str = "") -> None:
        super().__init__(f"{path}: {problem}", hint=hint)
        self.path = path
        self.problem = problem


class MeasureError(PerfkitError):
    """The measurement could not be taken."""

    exit_code = 3


class ConnectError(MeasureError):
    """There is no connection to the server."""


class GuardError(MeasureError):
    """perfkit refuses to run this here: an unsafe statement, role or server."""


class StatementError(MeasureError):
    """The server refused or ended a statement; `sqlstate` is its five-character code or ''."""

    def __init__(self, message: str, *, sqlstate: str = "", hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.sqlstate = sqlstate


class ServerError(MeasureError):
    """An embedded server did not start, did not stop, or is gone."""


class NoRoomError(MeasureError):
    """A cache is full and evicts nothing."""


class NothingMeasuredError(MeasureError):
    """Not a single case was measured."""


class NotComparableError(PerfkitError):
    """A baseline and this run cannot be compared; the message names the one reason that matters."""

    exit_code = 4
