"""The demo's role and database: the only part that needs a superuser."""

from perfkit.demo.build import Connection, value
from perfkit.demo.steps import read
from perfkit.errors import UsageError

ROLE = "perfkit_demo"
DATABASE = "perfkit_demo"


def create_role(superuser: Connection, *, password: str) -> None:
    """Make the login role perfkit_demo, an ordinary one that may read all statistics; an existing one gets `password`."""
    if "\\" in password or "\0" in password or not password:
        raise UsageError(
            "a password for the demo's role cannot be empty or hold a backslash or NUL",
            hint="choose another password",
        )
    quoted = "'" + password.replace("'", "''") + "'"
    superuser.execute(read("role").replace(":password", quoted))


def create_database(superuser: Connection) -> None:
    """Make the database perfkit_demo, owned by its role and on UTC, unless it exists."""
    if not value(superuser, f"SELECT EXISTS (SELECT FROM pg_database WHERE datname = '{DATABASE}')"):  # noqa: S608 - a name of ours
        superuser.execute(f"CREATE DATABASE {DATABASE} OWNER {ROLE}")
    superuser.execute(f"ALTER DATABASE {DATABASE} SET timezone = 'UTC'")


def create_statement_statistics(superuser: Connection) -> bool:
    """Make the extension pg_stat_statements in this session's database; return False when the server has not loaded it."""
    usable = value(
        superuser,
        "SELECT EXISTS (SELECT FROM pg_available_extensions WHERE name = 'pg_stat_statements')"
        " AND EXISTS (SELECT FROM pg_settings WHERE name = 'pg_stat_statements.max')",
    )
    if usable:
        superuser.execute("CREATE EXTENSION IF NOT EXISTS pg_stat_statements")
    return bool(usable)
