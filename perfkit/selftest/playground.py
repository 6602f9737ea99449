"""Playground: a small database on an embedded PostgreSQL of its own, and two copies of it; all gone in the end."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from perfkit.embedded.postgres import PostgresServer, start_postgres
from perfkit.embedded.run_folder import SERVER, run_folder

QUERIES = Path(__file__).parent / "queries"
_SCRIPT = Path(__file__).with_name("database.sql")
_ORIGINAL, _BASE, _HEAD = "original", "base", "head"
_SERVER_SETTINGS = {
    "autovacuum": "off",  # it would bring lost statistics back
    "fsync": "off",  # the data end with the run
    "checkpoint_timeout": "1d",
    "max_wal_size": "8GB",
    # Whether a worker is free, or a plan is worth compiling, is not what is tested.
    "max_parallel_workers_per_gather": "0",
    "jit": "off",
}


class Connection(Protocol):
    """A connection in autocommit mode, as psycopg's are with autocommit=True."""

    def execute(self, query: str, /) -> Any:
        """Run SQL without parameters."""

    def close(self) -> None:
        """End the session."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Playground:
    """The server with the two copies, `base` as it was in the beginning and `head` as it was changed."""

    server: PostgresServer
    connect: Callable[[str], Connection]

    @property
    def base_dsn(self) -> str:
        """Return the superuser's URI of the base, with the password."""
        return self.server.dsn_for(_BASE)

    @property
    def head_dsn(self) -> str:
        """Return the superuser's URI of the head, with the password."""
        return self.server.dsn_for(_HEAD)

    def change(self, commands: Iterable[str]) -> None:
        """Copy the head anew, then run the commands on it, HEAD being its name."""
        with closing(self.connect(self.server.dsn)) as session:
            session.execute(f"DROP DATABASE IF EXISTS {_HEAD} WITH (FORCE)")
            session.execute(f"CREATE DATABASE {_HEAD} TEMPLATE {_ORIGINAL}")
        with closing(self.connect(self.head_dsn)) as session:
            for command in commands:
                session.execute(command)


@contextmanager
def playground(directory: Path, *, connect: Callable[[str], Connection]) -> Iterator[Playground]:
    """Yield a playground in a new folder under `directory`/self-test, which ends with it.

    `connect` opens an autocommit session by URI. Raises ServerError when no server can be started there.
    """
    with run_folder(directory.resolve() / "self-test") as folder:
        server = start_postgres(folder / SERVER, settings=_SERVER_SETTINGS, die_with_parent=True)
        with closing(connect(server.dsn)) as session:
            session.execute(f"CREATE DATABASE {_ORIGINAL}")
            with closing(connect(server.dsn_for(_ORIGINAL))) as original:
                original.execute(_SCRIPT.read_text("utf-8"))
                original.execute("VACUUM (ANALYZE)")
            session.execute(f"CREATE DATABASE {_BASE} TEMPLATE {_ORIGINAL}")
        yield Playground(server=server, connect=connect)
