"""docs/commands: every command stands there, and prints what stands there."""

from collections.abc import Iterator

import pytest

from tests.docs.compare import differences
from tests.docs.pages import FOLDER, Section, commands, sections
from tests.docs.transcripts import Run, Shell, Transcript, read_source, shell

SOURCE = read_source()


def documented() -> dict[str, Section]:
    return {
        each.command: each
        for page in SOURCE.titles
        for each in sections((FOLDER / f"{page}.md").read_text("utf-8"))
    }


@pytest.fixture(scope="module")
def running() -> Iterator[Shell]:
    with shell() as made:
        yield made


@pytest.fixture(scope="module")
def runs(running: Shell) -> dict[str, Run]:
    """Return what each transcript prints, run in their order: later ones look at what earlier ones made."""
    return {each.command: running.run(each) for each in SOURCE.transcripts}


def test_every_command_has_a_transcript() -> None:
    assert sorted(each.command for each in SOURCE.transcripts) == sorted(commands())
    for each in SOURCE.transcripts:
        assert any(f"perfkit {each.command}" in line for line in each.lines), each.command


def test_the_pages_have_the_sentences_and_lines_of_their_source() -> None:
    wanted = {each.command: (commands()[each.command], each.lines) for each in SOURCE.transcripts}
    assert {name: (each.sentence, each.lines) for name, each in documented().items()} == wanted
    index = (FOLDER / "README.md").read_text("utf-8")
    assert all(f"[perfkit {name}](" in index for name in wanted)


@pytest.mark.parametrize("transcript", SOURCE.transcripts, ids=lambda each: each.command)
def test_a_command_prints_what_its_page_says(transcript: Transcript, runs: dict[str, Run]) -> None:
    run = runs[transcript.command]
    assert run.exit_code == transcript.exit_code, run.outputs
    shown = documented()[transcript.command].outputs
    for page, output in zip(shown, run.outputs, strict=True):
        lines = [line for line in page if line != f"exit code {transcript.exit_code}"]
        assert differences(lines, output, transcript.measured) == [], output


def test_the_comparison_sees_other_words_and_no_other_numbers() -> None:
    page = ["case  median  blocks", "profile/one  1.2 ms  3,277", "Took 1.00 s: 5 of 10", "% of calls."]
    assert (
        differences(page, "case    median  blocks\nprofile/one  900 ms  1\nTook 12 min: 99 of 10 % of calls.")
        == []
    )
    assert differences(
        page, "case    mean    blocks\nprofile/one  900 ms  1\nTook 12 min: 99 of 10 % of calls."
    ) == [
        "not printed: case  median  blocks",
        "not on the page: case    mean    blocks",
    ]
    assert differences(["title", "…"], "title\nmore") == []
    assert differences(["title"], "title\nmore") == ["not on the page: more"]
    assert differences(["title", "none was slow"], "title", ["slow$"]) == []
