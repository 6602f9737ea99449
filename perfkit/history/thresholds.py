"""Thresholds of the history: one table, each with its reason."""

from dataclasses import dataclass, field
from datetime import timedelta

from perfkit.baseline.thresholds import Margin


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """What counts as drift, and how sure it must be."""

    # Of 100 looks at a history without drift, one may raise an alarm, however many cases it has.
    family_error: float = 0.01
    # Within a case that has drifted, each further change point must be this unlikely by chance.
    further_error: float = 0.01
    # Runs of the same hours are not independent: where sessions differ by 5 %, as they do on a quiet machine, 4 sessions
    # of 10 runs each, taken for 40, called 6 of 60 steady cases worse. Days tell of drift, not minutes.
    session: timedelta = timedelta(hours=12)
    # Below 10 % nobody acts on a trend, and a machine that was replaced differs by as much; 0.2 ms in a request of 200 ms
    # nobody feels. Less than the judge asks of a single pair, as a level is the median of several runs.
    time: Margin = field(default=Margin(1.10, 0.2))
    # The margin of a single comparison: blocks are exact, so that many runs do not make them more so.
    blocks: Margin = field(default=Margin(1.05, 8))
    # When at least 5 cases, and 4 of 5 of those that have enough runs, slow down without more work, the machine did.
    machine_least_cases: int = 5
    machine_share: float = 0.8


THRESHOLDS = Thresholds()
