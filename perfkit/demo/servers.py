"""The demo's servers: PostgreSQL with the alumni database and Valkey, under one directory, until they are stopped."""

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from perfkit.demo.build import Connection
from perfkit.demo.role import DATABASE, ROLE, create_database, create_role, create_statement_statistics
from perfkit.embedded import (
    PostgresServer,
    ValkeyServer,
    find_postgres,
    find_valkey,
    start_postgres,
    start_valkey,
    stop_postgres,
    stop_valkey,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Demo:
    """The running demo; `valkey` is None when that one does not run."""

    postgres: PostgresServer
    valkey: ValkeyServer | None

    @property
    def dsn(self) -> str:
        """Return the URI of the demo's ordinary role; its password is the server's own random one."""
        return self.postgres.dsn_for(DATABASE, ROLE, self.postgres.password)


def start_demo(directory: Path, connect: Callable[[str], Connection]) -> Demo:
    """Return the demo in the directory, started and with its role and database; what is there is left as it is.

    `connect` opens an autocommit session by URI. Raises what the embedded servers and `connect` raise.
    """
    demo = Demo(postgres=start_postgres(directory / "postgres"), valkey=start_valkey(directory / "valkey"))
    with closing(connect(demo.postgres.dsn)) as superuser:
        create_role(superuser, password=demo.postgres.password)
        create_database(superuser)
    with closing(connect(demo.postgres.dsn_for(DATABASE))) as superuser:
        create_statement_statistics(superuser)
    return demo


def forget_statements(demo: Demo, connect: Callable[[str], Connection]) -> None:
    """Empty pg_stat_statements, where the server has it: making the data is no part of any workload."""
    with closing(connect(demo.postgres.dsn_for(DATABASE))) as superuser:
        if create_statement_statistics(superuser):
            superuser.execute("SELECT pg_stat_statements_reset()")


def find_demo(directory: Path) -> Demo | None:
    """Return the demo in the directory if its PostgreSQL is running, else None."""
    postgres = find_postgres(directory / "postgres")
    return Demo(postgres=postgres, valkey=find_valkey(directory / "valkey")) if postgres else None


def stop_demo(directory: Path) -> None:
    """Stop both servers; their data stay for the next start."""
    stop_valkey(directory / "valkey")
    stop_postgres(directory / "postgres")
