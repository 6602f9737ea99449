"""How health's objects and numbers are called."""

from perfkit.health.model import Row
from perfkit.names import quote_name
from perfkit.units import format_ms

_HOUR_S = 3_600
_DAY_S = 86_400


def age(seconds: float) -> str:
    """Return a time span in the units in which people say it: "2.00 s", "5 min", "16 min 05 s", "5 h 20 min", "12 days"."""
    if seconds >= 2 * _DAY_S:
        return f"{seconds / _DAY_S:.0f} days"
    if seconds >= _HOUR_S:
        hours, rest = divmod(seconds, _HOUR_S)
        return f"{hours:.0f} h {rest // 60:02.0f} min"
    return format_ms(max(seconds, 0) * 1000).removesuffix(" 00 s")


def session(row: Row) -> str:
    """Return a session as a DBA finds it again: "pid 4711 (alice, psql, database alumni)"."""
    parts = [row["user"], row["application"], f"database {row['database']}" if row["database"] else ""]
    return f"pid {row['pid']} ({', '.join(filter(None, parts))})"


def relation(row: Row, schema: str = "schema", name: str = "name") -> str:
    """Return a relation's name as SQL takes it."""
    return f"{quote_name(row[schema])}.{quote_name(row[name])}"


def literal(text: str) -> str:
    """Return a text as SQL takes it."""
    return "'" + text.replace("'", "''") + "'"
