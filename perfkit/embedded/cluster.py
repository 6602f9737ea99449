"""The files of a PostgreSQL server: its data directory, made by initdb, and its settings."""

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from perfkit.embedded.binaries import useful_libraries
from perfkit.embedded.lifecycle import telling_lines
from perfkit.embedded.spawn import Mode, hand_over, run
from perfkit.errors import ServerError

SUPERUSER = "postgres"
_CONF = "perfkit.conf"
_UNREACHABLE_HINT = (
    "run perfkit as an ordinary user, or choose a folder that every user may enter, such as one under /tmp"
)
# Durability stays as PostgreSQL has it: imports are timed and WAL is counted here, and fsync or
# full_page_writes off would flatter both.
_SETTINGS = {
    "max_connections": "400",  # for a load of 300 users without a pooler
    "shared_buffers": "256MB",
    "track_io_timing": "on",
    "compute_query_id": "on",
    "timezone": "UTC",  # dates and times are the same on every machine
    "lc_messages": "C",
}


def create_cluster(
    data: Path, binaries: Path, *, password: str, mode: Mode, lock: int, options: Sequence[str] = ()
) -> None:
    """Make the data directory whole or not at all, with more `options` for initdb. Raises ServerError with its words.

    initdb inherits the descriptor `lock`: when perfkit is killed, the next start waits until initdb has ended too.
    """
    # initdb works under another name, so that what a killed one leaves is never taken for a data directory.
    partial = data.with_suffix(".part")
    if partial.exists():
        shutil.rmtree(partial)
    partial.mkdir(mode=0o700)
    hand_over(partial, mode)
    password_file = data.with_name("password.part")
    try:
        _write_private(password_file, password, mode)
        _initdb(partial, binaries, password_file, mode, lock, options)
    finally:
        password_file.unlink(missing_ok=True)
    with (partial / "postgresql.conf").open("a") as file:
        file.write(f"\ninclude_if_exists = '{_CONF}'\n")
    partial.rename(data)


def write_settings(data: Path, binaries: Path, settings: Mapping[str, str], mode: Mode) -> None:
    """Write the server's settings where ALTER SYSTEM still overrides them, which the command line would not allow."""
    libraries = ",".join(useful_libraries(binaries))
    merged = _SETTINGS | {"shared_preload_libraries": libraries} | dict(settings)
    _write_private(
        data / _CONF, "".join(f"{name} = {_quoted(value)}\n" for name, value in merged.items()), mode
    )


def _initdb(
    data: Path, binaries: Path, password_file: Path, mode: Mode, lock: int, options: Sequence[str]
) -> None:
    command = [
        str(binaries / "initdb"),
        f"--pgdata={data}",
        f"--username={SUPERUSER}",
        f"--pwfile={password_file}",
        "--auth=scram-sha-256",
        "--encoding=UTF8",
        "--locale=C.UTF-8",
        *options,
        "--no-sync",  # a power cut during the first second costs nothing that another start would not make again
    ]
    result = run(command, mode=mode, inherited=(lock,))
    if result.returncode:
        raise ServerError(
            f"initdb failed: {telling_lines(result.stdout)}",
            hint=_UNREACHABLE_HINT
            if "Permission denied" in result.stdout
            else f"is there room in {data.parent}?",
        )


def _write_private(path: Path, text: str, mode: Mode) -> None:
    path.unlink(missing_ok=True)
    path.touch(mode=0o600)
    path.write_text(text)
    hand_over(path, mode)


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace("'", "''")
    return f"'{escaped}'"
