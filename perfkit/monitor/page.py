"""The page that a scrape gets: each case's lines, kept from scrape to scrape until its next probe, then all the rest.

Most lines by far are the cases'. prometheus_client would write each of them anew at each scrape.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Final

from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from perfkit.findings import Severity
from perfkit.monitor import metrics as m
from perfkit.monitor.cases import CaseName, CaseNow, Reading
from perfkit.monitor.model import Board
from perfkit.monitor.thresholds import QUERY_BUCKETS_S

_OPENMETRICS: Final = "application/openmetrics-text"

_OF_CASE: Final[tuple[tuple[m.Family, Callable[[CaseNow], float]], ...]] = (
    (m.PROBES, lambda case: case.probes),
    (m.MISSED, lambda case: case.missed),
    (m.BUDGET, lambda case: case.budget_s),
    (m.WEIGHT, lambda case: case.weight),
)
_OF_READING: Final[tuple[tuple[m.Family, Callable[[Reading], float | None]], ...]] = (
    (m.LAST, lambda reading: reading.execution_s),
    (m.PLANNING, lambda reading: reading.planning_s),
    (m.BLOCKS, lambda reading: reading.shared_blocks),
    (m.ROWS, lambda reading: reading.rows),
    (m.PROBED, lambda reading: reading.at.timestamp()),
    (m.PLAN_CHANGED, lambda reading: reading.before.plan_changed if reading.before else None),
    (m.BASELINE_SECONDS, lambda reading: reading.before.execution_s if reading.before else None),
    (m.BASELINE_BLOCKS, lambda reading: reading.before.shared_blocks if reading.before else None),
)
_FAMILIES: Final = (
    m.QUERY_SECONDS,
    *(family for family, _ in _OF_CASE),
    *(family for family, _ in _OF_READING),
    m.FINDINGS,
)
_BUCKETS: Final = (*(f',le="{bound_s}"' for bound_s in QUERY_BUCKETS_S), ',le="+Inf"')
_ESCAPES: Final = str.maketrans({"\\": r"\\", "\n": r"\n", '"': r"\""})


class Page:
    """The page of a board and of what else is collected; one scrape at a time."""

    def __init__(self, board: Board, rest: Collector) -> None:
        self._board = board
        self._rest = rest
        self._kept: dict[CaseName, tuple[CaseNow, tuple[str, ...]]] = {}

    def render(self, accept: str) -> tuple[bytes, str]:
        """Return the page and its content type: OpenMetrics where the Accept header asks for it, as Prometheus does."""
        encode, content_type = choose_encoder(accept)
        cases = self._cases(is_openmetrics=content_type.startswith(_OPENMETRICS))
        return cases.encode() + encode(self._rest), content_type

    def _cases(self, *, is_openmetrics: bool) -> str:
        texts = [self._texts(name, case) for name, case in self._board.cases.items()]
        return "".join(
            _head(family, is_openmetrics=is_openmetrics) + "".join(text[place] for text in texts)
            for place, family in enumerate(_FAMILIES)
        )

    def _texts(self, name: CaseName, case: CaseNow) -> tuple[str, ...]:
        kept = self._kept.get(name)
        if kept is None or kept[0] is not case:
            kept = self._kept[name] = case, tuple(_texts(name, case))
        return kept[1]


def _head(family: m.Family, *, is_openmetrics: bool) -> str:
    # OpenMetrics names a counter's family without the _total that its series have.
    name = family.name if is_openmetrics else str(family)
    return f"# HELP {name} {family.help}\n# TYPE {name} {family.kind}\n"


def _texts(name: CaseName, case: CaseNow) -> Iterator[str]:
    """Yield the case's lines of each of the families."""
    labels = f'case="{name.case.translate(_ESCAPES)}",query="{name.query.translate(_ESCAPES)}"'
    yield _histogram(labels, case)
    for family, number in _OF_CASE:
        yield _line(str(family), labels, number(case))
    for family, read in _OF_READING:
        value = read(case.reading) if case.reading else None
        yield "" if value is None else _line(str(family), labels, value)
    yield _findings(labels, case.reading) if case.reading else ""


def _histogram(labels: str, case: CaseNow) -> str:
    counts = zip(_BUCKETS, (*case.within, case.timed), strict=True)
    return (
        _lines((m.QUERY_SECONDS.bucket, labels + bucket, count) for bucket, count in counts)
        + _line(m.QUERY_SECONDS.count, labels, case.timed)
        + _line(m.QUERY_SECONDS.sum, labels, case.seconds)
    )


def _findings(labels: str, reading: Reading) -> str:
    return _lines(
        (str(m.FINDINGS), f'{labels},severity="{severity}"', reading.findings.get(severity, 0))
        for severity in Severity
    )


def _lines(samples: Iterable[tuple[str, str, float]]) -> str:
    return "".join(_line(*sample) for sample in samples)


def _line(series: str, labels: str, value: float) -> str:
    return f"{series}{{{labels}}} {float(value)}\n"
