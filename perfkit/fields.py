"""Field: one value of a decoded JSON file, read strictly; what is wrong is told with file and place."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from perfkit.errors import DamagedFileError

REPAIR_HINT = "restore it from version control, or delete it and measure again"

_LARGEST = 2**63 - 1
_WORDS = {dict: "an object", list: "a list", str: "text", bool: "true or false", type(None): "null"}


@dataclass(frozen=True, slots=True)
class Field:
    """A value with its place in the file; every method raises DamagedFileError when the value is not what it returns."""

    value: Any
    path: Path
    place: str = ""

    def record(self, names: Iterable[str]) -> dict[str, "Field"]:
        """Return the members of an object that has exactly these names."""
        members, expected = self.entries(), set(names)
        for name in sorted(expected ^ members.keys()):
            raise self.wrong(f"has no {name!r}" if name in expected else f"has an unknown {name!r}")
        return members

    def entries(self) -> dict[str, "Field"]:
        """Return the members of an object, whatever their names."""
        if not isinstance(self.value, dict):
            raise self._expected("an object")
        return {
            name: Field(value, self.path, f"{self.place}.{name}".lstrip("."))
            for name, value in self.value.items()
        }

    def items(self) -> tuple["Field", ...]:
        """Return the items of a list."""
        if not isinstance(self.value, list):
            raise self._expected("a list")
        return tuple(
            Field(value, self.path, f"{self.place}[{place}]") for place, value in enumerate(self.value)
        )

    def text(self) -> str:
        """Return a text."""
        if not isinstance(self.value, str):
            raise self._expected("text")
        return self.value

    def texts(self) -> tuple[str, ...]:
        """Return a list of texts."""
        return tuple(item.text() for item in self.items())

    def truth(self) -> bool:
        """Return true or false."""
        if not isinstance(self.value, bool):
            raise self._expected("true or false")
        return self.value

    def integer(self, *, least: int = 0) -> int:
        """Return a whole number of at least `least` that fits in 64 bits."""
        if isinstance(self.value, bool) or not isinstance(self.value, int):
            raise self._expected("a whole number")
        if not least <= self.value <= _LARGEST:
            raise self.wrong(f"is not between {least} and {_LARGEST}")
        return self.value

    def amount(self) -> float:
        """Return a number of at least 0."""
        if isinstance(self.value, bool) or not isinstance(self.value, int | float):
            raise self._expected("a number")
        if not (math.isfinite(self.value) and 0 <= self.value <= _LARGEST):
            raise self.wrong(f"is not between 0 and {_LARGEST}")
        return float(self.value)

    def amounts(self) -> tuple[float, ...]:
        """Return a list of numbers of at least 0."""
        return tuple(item.amount() for item in self.items())

    def moment(self) -> datetime:
        """Return a date and time with its zone, in ISO 8601."""
        try:
            moment = datetime.fromisoformat(self.text())
        except ValueError:
            raise self._expected("a date and time") from None
        if moment.tzinfo is None:
            raise self.wrong("has no time zone")
        return moment

    def wrong(self, problem: str) -> DamagedFileError:
        """Return the error that this value has the problem."""
        return DamagedFileError(
            self.path,
            f"{self.place or 'the document'} {problem}",
            hint=REPAIR_HINT,
        )

    def _expected(self, what: str) -> DamagedFileError:
        return self.wrong(f"is {_WORDS.get(type(self.value), 'a number')}, not {what}")
