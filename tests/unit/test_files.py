import os
import stat
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from perfkit.errors import MeasureError, UsageError
from perfkit.files import write_all_atomically, write_atomically, writing_atomically
from tests.limits import file_size_limit

NOBODY = 65534


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_new_file_has_the_text_and_the_rights_of_the_umask(tmp_path: Path) -> None:
    umask = os.umask(0o027)
    try:
        write_atomically(tmp_path / "result.json", "é\r\n班\n")
    finally:
        os.umask(umask)
    assert (tmp_path / "result.json").read_bytes() == "é\r\n班\n".encode()
    assert stat.S_IMODE((tmp_path / "result.json").stat().st_mode) == 0o640
    assert names(tmp_path) == ["result.json"]


def test_bytes_are_written_as_they_are(tmp_path: Path) -> None:
    write_atomically(tmp_path / "result.twin", b"\x1f\x8b\xff\r\n")
    assert (tmp_path / "result.twin").read_bytes() == b"\x1f\x8b\xff\r\n"


def test_a_replaced_file_keeps_its_rights_and_a_link_stays_a_link(tmp_path: Path) -> None:
    target = tmp_path / "real.json"
    target.write_text("old")
    target.chmod(0o600)
    (tmp_path / "link.json").symlink_to("real.json")
    write_atomically(tmp_path / "link.json", "new")
    assert (tmp_path / "link.json").is_symlink()
    assert target.read_text() == "new"
    assert stat.S_IMODE(target.stat().st_mode) == 0o600


def test_a_name_of_the_longest_length_can_be_written(tmp_path: Path) -> None:
    write_atomically(tmp_path / ("n" * 255), "text")
    assert names(tmp_path) == ["n" * 255]


def test_a_missing_directory_is_a_usage_error_that_says_to_make_it(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="No such file or directory") as caught:
        write_atomically(tmp_path / "missing" / "result.json", "text")
    assert "mkdir" in caught.value.hint


def test_a_directory_in_place_of_the_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "result.json").mkdir()
    with pytest.raises(UsageError, match="Is a directory"):
        write_atomically(tmp_path / "result.json", "text")
    assert names(tmp_path) == ["result.json"]


def test_a_file_in_place_of_the_directory_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="Not a directory"):
        write_atomically(tmp_path / "file" / "result.json", "text")


def test_a_directory_that_may_not_be_written_leaves_the_old_file() -> None:
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "result.json"
        target.write_text("old")
        target.chmod(0o666)
        Path(folder).chmod(0o555)
        with as_ordinary_user(), pytest.raises(UsageError, match="Permission denied") as caught:
            write_atomically(target, "new")
        assert "may write" in caught.value.hint
        assert target.read_text() == "old"
        Path(folder).chmod(0o700)


def test_no_room_in_the_middle_of_the_text_leaves_the_old_file(tmp_path: Path) -> None:
    (tmp_path / "result.json").write_text("old")
    with file_size_limit(10_000), pytest.raises(MeasureError, match="File too large"):
        write_atomically(tmp_path / "result.json", "x" * 50_000)
    assert (tmp_path / "result.json").read_text() == "old"
    assert names(tmp_path) == ["result.json"]


def test_a_full_disk_leaves_all_old_files(small_disk: Path) -> None:
    for name in ("a.json", "b.json"):
        (small_disk / name).write_text("old")
    with pytest.raises(MeasureError, match="No space left") as caught:
        write_all_atomically({small_disk / "a.json": "new", small_disk / "b.json": "x" * 500_000})
    assert "space" in caught.value.hint
    assert [(small_disk / name).read_text() for name in names(small_disk)] == ["old", "old"]
    assert names(small_disk) == ["a.json", "b.json"]


def test_no_file_is_replaced_when_one_of_them_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("old")
    (tmp_path / "b.json").mkdir()
    with pytest.raises(UsageError, match=r"b\.json"):
        write_all_atomically({tmp_path / "a.json": "new", tmp_path / "b.json": "new"})
    assert (tmp_path / "a.json").read_text() == "old"
    assert names(tmp_path) == ["a.json", "b.json"]


def test_a_text_that_is_no_unicode_leaves_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(UnicodeEncodeError):
        write_atomically(tmp_path / "result.json", "\ud800")
    assert names(tmp_path) == []


def test_a_pipe_that_has_no_name_of_its_own_is_written_to() -> None:
    reading, writing = os.pipe()
    try:
        path = Path(f"/dev/fd/{writing}")
        write_atomically(path, "one\n")
        with writing_atomically(path) as stream:
            stream.write("two\n")
        assert os.read(reading, 100) == b"one\ntwo\n"
    finally:
        os.close(reading)
        os.close(writing)


def test_a_device_is_written_to_and_not_replaced() -> None:
    with pytest.raises(MeasureError, match="No space left"):
        write_atomically(Path("/dev/full"), "text")
    assert Path("/dev/full").is_char_device()
    write_atomically(Path("/dev/null"), "text")
    assert Path("/dev/null").is_char_device()


def test_a_pipe_is_written_to(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    reader = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    write_atomically(tmp_path / "pipe", "text")
    assert os.read(reader, 100) == b"text"
    os.close(reader)
    assert names(tmp_path) == ["pipe"]


@contextmanager
def as_ordinary_user() -> Iterator[None]:
    """Drop root's rights, which no directory's mode holds back."""
    if os.geteuid():
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("mounting a small disk needs root")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_stream_becomes_a_file_only_when_it_ends_well(tmp_path: Path) -> None:
    path = tmp_path / "long.csv"
    path.write_text("before")
    with pytest.raises(ZeroDivisionError), writing_atomically(path) as stream:
        stream.write(f"half {1 / 0}")
    assert path.read_text() == "before"
    with writing_atomically(path) as stream:
        stream.write("a\r\nb\n")
    assert path.read_bytes() == b"a\r\nb\n"
    assert list(tmp_path.iterdir()) == [path]
    with pytest.raises(UsageError, match="No such file"), writing_atomically(tmp_path / "no" / "f"):
        pass
