"""Connection strings, shown without their secrets."""

import re

# Strict on purpose: a mistyped string may hold its password anywhere, and then matches nothing of these.
_OPEN_KEYS = frozenset(
    {"host", "hostaddr", "port", "dbname", "user", "service", "sslmode", "application_name"}
)
_OPEN_VALUE = re.compile(r"[\w.,/-]*")
_CONNINFO_PAIR = re.compile(r"(\w+)\s*=\s*('(?:[^'\\]|\\.)*'|[^\s'\\=]+)")
_CONNINFO = re.compile(rf"\s*(?:{_CONNINFO_PAIR.pattern}(?:\s+|$))+")
_URI = re.compile(
    r"(?P<scheme>postgres(?:ql)?://)(?:(?P<user>[\w.%-]+)(?P<password>:[^@/\s]*)?@)?"
    r"(?P<place>(?:[\w.-]+|\[[0-9A-Fa-f:.]+\])?(?::\d{1,5})?(?:/[\w.%-]*)?)(?P<options>\?[^@\s]*)?"
)


def redacted(dsn: str) -> str:
    """Return where the connection string leads; whatever is not surely a host, port, database or user is "***"."""
    if match := _URI.fullmatch(dsn):
        user = f"{match['user']}{':***' if match['password'] else ''}@" if match["user"] else ""
        return f"{match['scheme']}{user}{match['place']}{'?***' if match['options'] else ''}"
    if _CONNINFO.fullmatch(dsn):
        return " ".join(
            f"{key}={value}" if key in _OPEN_KEYS and _OPEN_VALUE.fullmatch(value) else "***"
            for key, value in _CONNINFO_PAIR.findall(dsn)
        )
    return "***"
