"""Where a text goes: terminals, pipes, files, and readers that have gone."""

import fcntl
import io
import os
import struct
import subprocess
import sys
import termios
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

import pytest

from perfkit.errors import MeasureError, UsageError
from perfkit.report.formats import write_output
from perfkit.report.options import PIPED_WIDTH_COLUMNS, RenderOptions, options_for


@pytest.fixture
def terminal() -> Iterator[TextIO]:
    leader, follower = os.openpty()
    fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 132, 0, 0))
    with os.fdopen(follower, "w") as stream:
        yield stream
    os.close(leader)


def test_a_terminal_gives_its_width_and_colours(terminal: TextIO) -> None:
    options = options_for(terminal, environ={"TERM": "xterm"})
    assert options == RenderOptions(width_columns=132, terminal=True, colour=True)


@pytest.mark.parametrize("environ", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_no_colour_when_the_environment_says_so(terminal: TextIO, environ: dict[str, str]) -> None:
    assert not options_for(terminal, environ=environ).colour


def test_an_empty_no_color_says_nothing(terminal: TextIO) -> None:
    assert options_for(terminal, environ={"NO_COLOR": ""}).colour


def test_a_terminal_without_a_size_is_taken_for_a_pipe(terminal: TextIO) -> None:
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 0, 0, 0, 0))
    assert options_for(terminal, environ={}).width_columns == PIPED_WIDTH_COLUMNS


def test_a_pipe_has_a_hundred_columns_and_no_colour() -> None:
    assert options_for(io.StringIO(), environ={"TERM": "xterm"}) == RenderOptions()


@pytest.mark.parametrize("path", [None, Path("-")])
def test_without_a_path_stdout_is_written(path: Path | None) -> None:
    stdout = io.StringIO()
    write_output("text\n", path, stdout)
    assert stdout.getvalue() == "text\n"


def test_a_file_is_written_and_stdout_left_alone(tmp_path: Path) -> None:
    stdout = io.StringIO()
    write_output("班\n", tmp_path / "out.txt", stdout)
    assert (tmp_path / "out.txt").read_text("utf-8") == "班\n"
    assert stdout.getvalue() == ""


def test_a_file_is_kept_when_its_pieces_end_in_an_error(tmp_path: Path) -> None:
    def broken() -> Iterator[str]:
        yield "half"
        raise ValueError("broken")

    path = tmp_path / "out.txt"
    path.write_text("old")
    with pytest.raises(ValueError, match="broken"):
        write_output(broken(), path, io.StringIO())
    assert [file.read_text() for file in tmp_path.iterdir()] == ["old"]


def test_a_file_that_cannot_be_written_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot write"):
        write_output("text", tmp_path / "missing" / "out.txt", io.StringIO())


def test_what_the_encoding_of_stdout_lacks_is_escaped() -> None:
    written = io.BytesIO()
    stdout = io.TextIOWrapper(written, encoding="latin-1")
    write_output("é 班\n", None, stdout)
    assert written.getvalue() == b"\xe9 \\u73ed\n"


def test_a_full_disk_behind_stdout_is_a_measure_error() -> None:
    stdout = Path("/dev/full").open("w", encoding="utf-8")  # noqa: SIM115 - closing it would fail as well
    with pytest.raises(MeasureError, match="standard output: No space left"):
        write_output("text", None, stdout)
    os.dup2(os.open(os.devnull, os.O_WRONLY), stdout.fileno())
    stdout.close()


def test_a_reader_that_has_gone_is_no_error() -> None:
    program = (
        "import sys; from perfkit.report.formats import write_output;"
        "sys.stdin.read(); write_output('x' * 1_000_000, None, sys.stdout); sys.exit(1)"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", program],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert child.stdout
    assert child.stdin
    assert child.stderr
    child.stdout.close()
    child.stdin.close()
    assert (child.stderr.read(), child.wait(60)) == (b"", 1)
    child.stderr.close()
