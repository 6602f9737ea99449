"""Setting two keys of perfkit.toml: nothing else in the file changes."""

from pathlib import Path

import pytest

from perfkit.baseline.thresholds import THRESHOLDS
from perfkit.errors import SettingsError
from perfkit.settings import resolve
from perfkit.settings_edit import edited_settings, with_values

VALUES = {"slowdown": "10%", "floor": "0.5ms"}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", 'slowdown = "10%"\nfloor = "0.5ms"\n'),
        ("# ours\nseed = 3", '# ours\nseed = 3\nslowdown = "10%"\nfloor = "0.5ms"\n'),
        (
            "floor = '2ms'  # felt\n# slowdown = 1\n\nslowdown='5%'#why\nseed = 3 # last\n",
            'floor = "0.5ms"  # felt\n# slowdown = 1\n\nslowdown="10%"#why\nseed = 3 # last\n',
        ),
        ('"floor" = "1ms"\r\nseed = 1\r\n', '"floor" = "0.5ms"\r\nseed = 1\r\nslowdown = "10%"\r\n'),
    ],
)
def test_only_the_two_keys_change(before: str, after: str) -> None:
    assert with_values(before, VALUES) == after


def test_the_file_in_force_is_changed_and_read_back(tmp_path: Path) -> None:
    inner = tmp_path / "inner"
    inner.mkdir()
    (tmp_path / "perfkit.toml").write_text("# ours\nseed = 3\n")
    path, text = edited_settings(inner, VALUES)
    assert path == tmp_path / "perfkit.toml"
    path.write_text(text)
    settings = resolve({}, environ={}, cwd=inner)
    assert (settings.seed, settings.floor_ms) == (3, 0.5)
    assert settings.slowdown_ratio == pytest.approx(1.1)


def test_without_any_file_it_is_a_new_one_in_the_working_directory(tmp_path: Path) -> None:
    assert edited_settings(tmp_path, VALUES)[0] == tmp_path / "perfkit.toml"


def test_a_pyproject_in_force_is_not_hidden_by_the_new_file(tmp_path: Path) -> None:
    inner = tmp_path / "inner"
    inner.mkdir()
    (tmp_path / "pyproject.toml").write_text("[tool.perfkit]\nseed = 7\n")
    path, text = edited_settings(inner, VALUES)
    path.write_text(text)
    settings = resolve({}, environ={}, cwd=inner)
    assert (settings.seed, settings.floor_ms) == (7, 0.5)


def test_a_value_written_so_that_it_cannot_be_replaced_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "perfkit.toml").write_text('dsn = """\nfloor = 3\n"""\n')
    with pytest.raises(SettingsError) as caught:
        edited_settings(tmp_path, VALUES)
    assert caught.value.hint == 'write there yourself: slowdown = "10%", floor = "0.5ms"'


def test_the_defaults_are_the_judge_s(tmp_path: Path) -> None:
    settings = resolve({}, environ={}, cwd=tmp_path)
    assert settings.slowdown_ratio == THRESHOLDS.paired.ratio
    assert settings.floor_ms == THRESHOLDS.paired.floor_ms


@pytest.mark.parametrize("wrong", ["5", "0%", "-5%", "five%", "1.05"])
def test_a_slowdown_that_is_no_percentage_is_refused(tmp_path: Path, wrong: str) -> None:
    with pytest.raises(SettingsError, match="must be a percentage in quotes"):
        resolve({}, environ={"PERFKIT_SLOWDOWN": wrong}, cwd=tmp_path)
