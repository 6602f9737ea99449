"""What a baseline takes from a measured workload, and that a workload is the same as itself."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

import tests.unit.baseline.workloads as w
from perfkit.baseline.codec import decode, encode
from perfkit.baseline.judge import judge
from perfkit.baseline.model import fingerprint, from_analysis
from perfkit.baseline.verdict import Gate, VerdictKind
from perfkit.catalog.model import Case
from perfkit.measure.model import Analysis, Problem, ProblemKind
from tests.unit.baseline.generated import CALM

_BLOCKS, _ROWS = st.integers(0, 10**7), st.integers(0, 10**6)
_PLANS = st.one_of(
    st.builds(w.index_plan, _BLOCKS, _ROWS, heap_fetches=_ROWS),
    st.builds(w.seq_plan, _BLOCKS, _ROWS, temp=_BLOCKS, jit=st.booleans()),
    st.builds(w.parallel_plan, _BLOCKS, _ROWS),
    st.builds(w.write_plan, _BLOCKS, _ROWS, wal_records=_BLOCKS),
)
_TIMES_MS = st.lists(st.floats(0, 1e6), min_size=1, max_size=7).map(tuple)
_RUNS = st.builds(w.runs, _PLANS, _TIMES_MS, repeat=st.booleans())
_TABLES = st.builds(
    w.person, rows=st.floats(-1, 1e9), blocks=_BLOCKS, modified=st.none() | _ROWS, valid=st.booleans()
)


@st.composite
def _analyses(draw: st.DrawFn) -> Analysis:
    names = draw(st.lists(st.sampled_from(["a", "b", "c", "d"]), min_size=1, max_size=4, unique=True))
    cases = draw(
        st.lists(st.sampled_from(["small", "typical", "largest"]), min_size=1, max_size=3, unique=True)
    )
    results = (
        w.result(draw(_RUNS), of=w.query(name, allowed=draw(st.sampled_from([(), ("write",)]))), case=case)
        for name in names
        for case in cases
    )
    return w.analysis(*results, around=w.facts(draw(_TABLES)))


@CALM
@given(_analyses())
def test_a_run_is_the_same_as_itself(measured: Analysis) -> None:
    stored = {name: decode(encode(each), Path(f"{name}.json")) for name, each in w.baseline(measured).items()}
    for verdict in judge(stored, measured).verdicts:
        assert (verdict.kind, verdict.gate) == (VerdictKind.SAME, Gate.PASSED)


@CALM
@given(_analyses(), _analyses())
def test_any_two_runs_can_be_judged(before: Analysis, now: Analysis) -> None:
    verdicts = judge(w.baseline(before), now).verdicts
    known = {result.case.id for analysis in (before, now) for result in analysis.results}
    assert {verdict.id for verdict in verdicts} == known
    assert len(verdicts) == len(known)
    assert all(verdict.message.startswith(verdict.id) for verdict in verdicts)


def test_a_recording_holds_what_was_measured() -> None:
    (stored,) = from_analysis(w.analysis(w.result(w.runs(w.index_plan(heap_fetches=3)))))
    case = stored.cases["typical"]
    assert (stored.query, stored.weight, stored.parameter_types) == ("directory", 40.0, ("int",))
    assert (stored.recorded.major, stored.recorded.samples, stored.recorded.plan_mode) == (18, 5, "custom")
    assert stored.settings["work_mem"] == "4MB"
    assert stored.relations["alumni.person"].rows == 100_000
    assert set(stored.relations["alumni.person"].indexes) == {"person_pkey", w.YEAR_INDEX}
    assert (case.counters.shared_blocks, case.counters.rows, case.heap_fetches) == (34, 30, 3)
    assert (case.relations, case.indexes) == (("alumni.person",), (w.YEAR_INDEX,))
    assert case.execution_ms == w.FAST_MS


def test_a_case_that_did_not_run_is_not_recorded() -> None:
    problem = Problem(kind=ProblemKind.ERROR, message="gone")
    measured = w.analysis(
        w.result(w.runs(w.index_plan())),
        w.result(problem, case="largest"),
        w.result(problem, of=w.query("broken")),
    )
    (stored,) = from_analysis(measured)
    assert (stored.query, tuple(stored.cases)) == ("directory", ("typical",))


def test_a_fingerprint_tells_a_change_but_not_a_value() -> None:
    def of(value: str | None) -> str:
        return fingerprint(Case(query="profile", name="typical", values={"person_id": value}, line=1))

    people = [of(str(person_id)) for person_id in range(100_000)]
    assert of("17") == people[17]
    assert of(None) != of("")
    assert sum(mark != people[17] for mark in people) > 0.99 * len(people)
    assert min(people.count(mark) for mark in set(people)) > 250
