"""The store: whole files or the old ones, accepted plans kept, and clear words for what cannot be read."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

import tests.unit.baseline.workloads as w
from perfkit.baseline.accepted import accept_plan, refuse_unacceptable
from perfkit.baseline.model import AcceptedPlan, QueryBaseline, from_analysis
from perfkit.baseline.store import Recorded, chosen, list_baselines, load, record, save
from perfkit.catalog.model import Param, Query
from perfkit.errors import DamagedFileError, UsageError
from perfkit.measure.model import Analysis, CaseResult, Problem, ProblemKind

NAMES = ("directory", "gifts", "profile")

FAILED = Problem(kind=ProblemKind.ERROR, message="canceling statement due to statement timeout")
SPENT = Problem(kind=ProblemKind.SKIPPED, message="the time budget was spent")


def _run(*names: str, blocks: int = 34) -> Analysis:
    return w.analysis(*(w.result(w.runs(w.index_plan(blocks)), of=w.query(name)) for name in names or NAMES))


def _result(case: str, blocks: int = 34) -> CaseResult:
    return w.result(w.runs(w.index_plan(blocks)), case=case)


def _measured(*names: str) -> tuple[QueryBaseline, ...]:
    return from_analysis(_run(*names))


def _accepted(reason: str = "looked at it") -> AcceptedPlan:
    return replace(w.accepted(w.seq_plan()), reason=reason)


def _files(directory: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(directory)): path.read_bytes() for path in directory.rglob("*") if path.is_file()
    }


def test_what_was_recorded_is_loaded(tmp_path: Path) -> None:
    recorded = record(tmp_path / "new" / "place", "main", _run())
    assert recorded == Recorded(stored=NAMES, left=(), removed=())
    assert load(tmp_path / "new" / "place", "main") == {each.query: each for each in _measured()}


def test_recording_the_same_again_changes_no_byte(tmp_path: Path) -> None:
    record(tmp_path, "main", _run())
    before = _files(tmp_path)
    record(tmp_path, "main", _run(*reversed(NAMES)))
    assert _files(tmp_path) == before
    assert sorted(before) == [f"main/{name}.json" for name in NAMES]


def test_recording_some_queries_leaves_the_others(tmp_path: Path) -> None:
    record(tmp_path, "main", _run())
    assert record(tmp_path, "main", _run("gifts", blocks=99)).removed == ()
    loaded = load(tmp_path, "main")
    assert [loaded[name].cases["typical"].counters.shared_blocks for name in NAMES] == [34, 99, 34]


def test_recording_the_whole_catalog_removes_what_is_no_longer_in_it(tmp_path: Path) -> None:
    record(tmp_path, "main", _run())
    # "profile" could not be measured this time, but is still in the catalog.
    measured = w.analysis(*_run("gifts").results, w.result(FAILED, of=w.query("profile")))
    recorded = record(tmp_path, "main", measured, whole=True)
    assert recorded == Recorded(stored=("gifts",), left=("profile",), removed=("directory",))
    assert sorted(load(tmp_path, "main")) == ["gifts", "profile"]


@pytest.mark.parametrize(
    ("stored", "failed", "problem"),
    [
        (("typical", "largest"), "largest", FAILED),
        (("typical", "largest"), "largest", SPENT),
        (("typical", "draw-5e1f09a2"), "draw", FAILED),  # none of the cases that it should have drawn
    ],
)
def test_a_query_of_which_a_stored_case_did_not_run_is_left_as_it_was(
    tmp_path: Path, stored: tuple[str, ...], failed: str, problem: Problem
) -> None:
    record(tmp_path, "main", w.analysis(*(_result(case) for case in stored)))
    before = _files(tmp_path)
    measured = w.analysis(*_run("profile").results, _result("typical"), w.result(problem, case=failed))
    recorded = record(tmp_path, "main", measured)
    assert recorded == Recorded(stored=("profile",), left=("directory",), removed=())
    assert before.items() < _files(tmp_path).items()


def test_a_case_that_was_never_stored_may_fail_beside_the_others(tmp_path: Path) -> None:
    record(tmp_path, "main", w.analysis(_result("typical")))
    measured = w.analysis(_result("typical", blocks=50), w.result(FAILED, case="largest"))
    assert record(tmp_path, "main", measured).stored == ("directory",)
    assert load(tmp_path, "main")["directory"].cases["typical"].counters.shared_blocks == 50


def test_a_case_that_left_the_catalog_leaves_the_baseline(tmp_path: Path) -> None:
    record(tmp_path, "main", w.analysis(_result("typical"), _result("largest")))
    record(tmp_path, "main", w.analysis(_result("typical")))
    assert list(load(tmp_path, "main")["directory"].cases) == ["typical"]


def test_accepted_plans_outlive_a_recording(tmp_path: Path) -> None:
    (measured,) = _measured("gifts")
    save(tmp_path, "main", [accept_plan(measured, "typical", _accepted())])
    record(tmp_path, "main", _run("gifts", blocks=50))
    case = load(tmp_path, "main")["gifts"].cases["typical"]
    assert case.counters.shared_blocks == 50
    assert case.accepted == (_accepted(),)


@pytest.mark.parametrize(
    ("query", "year"),
    [
        (w.query("gifts", statement="SELECT name FROM alumni.person WHERE grad_year = $1"), "1998"),
        (replace(w.query("gifts"), params=(Param(name="year", type="numeric"),)), "1998"),
        (w.query("gifts"), "2015"),
    ],
)
def test_accepted_plans_of_another_sql_text_types_or_values_are_dropped(
    tmp_path: Path, query: Query, year: str
) -> None:
    (measured,) = _measured("gifts")
    save(tmp_path, "main", [accept_plan(measured, "typical", _accepted())])
    record(tmp_path, "main", w.analysis(w.result(w.runs(w.index_plan()), of=query, year=year)))
    assert load(tmp_path, "main")["gifts"].cases["typical"].accepted == ()


def test_a_plan_that_is_accepted_again_is_there_once() -> None:
    (measured,) = _measured("gifts")
    twice = accept_plan(accept_plan(measured, "typical", _accepted()), "typical", _accepted("still right"))
    assert [plan.reason for plan in twice.cases["typical"].accepted] == ["still right"]


@pytest.mark.parametrize(
    ("case", "reason", "message"),
    [
        ("typical", "  ", "accepting a plan of gifts/typical needs a reason"),
        ("huge", "looked at it", "the baseline has no case gifts/huge"),
    ],
)
def test_what_cannot_be_accepted_is_refused(case: str, reason: str, message: str) -> None:
    (measured,) = _measured("gifts")
    with pytest.raises(UsageError, match=message):
        refuse_unacceptable(measured, case, reason)


def test_the_baselines_own_plan_is_not_accepted() -> None:
    (measured,) = _measured("gifts")
    with pytest.raises(UsageError, match="the baseline's own"):
        accept_plan(measured, "typical", w.accepted(w.index_plan()))


def test_an_interrupted_write_leaves_the_old_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    record(tmp_path, "main", _run())
    before = _files(tmp_path)
    real, calls = os.fsync, []

    def interrupted(descriptor: int) -> None:
        calls.append(descriptor)
        if len(calls) == 2:
            raise KeyboardInterrupt
        real(descriptor)

    monkeypatch.setattr(os, "fsync", interrupted)
    with pytest.raises(KeyboardInterrupt):
        record(tmp_path, "main", _run("gifts", "profile", blocks=99), whole=True)
    assert _files(tmp_path) == before


def test_a_damaged_file_is_named_and_not_overwritten(tmp_path: Path) -> None:
    record(tmp_path, "main", _run())
    damaged = tmp_path / "main" / "gifts.json"
    damaged.write_bytes(damaged.read_bytes()[:200])
    before = _files(tmp_path)
    for attempt in (lambda: load(tmp_path, "main"), lambda: record(tmp_path, "main", _run())):
        with pytest.raises(DamagedFileError, match=str(damaged)):
            attempt()
    assert _files(tmp_path) == before


def test_bytes_that_are_no_utf8_are_damage(tmp_path: Path) -> None:
    record(tmp_path, "main", _run())
    (tmp_path / "main" / "gifts.json").write_bytes(b"\xff\xfe{")
    with pytest.raises(DamagedFileError, match="not UTF-8"):
        load(tmp_path, "main")


def test_a_file_under_another_querys_name_is_damage(tmp_path: Path) -> None:
    record(tmp_path, "main", _run())
    (tmp_path / "main" / "gifts.json").rename(tmp_path / "main" / "pledges.json")
    with pytest.raises(DamagedFileError, match="holds the query 'gifts'"):
        load(tmp_path, "main")


@pytest.mark.parametrize("name", ["../x", "..", ".", "", "a/b", "/etc", ".git", "-x", "a\0b", "x" * 101])
def test_a_name_that_leads_elsewhere_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="cannot be the name"):
        record(tmp_path, name, _run())
    with pytest.raises(UsageError, match="cannot be the name"):
        load(tmp_path, name)
    with pytest.raises(UsageError, match="cannot be the name"):
        save(tmp_path, "main", [replace(_measured("gifts")[0], query=name)])
    assert _files(tmp_path) == {}


@pytest.mark.parametrize(
    ("name", "command"), [("main", "perfkit baseline"), ("ci", "perfkit baseline --name ci")]
)
def test_no_baseline_says_how_to_record_one(tmp_path: Path, name: str, command: str) -> None:
    (tmp_path / "main").mkdir()
    with pytest.raises(UsageError, match="there is no baseline") as caught:
        load(tmp_path, name)
    assert caught.value.hint.endswith(command)


def test_baselines_are_listed_by_name(tmp_path: Path) -> None:
    assert list_baselines(tmp_path / "nowhere") == ()
    for name in ("main", "ci"):
        record(tmp_path, name, _run())
    (tmp_path / "empty").mkdir()
    (tmp_path / "notes.json").write_text("{}")
    assert list_baselines(tmp_path) == ("ci", "main")


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="cannot write"):
        record(tmp_path / "file", "main", _run())


@pytest.mark.parametrize(
    ("patterns", "expected"),
    [
        ([], ["directory/largest", "directory/typical", "gifts/typical"]),
        (["gifts"], ["gifts/typical"]),
        (["dir*"], ["directory/largest", "directory/typical"]),
        (["directory/typical"], ["directory/typical"]),
        (["*/typical"], ["directory/typical", "gifts/typical"]),
        (["largest"], []),
    ],
)
def test_a_part_of_a_baseline_is_chosen_as_a_part_of_the_catalog_is(
    patterns: list[str], expected: list[str]
) -> None:
    runs = w.runs(w.index_plan())
    stored = w.baseline(
        w.analysis(w.result(runs), w.result(runs, case="largest"), w.result(runs, of=w.query("gifts")))
    )
    parts = chosen(stored, patterns)
    assert sorted(f"{name}/{case}" for name, query in parts.items() for case in query.cases) == expected
