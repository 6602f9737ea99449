"""A configuration while it is searched for: candidates by their numbers, a set of them as the bits of an integer."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations

from perfkit.indexes.overlap import alike
from perfkit.syntax.index import IndexDefinition

Configuration = int
"""Bit n stands for candidate n. A set operation takes a tenth of what it takes on sets, and the search makes millions."""


class Candidates:
    """The candidates in order of their statements, so that ties are broken the same way every time."""

    def __init__(self, definitions: Iterable[IndexDefinition]) -> None:
        self.definitions: Sequence[IndexDefinition] = sorted(set(definitions), key=IndexDefinition.create)
        self._numbers = {definition: number for number, definition in enumerate(self.definitions)}
        self.everything: Configuration = (1 << len(self.definitions)) - 1
        self._alike = self._each_one_s_alike()

    def configuration(self, definitions: Iterable[IndexDefinition]) -> Configuration:
        """Return the set of the definitions; those that are no candidates are left out."""
        return of_numbers(self._numbers[each] for each in definitions if each in self._numbers)

    def chosen(self, configuration: Configuration) -> frozenset[IndexDefinition]:
        """Return the definitions of a configuration."""
        return frozenset(self.definitions[number] for number in numbers(configuration))

    def alike(self, configuration: Configuration) -> Configuration:
        """Return the candidates that cover an index of the configuration or are covered by one: nobody needs both."""
        found = 0
        for number in numbers(configuration):
            found |= self._alike[number]
        return found

    def _each_one_s_alike(self) -> list[Configuration]:
        found = [0] * len(self.definitions)
        for (number, one), (place, other) in combinations(enumerate(self.definitions), 2):
            if one.table == other.table and alike(one, other):
                found[number] |= 1 << place
                found[place] |= 1 << number
        return found


def of_numbers(chosen: Iterable[int]) -> Configuration:
    """Return the configuration of the candidates that have these numbers, each once."""
    return sum(1 << number for number in chosen)


def numbers(configuration: Configuration) -> Iterator[int]:
    """Yield the numbers of a configuration's candidates, lowest first."""
    while configuration:
        lowest = configuration & -configuration
        yield lowest.bit_length() - 1
        configuration ^= lowest


def parts(configuration: Configuration) -> Iterator[Configuration]:
    """Yield each index of a configuration as a configuration of its own."""
    for number in numbers(configuration):
        yield 1 << number
