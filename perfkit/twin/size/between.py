"""The values between the bounds of a histogram, where a column's type tells how far apart two values lie.

An expression such as a date of a moment puts neighbours together, and which it does cannot be seen from the bounds alone.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from itertools import pairwise

from perfkit.twin.size.sampled import GRAIN_BOUNDS, Known

# A server computes an expression of so many values in a few milliseconds, and a bin of a hundred falls into fifty parts.
_VALUES_MOST = 5_000
_BEGINNING = datetime.min.replace(tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class _Scale:
    """How a type's values are written on a scale of whole numbers."""

    number: Callable[[str], int]
    text: Callable[[int], str]


def between(known: Known, type_name: str) -> Known:
    """Return the same statistics with a finer histogram: within a bin all values that its ends allow are equally likely.

    As it was where the type, by its name in SQL, has no scale, or a bound, such as infinity, no place on it.
    """
    bins = len(known.bounds) - 1
    parts = _VALUES_MOST // bins if bins > 0 else 1
    if parts < 2 or known.parts > 1:
        return known
    try:
        scale = _scale(type_name, known.bounds)
        bounds = tuple(map(scale.text, _finer([*map(scale.number, known.bounds)], parts))) if scale else ()
    except (ValueError, OverflowError, InvalidOperation):
        return known
    return replace(known, bounds=bounds, parts=parts) if bounds else known


def _finer(bounds: Sequence[int], parts: int) -> Iterator[int]:
    """Yield the middle of each part of each bin, on the step that all bounds keep, and the last bound."""
    widths = [high - low for low, high in pairwise(bounds)]
    step = (math.gcd(*widths) or 1) if len(widths) >= GRAIN_BOUNDS else 1
    for low, high in pairwise(bounds):
        steps = (high - low) // step
        yield from (low + step * ((2 * part + 1) * steps // (2 * parts)) for part in range(parts))
    yield bounds[-1]


def _scale(type_name: str, bounds: Sequence[str]) -> _Scale | None:
    kind = type_name.partition("(")[0].strip()
    if kind in {"smallint", "integer", "bigint"}:
        return _Scale(int, str)
    if kind == "numeric":
        digits = max(len(bound.partition(".")[2]) for bound in bounds)
        return _Scale(
            lambda text: int(Decimal(text).scaleb(digits)),
            lambda number: str(Decimal(number).scaleb(-digits)),
        )
    if kind == "date":
        return _Scale(
            lambda text: date.fromisoformat(text).toordinal(),
            lambda number: date.fromordinal(number).isoformat(),
        )
    return _Scale(_microseconds, _moment) if kind.startswith("timestamp") else None


def _microseconds(text: str) -> int:
    moment = datetime.fromisoformat(text)
    return (moment.replace(tzinfo=moment.tzinfo or UTC) - _BEGINNING) // _MICROSECOND


def _moment(number: int) -> str:
    """Return the moment in UTC; a type without time zone reads past the offset."""
    return (_BEGINNING + number * _MICROSECOND).isoformat(" ")
