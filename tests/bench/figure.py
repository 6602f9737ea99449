"""One measured figure beside its target, and the small table of them all."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A number that was measured, and the most that it should be, if anything; `detail` says how it was come by."""

    what: str
    measured: float
    most: float | None = None
    unit: str
    detail: str = ""

    @property
    def met(self) -> bool:
        return self.most is None or self.measured <= self.most


def table(figures: Sequence[Figure]) -> str:
    """Return a line a figure: what, measured, target, met or missed, and how it was measured."""
    rows = [("what", "measured", "target", "", "how")]
    rows += [
        (
            figure.what,
            f"{figure.measured:.2f} {figure.unit}".strip(),
            "" if figure.most is None else f"<= {figure.most:.2f} {figure.unit}".strip(),
            "" if figure.most is None else "met" if figure.met else "MISSED",
            figure.detail,
        )
        for figure in figures
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)
    return "".join(f"{line.rstrip()}\n" for line in lines)
