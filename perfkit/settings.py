"""Settings: what the user set, from flags, the environment and settings files, each value with the place it came from."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from perfkit.dsn import redacted
from perfkit.errors import SettingsError, UsageError
from perfkit.findings import Severity
from perfkit.settings_api import NAME as API
from perfkit.settings_api import ApiTable, read_api
from perfkit.settings_file import SettingsFile, find_settings_files
from perfkit.units import parse_duration_ms, parse_size_bytes

_PREFIX = "PERFKIT_"
# Variables that are no settings: which PostgreSQL to start, and what perfkit's own tests are told.
_OTHER_VARIABLES = frozenset({"PERFKIT_PG_BIN"})
_OTHER_PREFIX = "PERFKIT_TEST_"
_FLAG_WORDS = dict.fromkeys(("1", "true", "yes", "on"), True) | dict.fromkeys(
    ("0", "false", "no", "off"), False
)
_NEVER = "never"
_PERCENT = re.compile(r"\s*(\d{1,6}(?:\.\d{1,6})?)\s*%\s*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Every setting's value; durations in milliseconds, `dsn` None when libpq or the demo decides, `fail_on` None for never.

    `slowdown_ratio` is 1.05 for "5%".

    `texts` and `sources` hold, by the setting's name, the value as it was written and where.
    """

    dsn: str | None = field(repr=False)
    queries: Path
    baselines: Path
    history: Path
    dir: Path
    samples: int
    sessions: int
    calls: str
    budget_ms: float | None
    timeout_ms: float
    lock_timeout_ms: float
    target_ms: float
    import_target_ms: float
    users_target: int
    memory_target_bytes: int
    api_target_ms: float
    slowdown_ratio: float
    floor_ms: float
    fail_on: Severity | None
    plan_mode: str
    seed: int
    allow_writes: bool
    allow_superuser: bool
    analyze_on_primary: bool
    api: ApiTable
    texts: Mapping[str, str] = field(repr=False)
    sources: Mapping[str, str]

    def source_of(self, name: str) -> str:
        """Return where the setting's value comes from: "flag", "PERFKIT_TIMEOUT", "perfkit.toml:7" or "default"."""
        return self.sources[name]

    def shown(self, name: str) -> str:
        """Return the setting's value as it was written, '' when there is none, without a password."""
        text = self.texts[name]
        return redacted(text) if text and BY_NAME[name].secret else text


@dataclass(frozen=True, slots=True)
class Kind:
    """A type of value: `from_text` reads an environment variable, `check` returns the setting's value or raises UsageError."""

    check: Callable[[Any], Any]
    from_text: Callable[[str], object] = str


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One setting; `default` is written as in a settings file, `field` is its name in Settings."""

    name: str
    kind: Kind
    default: str | int | None
    help: str
    field: str = ""
    secret: bool = False


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise UsageError("must be text in quotes")
    return value


def _path(value: object) -> Path:
    if not isinstance(value, str | Path) or not str(value):
        raise UsageError("must be a path in quotes")
    return Path(value).expanduser()


def _whole(least: int) -> Kind:
    def check(value: object) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or value < least:
            raise UsageError(f"must be a whole number of at least {least}")
        return value

    return Kind(check, lambda text: int(text) if re.fullmatch(r"-?[0-9]{1,18}", text) else text)


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise UsageError("must be true or false")
    return value


def _duration_ms(value: object) -> float:
    wrong = UsageError(
        'must be a duration with its unit in quotes, longer than none, such as "30s" or "100ms"'
    )
    if not isinstance(value, str):
        raise wrong
    try:
        duration_ms = parse_duration_ms(value)
    except UsageError:
        raise wrong from None
    if not duration_ms:
        raise wrong
    return duration_ms


def _size_bytes(value: object) -> int:
    wrong = UsageError('must be a size with its unit in quotes, more than none, such as "512MB"')
    if not isinstance(value, str):
        raise wrong
    try:
        size_bytes = parse_size_bytes(value)
    except UsageError:
        raise wrong from None
    if not size_bytes:
        raise wrong
    return size_bytes


def _slowdown_ratio(value: object) -> float:
    match = _PERCENT.fullmatch(value) if isinstance(value, str) else None
    if match is None or not float(match[1]):
        raise UsageError('must be a percentage in quotes, more than none, such as "5%"')
    return 1 + float(match[1]) / 100


def _choice(*choices: str) -> Callable[[object], str]:
    def check(value: object) -> str:
        if not isinstance(value, str) or value not in choices:
            raise UsageError(f"must be one of {', '.join(choices)}")
        return str(value)

    return check


def _severity(value: object) -> Severity | None:
    chosen = _choice(*(severity.value for severity in reversed(Severity)), _NEVER)(value)
    return None if chosen == _NEVER else Severity(chosen)


TEXT, PATH, DURATION = Kind(_text), Kind(_path), Kind(_duration_ms)
SIZE = Kind(_size_bytes)
FLAG = Kind(_flag, lambda text: _FLAG_WORDS.get(text.lower(), text))

SETTINGS = (
    Setting(
        name="dsn", kind=TEXT, default=None, help="the database: URI, conninfo or service=NAME", secret=True
    ),
    Setting(name="queries", kind=PATH, default="queries", help="directory of the catalog"),
    Setting(name="baselines", kind=PATH, default="baselines", help="directory of the baselines"),
    Setting(name="history", kind=PATH, default=".perfkit/history.jsonl", help="file of all runs' numbers"),
    Setting(name="dir", kind=PATH, default=".perfkit", help="where the demo lives"),
    Setting(name="samples", kind=_whole(1), default=5, help="runs a case"),
    Setting(name="sessions", kind=_whole(1), default=3, help="how often a baseline measures each case anew"),
    Setting(
        name="calls",
        kind=Kind(_choice("weights", "counted")),
        default="weights",
        help="rank changes by the headers' weights, or by what pg_stat_statements counted",
    ),
    Setting(
        name="budget", kind=DURATION, default=None, help="the longest that regress takes", field="budget_ms"
    ),
    Setting(
        name="timeout", kind=DURATION, default="30s", help="a statement's time limit", field="timeout_ms"
    ),
    Setting(
        name="lock_timeout",
        kind=DURATION,
        default="1s",
        help="longest wait for a lock",
        field="lock_timeout_ms",
    ),
    Setting(
        name="target", kind=DURATION, default="100ms", help="limit of the workload's mean", field="target_ms"
    ),
    Setting(
        name="import_target",
        kind=DURATION,
        default="5s",
        help="limit of importing 1,000 records",
        field="import_target_ms",
    ),
    Setting(name="users_target", kind=_whole(1), default=100, help="users that must be served at once"),
    Setting(
        name="memory_target",
        kind=SIZE,
        default="512MB",
        help="limit of a server instance's memory",
        field="memory_target_bytes",
    ),
    Setting(
        name="api_target",
        kind=DURATION,
        default="200ms",
        help="limit of a simple API request's p95",
        field="api_target_ms",
    ),
    Setting(
        name="slowdown",
        kind=Kind(_slowdown_ratio),
        default="5%",
        help="judging a change, a case may become slower by this",
        field="slowdown_ratio",
    ),
    Setting(
        name="floor",
        kind=DURATION,
        default="0.2ms",
        help="judging a change, less than this a call does not count",
        field="floor_ms",
    ),
    # A look at a database is no gate: analyze fails a build only where somebody asked for it.
    Setting(name="fail_on", kind=Kind(_severity), default=_NEVER, help="exit 1 on a finding this bad"),
    Setting(
        name="plan_mode",
        kind=Kind(_choice("custom", "generic")),
        default="custom",
        help="plan for the values, or for all",
    ),
    Setting(name="seed", kind=_whole(0), default=1, help="seed of drawn cases"),
    Setting(name="allow_writes", kind=FLAG, default=False, help="run the writes too; they are rolled back"),
    Setting(name="allow_superuser", kind=FLAG, default=False, help="measure as a superuser all the same"),
    Setting(
        name="analyze_on_primary", kind=FLAG, default=False, help="measure on a primary on another machine"
    ),
)
BY_NAME = {setting.name: setting for setting in SETTINGS}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Layer:
    """Values of one origin by their settings' names; relative paths among them start at `directory`.

    `source` says where a value stands, `spelled` how a name is written there.
    """

    values: Mapping[str, object]
    source: Callable[[str], str]
    directory: Path
    spelled: Callable[[str], str] = str


def resolve(flags: Mapping[str, object], *, environ: Mapping[str, str], cwd: Path) -> Settings:
    """Return the settings: flags before PERFKIT_* before perfkit.toml before [tool.perfkit] before the defaults.

    The settings files are those of `cwd` or the nearest directory above that has one; paths in them, and default
    paths, start at their directory. A flag that is None and a variable that is empty say nothing. Raises
    SettingsError for an unknown key and a wrong value, naming its place.
    """
    cwd = cwd.absolute()
    files = find_settings_files(cwd)
    given = {name: value for name, value in flags.items() if value is not None}
    layers = [
        _Layer(values=given, source=lambda _: "flag", directory=cwd),
        _Layer(values=_from_environment(environ), source=_variable, directory=cwd, spelled=_variable),
        *(_Layer(values=_single(file), source=file.place_of, directory=file.directory) for file in files),
        _Layer(
            values={setting.name: setting.default for setting in SETTINGS},
            source=lambda _: "default",
            directory=files[0].directory if files else cwd,
        ),
    ]
    for layer in layers:
        _refuse_unknown(layer)
    origins = {name: next(layer for layer in layers if name in layer.values) for name in BY_NAME}
    values = {
        setting.field or setting.name: _value(setting, origins[setting.name], cwd) for setting in SETTINGS
    }
    return Settings(
        **values,
        api=_api(files),
        texts={name: _written(layer.values[name]) for name, layer in origins.items()},
        sources={name: layer.source(name) for name, layer in origins.items()},
    )


def _single(file: SettingsFile) -> dict[str, object]:
    """Return the file's values but for the table [api], which is no single value."""
    return {name: value for name, value in file.values.items() if name != API}


def _api(files: Sequence[SettingsFile]) -> ApiTable:
    """Return the table [api] of the stronger file that has one."""
    return next(
        (read_api(file.values[API], file.place_of) for file in files if API in file.values), ApiTable()
    )


def _value(setting: Setting, layer: _Layer, cwd: Path) -> Any:
    given = layer.values[setting.name]
    if given is None:
        return None
    try:
        value = setting.kind.check(given)
    except UsageError as error:
        not_this = "" if setting.secret else f", not {_quoted(given)}"
        raise SettingsError(
            f"{layer.source(setting.name)}: {setting.name} {error.message}{not_this}"
        ) from None
    # A path in the working directory stays as short as it was written.
    return layer.directory / value if isinstance(value, Path) and layer.directory != cwd else value


def _written(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value)


def _quoted(value: object) -> str:
    return repr(str(value)) if isinstance(value, str) else _written(value)


def _refuse_unknown(layer: _Layer) -> None:
    for name in layer.values:
        if name not in BY_NAME:
            close = get_close_matches(name.lower().replace("-", "_"), [*BY_NAME, API], n=1)
            hint = (
                f"did you mean {layer.spelled(close[0])}?"
                if close
                else f"the settings are {', '.join(BY_NAME)}"
            )
            raise SettingsError(f"{layer.source(name)}: there is no setting {name!r}", hint=hint)


def _variable(name: str) -> str:
    return _PREFIX + name.upper()


def _from_environment(environ: Mapping[str, str]) -> dict[str, object]:
    values: dict[str, object] = {}
    for variable, text in sorted(environ.items()):
        if (
            not variable.startswith(_PREFIX)
            or variable.startswith(_OTHER_PREFIX)
            or variable in _OTHER_VARIABLES
        ):
            continue
        name = variable.removeprefix(_PREFIX).lower()
        if text or name not in BY_NAME:
            values[name] = BY_NAME[name].kind.from_text(text) if name in BY_NAME else text
    return values
