"""Hypothesis strategies for all that a baseline file can hold."""

from datetime import UTC

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from perfkit.baseline.model import (
    AcceptedPlan,
    CaseBaseline,
    QueryBaseline,
    RecordedIndex,
    RecordedRelation,
    Recording,
)
from perfkit.plan.counters import Counters
from perfkit.plan.runs import Session
from perfkit.plan.shape import shape_from_text

# A machine that is busy with other tests is no failure of the code.
CALM = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])

_TEXT = st.text(max_size=12)
_COUNT = st.integers(0, 2**40)
_TIMES_MS = st.floats(0, 1e7).map(lambda time: round(time, 3))
_MOMENT = st.datetimes(timezones=st.just(UTC)).map(lambda moment: moment.replace(microsecond=0))
_SHAPE = st.lists(_TEXT.filter(lambda line: "\n" not in line), min_size=1, max_size=4).map(
    lambda lines: shape_from_text("\n".join(lines))
)
_COUNTERS = st.builds(Counters, **dict.fromkeys(Counters.__dataclass_fields__, _COUNT))
_CALIBRATION = st.dictionaries(_TEXT, _TIMES_MS, max_size=2)
_SESSION = st.builds(
    Session,
    at=_MOMENT,
    execution_ms=st.lists(_TIMES_MS, min_size=1, max_size=3).map(tuple),
    planning_ms=st.lists(_TIMES_MS, max_size=3).map(tuple),
)
_RELATION = st.builds(
    RecordedRelation,
    rows=st.integers(-1, 2**40),
    dead_rows=st.none() | _COUNT,
    size_bytes=_COUNT,
    indexes=st.dictionaries(_TEXT, st.builds(RecordedIndex, definition=_TEXT, size_bytes=_COUNT), max_size=2),
    columns=st.dictionaries(_TEXT, _TEXT, max_size=2),
    columns_without_statistics=st.none() | st.lists(_TEXT, max_size=2).map(tuple),
)
_ACCEPTED = st.builds(
    AcceptedPlan,
    shape=_SHAPE,
    counters=_COUNTERS,
    relations=st.dictionaries(_TEXT, _RELATION, max_size=2),
    indexes=st.lists(_TEXT, max_size=2).map(tuple),
    sessions=st.lists(_SESSION, max_size=1).map(tuple),
    calibration=_CALIBRATION,
    reason=_TEXT,
    author=_TEXT,
    at=_MOMENT,
)
_CASE = st.builds(
    CaseBaseline,
    parameters=_TEXT,
    shape=_SHAPE,
    counters=_COUNTERS,
    repeats=st.booleans(),
    heap_fetches=_COUNT,
    relations=st.lists(_TEXT, max_size=2).map(tuple),
    indexes=st.lists(_TEXT, max_size=2).map(tuple),
    functions=st.dictionaries(_TEXT, _TEXT, max_size=2),
    sessions=st.lists(_SESSION, min_size=1, max_size=2).map(tuple),
    accepted=st.lists(_ACCEPTED, max_size=2).map(tuple),
)
BASELINES = st.builds(
    QueryBaseline,
    query=_TEXT,
    sql_sha256=_TEXT,
    parameter_types=st.lists(_TEXT, max_size=2).map(tuple),
    weight=st.floats(0, 1e6),
    recorded=st.builds(
        Recording,
        at=_MOMENT,
        perfkit=_TEXT,
        server_version=_COUNT,
        server=_TEXT,
        samples=_COUNT,
        plan_mode=_TEXT,
        calibration=_CALIBRATION,
    ),
    settings=st.dictionaries(_TEXT, _TEXT, max_size=3),
    relations=st.dictionaries(_TEXT, _RELATION, max_size=2),
    cases=st.dictionaries(_TEXT, _CASE, max_size=2),
)
