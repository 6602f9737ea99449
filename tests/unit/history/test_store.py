"""The store: nothing is lost, lines never mix, and what is damaged is named with its line."""

import json
import multiprocessing
import os
import stat
from pathlib import Path

import pytest

import tests.unit.baseline.workloads as w
from perfkit.errors import DamagedFileError, MeasureError, NothingMeasuredError, UsageError
from perfkit.history.codec import encode
from perfkit.history.model import Entry, entry_from
from perfkit.history.store import append, entries
from perfkit.measure.model import Problem, ProblemKind
from tests.unit.history.made import RUN, entry

FAILED = Problem(kind=ProblemKind.ERROR, message="relation does not exist")
MANY = {f"query_{number}/case": RUN for number in range(200)}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "new" / "history.jsonl"


def _days(path: Path) -> list[int]:
    return [each.at.day - 1 for each in entries(path)]


def _damaged(path: Path) -> DamagedFileError:
    with pytest.raises(DamagedFileError) as error:
        list(entries(path))
    return error.value


def test_what_is_appended_is_read_in_its_order(path: Path) -> None:
    made = [entry(MANY, day=day, calibration_ms={"cpu": 1.25}) for day in range(3)]
    for each in made:
        append(path, each)
    assert list(entries(path)) == made
    assert list(entries(path, last=2)) == made[1:]


def test_a_run_in_which_no_case_ran_is_an_entry_too(path: Path) -> None:
    append(path, entry({}))
    assert list(entries(path)) == [entry({})]


def test_an_entry_holds_numbers_and_digests_of_a_measured_workload() -> None:
    analysis = w.analysis(w.result(w.runs(w.index_plan(blocks=34))), w.result(FAILED, case="largest"))
    made = entry_from(
        analysis, command="regress", name="main", revision="abc", calibration_ms={"cpu": 1.23456}, verdicts={}
    )
    (run,) = made.cases.values()
    assert (run.median_ms, run.samples, run.blocks, run.rows, run.verdict) == (0.4, 5, 34, 30, "")
    assert (made.major, made.revision, made.calibration_ms) == (18, "abc", {"cpu": 1.235})
    assert "1998" not in encode(made)
    assert encode(made).startswith('{"schema":"perfkit.history/1"')


def test_verdicts_are_kept_by_case() -> None:
    result = w.result(w.runs(w.index_plan()))
    made = entry_from(
        w.analysis(result),
        command="regress",
        name="main",
        revision="",
        calibration_ms={},
        verdicts={result.case.id: "slower"},
    )
    assert made.cases[result.case.id].verdict == "slower"


def _append_some(path: Path, made: Entry) -> None:
    for _ in range(25):
        append(path, made)


def test_runs_that_append_at_once_never_mix_their_lines(path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=_append_some, args=(path, entry(MANY, day=day))) for day in range(4)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert sorted(_days(path)) == sorted(list(range(4)) * 25)


@pytest.mark.parametrize("kept", [1, 20, 200, -10, -2])
def test_what_a_killed_run_left_is_not_read_and_gone_after_the_next(path: Path, kept: int) -> None:
    append(path, entry(MANY))
    whole = path.read_bytes()
    path.write_bytes(whole + whole[:kept])
    assert _days(path) == [0]
    append(path, entry(MANY, day=1))
    assert _days(path) == [0, 1]


def test_a_line_that_lacks_only_its_newline_counts_and_is_not_glued_to(path: Path) -> None:
    append(path, entry(MANY))
    path.write_bytes(path.read_bytes().rstrip(b"\n"))
    assert _days(path) == [0]
    append(path, entry(MANY, day=1))
    assert _days(path) == [0, 1]


def test_a_killed_run_that_was_the_first_leaves_no_run(path: Path) -> None:
    append(path, entry(MANY))
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(NothingMeasuredError):
        list(entries(path))
    append(path, entry(MANY, day=1))
    assert _days(path) == [1]


def test_what_is_no_entry_is_never_cut_off(path: Path) -> None:
    path.parent.mkdir()
    path.write_text("my notes")
    append(path, entry(MANY))
    assert path.read_text().startswith("my notes\n{")
    assert str(_damaged(path)).startswith(f"{path}:1: is not valid JSON")


def test_a_damaged_line_is_named_and_nothing_is_lost(path: Path) -> None:
    for day in range(3):
        append(path, entry(MANY, day=day))
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join((lines[0], lines[1][:50] + "\n", lines[2])))
    before = path.read_bytes()
    error = _damaged(path)
    assert str(error).startswith(f"{path}:2: ")
    assert error.hint == "delete that line; what the others hold is not touched"
    append(path, entry(MANY, day=3))
    assert path.read_bytes().startswith(before)
    path.write_text("".join((lines[0], lines[2])))
    assert _days(path) == [0, 2]


@pytest.mark.parametrize(
    ("key", "value", "problem"),
    [
        ("at", "yesterday", "at is text, not a date and time"),
        ("revision", None, "revision is null, not text"),
        ("calibration_ms", {"cpu": -1}, "calibration_ms.cpu is not between 0 and"),
        ("unknown", 1, "the document has an unknown 'unknown'"),
        ("cases", [], "cases is a list, not an object"),
        ("blocks", [1.5], "cases.blocks[0] is a number, not a whole number"),
        ("median_ms", [True], "cases.median_ms[0] is true or false, not a number"),
        ("median_ms", [1e300], "cases.median_ms[0] is not between 0 and"),
        ("rows", [-1], "cases.rows[0] is not between 0 and"),
        ("sql", "ab", "cases.sql is text, not a list"),
        ("shape", ["a", "b"], "cases has columns of different lengths, or a case twice"),
    ],
)
def test_what_is_wrong_in_an_entry_is_told(path: Path, key: str, value: object, problem: str) -> None:
    document = json.loads(encode(entry({"a/one": RUN})))
    (document["cases"] if key in document["cases"] else document)[key] = value
    path.parent.mkdir()
    path.write_text(json.dumps(document) + "\n")
    assert str(_damaged(path)).startswith(f"{path}:1: {problem}")


@pytest.mark.parametrize("end", ["\n", ""])
def test_a_newer_format_is_an_error_that_says_so(path: Path, end: str) -> None:
    path.parent.mkdir()
    path.write_text('{"schema":"perfkit.history/2","runs":{}}' + end)
    error = _damaged(path)
    assert str(error) == f"{path}:1: written by a newer perfkit (perfkit.history/2)"
    assert error.hint == "upgrade perfkit"


def test_numbers_that_are_none_are_refused(path: Path) -> None:
    path.parent.mkdir()
    path.write_text(encode(entry({"a/one": RUN})).replace("20.0", "NaN") + "\n")
    assert "NaN is no number" in str(_damaged(path))


def test_a_history_that_is_missing_or_empty_says_what_fills_it(path: Path) -> None:
    for _ in range(2):
        with pytest.raises(NothingMeasuredError, match="there is no run in the history") as error:
            list(entries(path))
        assert error.value.hint == "measure first: perfkit regress, or perfkit baseline"
        path.parent.mkdir(exist_ok=True)
        path.touch()


def test_no_room_is_said() -> None:
    with pytest.raises(MeasureError, match="No space left on device"):
        append(Path("/dev/full"), entry(MANY))


def test_a_file_that_grew_too_large_is_left_as_it_was(path: Path) -> None:
    append(path, entry(MANY))
    before = path.read_bytes()
    child = os.fork()
    if child == 0:
        import resource
        import signal

        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) + 100, len(before) + 100))
        try:
            append(path, entry(MANY, day=1))
        except MeasureError:
            os._exit(0)
        os._exit(1)
    assert os.waitpid(child, 0)[1] == 0
    assert path.read_bytes() == before


def test_a_place_that_cannot_be_written_is_a_usage_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="cannot write"):
        append(tmp_path / "file" / "history.jsonl", entry(MANY))
    with pytest.raises(UsageError, match="cannot write"):
        append(tmp_path, entry(MANY))
    with pytest.raises(UsageError, match="cannot read"):
        list(entries(tmp_path))


def test_a_new_file_gets_the_rights_that_others_would(path: Path) -> None:
    append(path, entry(MANY))
    path.with_name("other").touch()
    assert stat.S_IMODE(path.stat().st_mode) == stat.S_IMODE(path.with_name("other").stat().st_mode)
