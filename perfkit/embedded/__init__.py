"""PostgreSQL and Valkey on this machine, started from installed wheels: for the demo, the twin and the tests."""

from perfkit.embedded.postgres import PostgresServer, find_postgres, start_postgres, stop_postgres
from perfkit.embedded.valkey import ValkeyServer, find_valkey, start_valkey, stop_valkey

__all__ = [
    "PostgresServer",
    "ValkeyServer",
    "find_postgres",
    "find_valkey",
    "start_postgres",
    "start_valkey",
    "stop_postgres",
    "stop_valkey",
]
