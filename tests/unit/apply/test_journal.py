"""The journal is on disk before a step, survives a death in the middle of a line, and names what is damaged."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from perfkit.apply.journal import Event, Journal, Run, create, load, record, unfinished
from perfkit.apply.state import Definition, Index, Name, Place
from perfkit.apply.steps import Part, creation, numbered, removal
from perfkit.errors import DamagedFileError, UsageError

PLACE = Place(database="alumni", identifier="7", role="owner")
DEFINITION = Definition(unique=True, text="USING btree (lower(a)) WHERE (b = 'é'::text)")


def _part(table: str, definition: Definition = DEFINITION) -> Part:
    return Part(
        index=Name("s", f"{table}_idx"),
        table=Name("s", table),
        parent=None,
        is_partitioned=False,
        definition=definition,
    )


OLD = Index(name=Name("s", "old"), table=Name("s", "t"), definition=DEFINITION, valid=True)
STEPS = numbered([creation([_part("t")], has_expression=True), removal([OLD])])


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return create(tmp_path / "made" / "j.jsonl", PLACE, STEPS)


def test_what_was_written_is_read(journal: Journal) -> None:
    record(journal, Run.DO, 0, Event.BEGUN)
    record(journal, Run.DO, 0, Event.FAILED, "no room")
    read = load(journal.path)
    assert (read.place, read.steps) == (PLACE, STEPS)
    assert [(entry.step, entry.event, entry.error) for entry in read.entries] == [
        (0, Event.BEGUN, ""),
        (0, Event.FAILED, "no room"),
    ]


@pytest.mark.parametrize("sign", ["\u2028", "\u2029", "\x85", "\x0c", "\r", "\n"])
def test_signs_that_end_a_line_elsewhere_end_none_here(tmp_path: Path, sign: str) -> None:
    definition = Definition(unique=False, text=f"USING btree (a) WHERE (b = '{sign}'::text)")
    steps = numbered([creation([_part("t", definition)])])
    journal = create(tmp_path / "j.jsonl", PLACE, steps)
    record(journal, Run.DO, 0, Event.FAILED, f"no{sign}room")
    read = load(journal.path)
    assert (read.steps, read.entries[0].error) == (steps, f"no{sign}room")


def test_a_journal_is_never_written_over(journal: Journal) -> None:
    with pytest.raises(UsageError, match="is there already"):
        create(journal.path, PLACE, STEPS)


def test_a_line_that_a_death_cut_short_counts_as_not_written(journal: Journal) -> None:
    record(journal, Run.DO, 0, Event.BEGUN)
    whole = journal.path.read_bytes()
    record(journal, Run.DO, 0, Event.DONE)
    for length in range(len(whole), len(journal.path.read_bytes())):
        journal.path.write_bytes(journal.path.read_bytes()[:length])
        assert len(load(journal.path).entries) == 1
        record(journal, Run.DO, 0, Event.DONE)
        assert len(load(journal.path).entries) == 2


def test_a_first_line_that_is_not_whole_says_that_nothing_was_begun(journal: Journal) -> None:
    journal.path.write_bytes(journal.path.read_bytes()[:-1])
    with pytest.raises(DamagedFileError, match="nothing was begun"):
        load(journal.path)


def test_only_what_was_begun_is_taken_back(journal: Journal) -> None:
    assert load(journal.path).steps_of(Run.UNDO) == ()
    record(journal, Run.DO, 0, Event.BEGUN)
    assert [step.statement for _, step in load(journal.path).steps_of(Run.UNDO)] == [
        "DROP INDEX CONCURRENTLY s.t_idx"
    ]
    record(journal, Run.DO, 2, Event.BEGUN)
    assert len(load(journal.path).steps_of(Run.UNDO)) == len(STEPS.undo)


def test_a_run_that_was_not_finished_is_found(journal: Journal) -> None:
    folder = journal.path.parent
    (folder / "damaged.jsonl").write_text("{")
    assert unfinished(folder, PLACE) == ()
    for number in range(len(STEPS.do)):
        record(journal, Run.DO, number, Event.BEGUN)
        assert unfinished(folder, PLACE) == (journal.path,)
        record(journal, Run.DO, number, Event.DONE)
    assert unfinished(folder, PLACE) == ()
    record(journal, Run.UNDO, 0, Event.DONE)
    assert unfinished(folder, PLACE) == (journal.path,)
    assert unfinished(folder, replace(PLACE, database="other")) == ()


def test_what_was_taken_back_is_not_done_any_more(journal: Journal) -> None:
    record(journal, Run.DO, 0, Event.DONE)
    record(journal, Run.DO, 1, Event.DONE)
    assert load(journal.path).done(Run.DO) == {0, 1}
    record(journal, Run.UNDO, 0, Event.BEGUN)
    assert load(journal.path).done(Run.DO) == frozenset()


@pytest.mark.parametrize(
    "damage",
    [
        "{\n",
        "[]\n",
        '{"run": "do"}\n',
        '{"run": "other", "step": 1, "event": "done", "at": "", "error": ""}\n',
    ],
)
def test_a_damaged_line_names_the_file(journal: Journal, damage: str) -> None:
    with journal.path.open("a") as file:
        file.write(damage)
    with pytest.raises(DamagedFileError) as caught:
        load(journal.path)
    assert str(journal.path) in caught.value.message


@pytest.mark.parametrize("key", ["schema", "place", "do", "undo"])
def test_a_journal_without_its_parts_is_an_error(journal: Journal, key: str) -> None:
    header = json.loads(journal.path.read_text())
    del header[key]
    journal.path.write_text(json.dumps(header) + "\n")
    with pytest.raises(DamagedFileError):
        load(journal.path)


def test_another_file_is_no_journal(tmp_path: Path) -> None:
    (tmp_path / "x").write_text('{"schema": "perfkit.analyze/1"}\n')
    with pytest.raises(DamagedFileError):
        load(tmp_path / "x")
    with pytest.raises(UsageError, match="cannot read"):
        load(tmp_path / "nowhere")
