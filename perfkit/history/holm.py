"""Holm's step-down: which of many tests say something, with the chance of any false one held."""

from collections.abc import Sequence


def rejected(chances: Sequence[float], family_error: float) -> list[bool]:
    """Return for each p-value whether its null hypothesis is rejected, in their order.

    The chance of a single false rejection among all is at most `family_error`, however the tests depend on one another.
    Holm, "A simple sequentially rejective multiple test procedure", Scandinavian Journal of Statistics 6 (1979).
    """
    result = [False] * len(chances)
    order = sorted(range(len(chances)), key=chances.__getitem__)
    for place, index in enumerate(order):
        if chances[index] > family_error / (len(chances) - place):
            break
        result[index] = True
    return result
