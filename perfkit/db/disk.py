"""The room on a server's disk: PostgreSQL has no word for it, so it is known only where the disk is this machine's."""

import shutil
from pathlib import Path

import psycopg

from perfkit.db.index_catalog import rows_of

# postmaster.pid: line 3 says when the server started, line 4 on which port it listens (pidfile.h).
_STARTED_LINE, _PORT_LINE = 2, 3
_SAME_START_S = 10


def free_bytes(connection: psycopg.Connection) -> int | None:
    """Return how much room the disk of the server's data has, None when it cannot be known.

    A directory of that name may be another server's: it must hold the file of a server of this port and start.
    """
    (row,) = rows_of(connection, "ddl_data_directory")
    if not row["data_directory"]:
        return None
    try:
        lines = (Path(row["data_directory"]) / "postmaster.pid").read_text().splitlines()
        is_here = (
            int(lines[_PORT_LINE]) == row["port"]
            and abs(int(lines[_STARTED_LINE]) - row["started_s"]) < _SAME_START_S
        )
        return shutil.disk_usage(row["data_directory"]).free if is_here else None
    except (OSError, ValueError, IndexError):
        return None
