"""What a bench leaves behind: figures with their samples, where they were measured, and how."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from perfkit import stats


class Kind(StrEnum):
    """What a figure is: this says which way it gets better, and whether a slower machine makes it worse."""

    TIME = "time"  # less is better
    RATE = "rate"  # more is better
    SIZE = "size"  # less is better, on any machine
    SHARE = "share"  # more is better, on any machine, such as a hit rate
    COUNT = "count"  # may not grow at all, such as errors or stale reads

    @property
    def more_is_better(self) -> bool:
        """Tell whether a larger figure is a better one."""
        return self in {Kind.RATE, Kind.SHARE}

    @property
    def follows_machine(self) -> bool:
        """Tell whether the figure changes with the machine's speed."""
        return self in {Kind.TIME, Kind.RATE}


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One quantity, measured at least once; `unit` is how it is written, such as "rows/s" or "s per 1,000"."""

    id: str
    unit: str
    kind: Kind
    samples: tuple[float, ...]

    @property
    def median(self) -> float:
        """Return the median of the samples."""
        return stats.median(self.samples)

    @property
    def spread(self) -> tuple[float, float]:
        """Return the least and the largest sample."""
        return min(self.samples), max(self.samples)


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """Where a bench ran: perfkit's version, the server (its words and server_version_num), the machine of the client.

    `memory_bytes` is None where the system does not tell. `calibration` holds the median times, in ms, of fixed work
    on the server, by name; it may be empty.
    """

    perfkit: str
    server: str
    server_version: int
    cores: int
    memory_bytes: int | None
    system: str
    calibration: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchResult:
    """A bench's run; only results of the same `options` (table, rows, users …) can be compared. Figures by id.

    `advice` holds the settings that the run calls for, such as a pool's size, by name.
    """

    bench: str
    at: datetime
    environment: Environment
    options: Mapping[str, str]
    figures: Mapping[str, Figure]
    advice: Mapping[str, str] = field(default_factory=dict)


def by_id(*figures: Figure) -> dict[str, Figure]:
    """Return the figures by their ids, in their order."""
    return {figure.id: figure for figure in figures}
