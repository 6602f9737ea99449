"""One selector under one budget: what it chose, what that took to find, and what its real indexes are worth."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from perfkit import stats
from perfkit.syntax.index import IndexDefinition
from perfkit.units import format_bytes, format_ms
from tests.bench.figure import Figure
from tests.bench.indexed_pair import PairedCase

SLOWER_MOST, SIZE_ERROR_MOST, SEARCH_S_MOST, DEMO_LEFT_MOST = 1.1, 0.15, 20.0, 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The indexes that a selector chose, and what it took."""

    chosen: tuple[IndexDefinition, ...]
    search_s: float
    plans: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One selector under one budget; `built` are the real sizes of all that it chose by its estimates."""

    budget: str
    selector: str
    answer: Answer
    kept: tuple[IndexDefinition, ...]
    built: tuple[tuple[int, int], ...]
    cases: tuple[PairedCase, ...]

    @property
    def left(self) -> float:
        """Return which part of the bare workload's time is left."""
        return self.ms_per_minute / sum(case.bare_ms_per_minute for case in self.cases)

    @property
    def ms_per_minute(self) -> float:
        return sum(case.ms_per_minute for case in self.cases)

    @property
    def slower(self) -> list[PairedCase]:
        """Return the cases that clearly are slower, the most times slower first."""
        return sorted((case for case in self.cases if case.slower), key=lambda case: -case.ratio)

    @property
    def size_error(self) -> float:
        """Return the median error of the estimated sizes."""
        errors = [abs(estimated / real - 1) for estimated, real in self.built]
        return stats.median(errors) if errors else 0.0


def figures(database: str, found: Sequence[Row]) -> Iterator[Figure]:
    """Yield what must hold of perfkit's rows."""
    for row in found:
        if row.selector != "perfkit":
            continue
        peers = {each.selector: each for each in found if each.budget == row.budget and each != row}
        where = f"{database}, {row.budget}"
        for name, peer in peers.items():
            yield Figure(
                what=f"{where}: time / {name}'s",
                measured=row.ms_per_minute / peer.ms_per_minute,
                most=1.0,
                unit="x",
                detail=f"{row.left:.1%} of the bare time left, {peer.left:.1%} with {name}",
            )
        for what, writes in (("reads", False), ("writes", True)):
            slower = [case for case in row.slower if case.writes is writes]
            yield Figure(
                what=f"{where}: slowest case that {what}",
                measured=slower[0].ratio if slower else 1.0,
                most=SLOWER_MOST,
                unit="x",
                detail=f"{len(slower)} slower, most {slower[0].id}" if slower else "none is clearly slower",
            )
        yield Figure(
            what=f"{where}: median error of sizes",
            measured=100 * row.size_error,
            most=100 * SIZE_ERROR_MOST,
            unit="%",
            detail=f"{len(row.built)} indexes",
        )
        yield Figure(
            what=f"{where}: search",
            measured=row.answer.search_s,
            most=SEARCH_S_MOST,
            unit="s",
            detail=f"{row.answer.plans} plans",
        )
    best = min((row for row in found if row.selector == "perfkit"), key=lambda row: row.left)
    if database == "demo":
        yield Figure(
            what="demo: time that is left",
            measured=100 * best.left,
            most=100 * DEMO_LEFT_MOST,
            unit="%",
            detail=f"under {best.budget}",
        )


def text(found: Sequence[Row]) -> str:
    """Return a line a row, and below them what perfkit kept."""
    head = (
        f"{'budget':8}{'selector':16}{'ms a minute':>12}{'left':>8}{'slowest':>9}{'indexes':>9}{'kept':>6}"
        f"{'estimated':>11}{'real':>11}{'error':>7}{'search':>9}{'plans':>8}"
    )
    lines = [head]
    for row in found:
        estimated, real = (sum(each[side] for each in row.built) for side in (0, 1))
        slowest = f"{row.slower[0].ratio:.2f}x" if row.slower else "none"
        lines.append(
            f"{row.budget:8}{row.selector:16}{row.ms_per_minute:12,.0f}{row.left:8.1%}{slowest:>9}"
            f"{len(row.answer.chosen):9}{len(row.kept):6}{format_bytes(estimated):>11}{format_bytes(real):>11}"
            f"{row.size_error:7.0%}{row.answer.search_s:8.1f}s{row.answer.plans:8,}"
        )
    bare = sum(case.bare_ms_per_minute for case in found[0].cases)
    return "\n".join([f"bare: {format_ms(bare)} a minute, {len(found[0].cases)} cases", *lines, ""])


def as_json(database: str, row: Row) -> str:
    """Return a row as a line of JSON, each case with what it takes."""
    return json.dumps(
        {
            "database": database,
            "budget": row.budget,
            "selector": row.selector,
            "left": row.left,
            "search_s": row.answer.search_s,
            "plans": row.answer.plans,
            "chosen": [each.create() for each in row.answer.chosen],
            "kept": [each.create() for each in row.kept],
            "sizes": row.built,
            "cases": [
                {
                    "id": case.id,
                    "weight": case.weight,
                    "bare_ms": case.bare_ms,
                    "ratio": case.ratio,
                    "slower": case.slower,
                    "writes": case.writes,
                    "used": case.used,
                }
                for case in row.cases
            ],
        }
    )
