"""Databases of an embedded server that are to be like one elsewhere: how they sort text, and their settings."""

from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from perfkit.copies import Locale

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


def create_database(session: Connection, name: str, locale: Locale) -> str:
    """Make an empty database that sorts text as `locale` says where this machine can; return where it cannot, or ''."""
    create = f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'"
    collate, character_type = (_known(session, each) for each in (locale.collate, locale.character_type))
    if locale.provider == "c" and locale.encoding == "UTF8" and collate and character_type:
        session.execute(f"{create} LC_COLLATE {_literal(collate)} LC_CTYPE {_literal(character_type)}")
        return ""
    session.execute(create)
    return f"text is sorted as C.UTF-8, not as {locale.collate}: indexes on text may serve other conditions"


def _known(session: Connection, name: str) -> str:
    found: str | None = session.execute(_FIND_LOCALE.format(_literal(name))).fetchone()[0]
    return found or ""


def give_settings(session: Connection, databases: Iterable[str], settings: Mapping[str, str]) -> list[str]:
    """Give the databases the settings that differ from the server's own; returns what could not be given."""
    session.execute(_GIVE_SETTING)
    problems: list[str] = []
    for database in databases:
        for name, value in settings.items():
            arguments = ", ".join(map(_literal, (database, name, value)))
            problems.append(session.execute(f"SELECT pg_temp.give_setting({arguments})").fetchone()[0])
    return problems


def _literal(text: str) -> str:
    quoted = text.replace("\\", "\\\\").replace("'", "''")
    return f" E'{quoted}'"
