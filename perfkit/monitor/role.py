"""The role that watches: the SQL that makes it, as it stands in docs/."""

from pathlib import Path

# Put there when perfkit is packaged; a checkout has its docs/ instead.
_PACKAGED = Path(__file__).with_name("role.sql")
_CHECKED_OUT = Path(__file__).parents[2] / "docs" / "role.sql"


def role_sql() -> str:
    """Return the SQL of the least-privilege role that perfkit needs; psql's variable `password` is its password."""
    return (_PACKAGED if _PACKAGED.exists() else _CHECKED_OUT).read_text("utf-8")
