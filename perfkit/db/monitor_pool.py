"""PgBouncer's console: how many clients and servers its pools have, and how long a client waits."""

from psycopg.rows import dict_row

from perfkit.db.connect import connected, server_errors
from perfkit.monitor.model import PoolNow

_CONSOLE = "pgbouncer"


class PoolConsole:
    """The console at a DSN, whose database is "pgbouncer"; a connection each time, as it is asked seldom."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn

    def now(self) -> PoolNow:
        """Return what the pooler says of its pools; raises ConnectError and StatementError."""
        with connected(self._dsn) as connection, server_errors():
            # The console speaks the simple protocol alone, which is what a statement without parameters goes by.
            rows = connection.cursor(row_factory=dict_row).execute("SHOW POOLS").fetchall()
        pools = [{name: int(row[name]) for name in _NUMBERS} for row in rows if row["database"] != _CONSOLE]
        return PoolNow(
            active_clients=sum(pool["cl_active"] for pool in pools),
            waiting_clients=sum(pool["cl_waiting"] for pool in pools),
            active_servers=sum(pool["sv_active"] for pool in pools),
            idle_servers=sum(pool["sv_idle"] + pool["sv_used"] for pool in pools),
            wait_s=max((pool["maxwait"] + pool["maxwait_us"] / 1e6 for pool in pools), default=0.0),
        )


_NUMBERS = ("cl_active", "cl_waiting", "sv_active", "sv_idle", "sv_used", "maxwait", "maxwait_us")
