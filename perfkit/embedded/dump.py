"""Two copies of a database on a server of their own: from its dump, on an embedded PostgreSQL that ends with them."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from types import MappingProxyType

from perfkit.copies import Copies, Source
from perfkit.embedded.databases import Connection, create_database, give_settings
from perfkit.embedded.postgres import PostgresServer, start_postgres
from perfkit.embedded.restore import dump_and_restore, restore
from perfkit.embedded.run_folder import SERVER, run_folder

BASE, HEAD = "base", "head"
_NO_SETTINGS: Mapping[str, str] = MappingProxyType({})
_SERVER_SETTINGS = {
    "autovacuum": "off",  # nothing else works, and no statistics change, while the copies are measured
    "fsync": "off",  # the copies end with the run
    "checkpoint_timeout": "1d",
    "max_wal_size": "8GB",
    "maintenance_work_mem": "256MB",
}


@contextmanager
def embedded_copies(
    source: Source | Path,
    directory: Path,
    *,
    connect: Callable[[str], Connection],
    settings: Mapping[str, str] = _NO_SETTINGS,
) -> Iterator[Copies]:
    """Yield two copies, freshly vacuumed and analyzed, on a server under `directory`/copies that ends with them.

    `source` is a database (perfkit.db.copies.read_source), which is dumped now and only read, or a dump's file. The
    copies get the source's settings and `settings`. What killed runs left is removed first. `connect` opens an
    autocommit session by URI. Raises ServerError with the words of the program that failed, and UsageError for a dump
    that cannot be read.
    """
    with run_folder(directory.resolve() / "copies") as folder:
        server = start_postgres(folder / SERVER, settings=_SERVER_SETTINGS, die_with_parent=True)
        wanted = dict(settings)
        with closing(connect(server.dsn)) as session:
            notes = [_create_base(session, source)]
        if isinstance(source, Source):
            wanted = {**source.settings, **settings}
            notes.append(_version_note(source, server))
            notes.append(dump_and_restore(source, server, BASE))
        else:
            notes.append(restore(source, server, BASE))
        with closing(connect(server.dsn_for(BASE))) as session:
            session.execute("VACUUM (ANALYZE)")
        with closing(connect(server.dsn)) as session:
            session.execute(f"CREATE DATABASE {HEAD} TEMPLATE {BASE}")
            notes += give_settings(session, (BASE, HEAD), wanted)
            session.execute("CHECKPOINT")  # or its writes would fall into the measurement
        note = "; ".join(dict.fromkeys(filter(None, notes)))
        yield Copies(base=server.dsn_for(BASE), head=server.dsn_for(HEAD), note=note)


def _create_base(session: Connection, source: Source | Path) -> str:
    if isinstance(source, Source):
        return create_database(session, BASE, source.locale)
    session.execute(f"CREATE DATABASE {BASE} TEMPLATE template0 ENCODING 'UTF8'")
    return "a dump file does not say how its database sorts text: the copies sort it as C.UTF-8"


def _version_note(source: Source, server: PostgresServer) -> str:
    major = source.version // 10_000
    if server.version.split(".")[0] == str(major):
        return ""
    return f"the copies are on PostgreSQL {server.version}, the database on {major}"
