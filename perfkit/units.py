"""Numbers with units, read from and written for people: durations in ms, sizes in bytes, counts, shares."""

import re
from collections.abc import Sequence, Sized

from perfkit.errors import UsageError

_MS_PER_UNIT = {"us": 0.001, "ms": 1.0, "s": 1_000.0, "min": 60_000.0, "h": 3_600_000.0}
_BYTES_PER_UNIT = {"B": 1, "kB": 1024, "MB": 1024**2, "GB": 1024**3, "TB": 1024**4}
_QUANTITY = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([A-Za-z]*)\s*")


def parse_duration_ms(text: str) -> float:
    """Return the milliseconds that "50ms", "1.5s", "2min" or a bare number (milliseconds) says, else UsageError."""
    match = _QUANTITY.fullmatch(text)
    factor = _MS_PER_UNIT.get((match[2] or "ms").lower()) if match else None
    if match is None or factor is None:
        raise UsageError(
            f"{text!r} is not a duration", hint=f"write a number and one of {', '.join(_MS_PER_UNIT)}"
        )
    return float(match[1]) * factor


def parse_size_bytes(text: str) -> int:
    """Return the bytes that "200MB", "1.5 GB" or a bare number (bytes) says, else UsageError; 1 kB is 1,024 bytes."""
    match = _QUANTITY.fullmatch(text)
    factors = {unit.lower(): factor for unit, factor in _BYTES_PER_UNIT.items()}
    factor = factors.get((match[2] or "B").lower()) if match else None
    if match is None or factor is None:
        raise UsageError(
            f"{text!r} is not a size", hint=f"write a number and one of {', '.join(_BYTES_PER_UNIT)}"
        )
    return round(float(match[1]) * factor)


def format_ms(value_ms: float) -> str:
    """Return a duration as people read it: "0.04 ms", "12.3 ms", "1.52 s", "2 min 05 s"."""
    if value_ms >= 60_000:
        minutes, seconds = divmod(round(value_ms / 1000), 60)
        return f"{minutes} min {seconds:02d} s"
    if value_ms >= 1_000:
        return f"{value_ms / 1000:.2f} s"
    if value_ms >= 100:
        return f"{value_ms:.0f} ms"
    return f"{value_ms:.1f} ms" if value_ms >= 1 else f"{value_ms:.2f} ms"


def format_bytes(size_bytes: float) -> str:
    """Return a size in the largest unit that leaves at least 1: "512 B", "13.6 MB"."""
    for unit, factor in reversed(_BYTES_PER_UNIT.items()):
        if size_bytes >= factor > 1:
            return f"{size_bytes / factor:.1f} {unit}"
    return f"{size_bytes:.0f} B"


def format_count(value: float) -> str:
    """Return a count with thousands separators, a fraction only where it says something: "12,345", "0.5"."""
    return f"{value:,.0f}" if value >= 100 or value == round(value) else f"{value:,.1f}"


def counted(number: int | Sized, noun: str, plural: str = "") -> str:
    """Return "1 session", "2 sessions"."""
    count = number if isinstance(number, int) else len(number)
    return f"{format_count(count)} {noun if count == 1 else plural or noun + 's'}"


def listed(names: Sequence[str], most: int, *, joined: str = ", ", noun: str = "") -> str:
    """Return the first names and how many there are besides: "a, b and 3 more", or "and 3 more tables"."""
    more = len(names) - most
    besides = counted(more, f"more {noun}") if noun else f"{format_count(more)} more"
    return joined.join(names[:most]) + (f" and {besides}" if more > 0 else "")


def format_share(share: float) -> str:
    """Return a share of 0 to 1 as a percentage: "93 %", and "<1 %" for what is more than nothing."""
    percent = f"{share * 100:.0f} %"
    return "<1 %" if percent == "0 %" and share > 0 else percent


def format_figure(value: float, unit: str) -> str:
    """Return a figure's value as people read it, by its unit: ms, bytes, share, or what is counted."""
    match unit:
        case "ms":
            return format_ms(value)
        case "bytes":
            return format_bytes(value)
        case "share":
            return f"{value * 100:.1f} %"
        case _:
            return f"{format_count(value)} {unit}".rstrip()
