"""The files of benches: what is stored comes back, and what is damaged is told with its place."""

from dataclasses import replace
from pathlib import Path

import pytest

from perfkit.bench import store
from perfkit.errors import DamagedFileError
from tests.unit.bench.test_bench_judge import rate, result


def test_what_is_stored_comes_back(tmp_path: Path) -> None:
    measured = result(rate(1000.5, 1020.25))
    store.save(tmp_path / "bench", [measured])
    assert store.load(tmp_path / "bench") == {"import": measured}


def test_what_a_run_calls_for_comes_back_too(tmp_path: Path) -> None:
    advised = replace(result(rate(1000)), advice={"pool_size": "8"})
    store.save(tmp_path, [advised])
    assert store.load(tmp_path)["import"].advice == {"pool_size": "8"}


def test_nothing_is_stored_where_nothing_was_measured(tmp_path: Path) -> None:
    assert store.load(tmp_path / "bench") == {}


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('"kind": "rate"', '"kind": "speed"', r"figures\.copy\.rows_per_s\.kind is 'speed'"),
        ("[1000.0]", "[]", r"figures\.copy\.rows_per_s\.samples is empty"),
        ("[1000.0]", "[-1]", r"samples\[0\] is not between 0"),
        ("perfkit.bench/1", "perfkit.bench/2", "newer perfkit"),
        ("perfkit.bench/1", "perfkit.history/1", "schema is 'perfkit.history/1'"),
        ('"options"', '"choices"', "has an unknown 'choices'"),
        ("}", "", "is not valid JSON"),
    ],
)
def test_a_damaged_file_is_told_with_its_place(tmp_path: Path, old: str, new: str, told: str) -> None:
    store.save(tmp_path, [result(rate(1000))])
    path = tmp_path / "import.json"
    path.write_text(path.read_text().replace(old, new))
    with pytest.raises(DamagedFileError, match=told):
        store.load(tmp_path)
