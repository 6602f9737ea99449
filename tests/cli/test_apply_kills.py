"""perfkit apply killed in the middle, client and server, while an application writes: a few of what the benchmark does."""

from pathlib import Path

from tests.bench.apply_kills import outcomes, report


def test_whatever_is_killed_nothing_is_left_and_no_write_is_lost(server_folder: Path) -> None:
    folder = server_folder / "kills"
    folder.mkdir()
    found = list(outcomes(4, folder, seed=3, rows=20_000))
    assert all(outcome.is_good for outcome in found), report(found)
    assert all(outcome.writes for outcome in found)
