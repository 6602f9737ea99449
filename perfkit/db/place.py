"""Where a connection string leads, without connecting."""

import psycopg
from psycopg import pq
from psycopg.conninfo import conninfo_to_dict

from perfkit.errors import UsageError

_LOCAL = "127.0.0.1"
_PORT = "5432"


def place_of(dsn: str) -> tuple[str, int, str] | None:
    """Return host, port and database name, with libpq's variables as in psql; of several hosts the first.

    A socket's folder is this machine. None when nothing says where, as where a service is named, which only a connection
    looks up; UsageError for a string that cannot be read.
    """
    defaults = {option.keyword.decode(): option.val for option in pq.Conninfo.get_defaults()}
    try:
        given = conninfo_to_dict(dsn)
    except psycopg.Error:
        raise UsageError("the connection string cannot be read") from None

    def value(name: str) -> str:
        default = defaults.get(name)
        return str(given.get(name) or (default.decode() if default else "")).partition(",")[0]

    host = value("hostaddr") or value("host")
    if not (host or value("dbname")):
        return None
    port = value("port") or _PORT
    if not port.isdecimal():
        raise UsageError("the connection string has a port that is no number")
    name = value("dbname") or value("user")
    return _LOCAL if not host or host.startswith(("/", "@")) else host, int(port), name
