"""Two copies of a database on a server of their own: from its dump, on an embedded PostgreSQL that ends with them."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any, Protocol

from perfkit.copies import Copies, Source
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
# The value goes by way of the transaction's own, as the text that a server shows of a list is none that SET would take.
_GIVE_SETTING = """
CREATE FUNCTION pg_temp.give_setting(database text, name text, value text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    quoted text := (SELECT string_agg(quote_ident(part), '.') FROM unnest(string_to_array(name, '.')) AS part);
BEGIN
    IF current_setting(name, true) IS DISTINCT FROM value THEN
        PERFORM set_config(name, value, true);
        EXECUTE format('ALTER DATABASE %I SET %s FROM CURRENT', database, quoted);
    END IF;
    RETURN '';
EXCEPTION WHEN OTHERS THEN
    RETURN format('the setting %s is not copied: %s', name, SQLERRM);
END
$$
"""
# The spelling of this machine (en_US.utf8) for that of another (en_US.UTF-8).
_FIND_LOCALE = """
SELECT min(collcollate) FROM pg_catalog.pg_collation
WHERE collprovider = 'c' AND lower(replace(collcollate, '-', '')) = lower(replace({}, '-', ''))
"""


class Connection(Protocol):
    """A connection in autocommit mode, as psycopg's are with autocommit=True."""

    def execute(self, query: str, /) -> Any:
        """Run SQL without parameters."""

    def close(self) -> None:
        """End the session."""


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
            notes += _give_settings(session, wanted)
            session.execute("CHECKPOINT")  # or its writes would fall into the measurement
        note = "; ".join(dict.fromkeys(filter(None, notes)))
        yield Copies(base=server.dsn_for(BASE), head=server.dsn_for(HEAD), note=note)


def _create_base(session: Connection, source: Source | Path) -> str:
    """Make the empty database, which sorts text as the source does where it can; returns where it cannot, or ''."""
    create = f"CREATE DATABASE {BASE} TEMPLATE template0 ENCODING 'UTF8'"
    if not isinstance(source, Source):
        session.execute(create)
        return "a dump file does not say how its database sorts text: the copies sort it as C.UTF-8"
    collate, character_type = (_locale(session, name) for name in (source.collate, source.character_type))
    if source.locale_provider == "c" and source.encoding == "UTF8" and collate and character_type:
        session.execute(f"{create} LC_COLLATE {_literal(collate)} LC_CTYPE {_literal(character_type)}")
        return ""
    session.execute(create)
    return f"the copies sort text as C.UTF-8, not as {source.collate}: indexes on text may serve other conditions"


def _locale(session: Connection, name: str) -> str:
    found: str | None = session.execute(_FIND_LOCALE.format(_literal(name))).fetchone()[0]
    return found or ""


def _version_note(source: Source, server: PostgresServer) -> str:
    major = source.version // 10_000
    if server.version.split(".")[0] == str(major):
        return ""
    return f"the copies are on PostgreSQL {server.version}, the database on {major}"


def _give_settings(session: Connection, settings: Mapping[str, str]) -> list[str]:
    """Give both databases the settings that differ from the server's own; returns what could not be given."""
    session.execute(_GIVE_SETTING)
    problems: list[str] = []
    for database in (BASE, HEAD):
        for name, value in settings.items():
            arguments = ", ".join(map(_literal, (database, name, value)))
            problems.append(session.execute(f"SELECT pg_temp.give_setting({arguments})").fetchone()[0])
    return problems


def _literal(text: str) -> str:
    quoted = text.replace("\\", "\\\\").replace("'", "''")
    return f" E'{quoted}'"
