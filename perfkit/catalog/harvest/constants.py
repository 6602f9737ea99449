"""Values for parameters that no column says anything of: plain ones of their type, and the words that functions know."""

from perfkit.catalog.harvest.model import Parameter
from perfkit.catalog.harvest.thresholds import LIMIT_ROWS, OFFSET_ROWS
from perfkit.syntax.usage.places import Role

# By function and the place of its argument; `timezone` is what AT TIME ZONE calls.
_WORDS = {
    ("date_trunc", 0): "month", ("date_part", 0): "year", ("extract", 0): "year", ("timezone", 0): "UTC",
    ("to_char", 1): "YYYY-MM", ("date_trunc", 2): "UTC", ("percentile_cont", 0): "0.5", ("percentile_disc", 0): "0.5",
    ("regexp_replace", 3): "g", ("regexp_matches", 2): "g", ("regexp_match", 2): "i",
}  # fmt: skip
_BY_TYPE = {
    "bool": "t", "text": "a", "varchar": "a", "bpchar": "a", "name": "a", "char": "a", "citext": "a", "bytea": "\\x00",
    "date": "2026-01-01", "time": "12:00", "timetz": "12:00+00", "timestamp": "2026-01-01 00:00",
    "timestamptz": "2026-01-01 00:00+00", "interval": "30 days", "uuid": "00000000-0000-0000-0000-000000000000",
    "json": "{}", "jsonb": "{}", "jsonpath": "$.*", "tsquery": "a", "tsvector": "a", "inet": "127.0.0.1",
    "cidr": "127.0.0.0/8", "regconfig": "english", "xml": "<a/>", "bit": "1", "varbit": "1", "money": "1",
    "point": "(0,0)", "int4range": "[1,2)", "int8range": "[1,2)", "numrange": "[1,2)",
    "daterange": "[2026-01-01,2026-02-01)", "tsrange": "[2026-01-01,2026-02-01)",
    "tstzrange": "[2026-01-01,2026-02-01)",
}  # fmt: skip


def constant(parameter: Parameter) -> str | None:
    """Return a value that the server takes for a parameter, None when its type has none here."""
    place, type_ = parameter.place, parameter.type
    if place.role in (Role.LIMIT, Role.OFFSET):
        return str(LIMIT_ROWS if place.role is Role.LIMIT else OFFSET_ROWS)
    if place.operator == "%" and type_.category == "N":
        return "10"
    word = _WORDS.get((place.operator, place.item)) if place.role is Role.ARGUMENT else None
    if word or type_.label:
        return word or type_.label
    return _BY_TYPE.get(type_.base) or {"N": "1", "A": "{}"}.get(type_.category)
