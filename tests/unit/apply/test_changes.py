"""A file of index changes is read as it was meant, nothing of a statement is lost, and what is wrong is named."""

import json
from pathlib import Path

import pytest

from perfkit.apply.changes import Changes, read_changes
from perfkit.errors import CatalogError, DamagedFileError, UsageError


def _read(path: Path, text: str) -> Changes:
    path.write_text(text, "utf-8")
    return read_changes(path)


def test_a_script_is_read_with_its_places(tmp_path: Path) -> None:
    path = tmp_path / "a.sql"
    changes = _read(
        path, '-- why\nCREATE UNIQUE INDEX "I" ON ONLY s.t (a);\n\nDROP INDEX s.x, y;\ncreate index on t (b)'
    )
    first, second = changes.create
    assert (first.schema, first.table, first.name, first.unique, first.only) == ("s", "t", "I", True, True)
    assert (first.definition, first.place) == ("(a)", f"{path}:2")
    assert (second.schema, second.table, second.name, second.definition) == ("", "t", "", "(b)")
    assert [(each.schema, each.name, each.place) for each in changes.drop] == [
        ("s", "x", f"{path}:4"),
        ("", "y", f"{path}:4"),
    ]


@pytest.mark.parametrize(
    "definition",
    [
        "USING gist (name gist_trgm_ops (siglen = 32))",
        "(a) TABLESPACE fast WHERE b > 1",
        "USING btree (lower(a) COLLATE \"C\" DESC NULLS LAST) INCLUDE (c) WITH (fillfactor = 70) WHERE x = 'on t'",
    ],
)
@pytest.mark.parametrize(
    "head", ["CREATE INDEX ON t", 'CREATE INDEX "on" ON "S" . "on t" *', "CREATE INDEX i ON ONLY a.b"]
)
def test_all_that_follows_the_table_is_kept(tmp_path: Path, head: str, definition: str) -> None:
    (creation,) = _read(tmp_path / "a.sql", f"{head} {definition} ;").create
    assert creation.definition == definition


def test_suggestions_are_read(tmp_path: Path) -> None:
    document = {
        "schema": "perfkit.suggest/1",
        "anything": 1,
        "create": [{"statement": "CREATE INDEX ON s.t (a)", "size_bytes": 1}],
        "drop": [{"statement": "DROP INDEX s.i"}],
    }
    changes = _read(tmp_path / "s.json", json.dumps(document))
    assert [creation.definition for creation in changes.create] == ["(a)"]
    assert [removal.name for removal in changes.drop] == ["i"]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("CREATE INDEX ON t (a);\nDROP TABLE t;", 2),
        ("\n\nDROP INDEX i CASCADE", 3),
        ("CREATE INDEX ON t (a);\n\nCREATE INDEX ON", 3),
    ],
)
def test_what_cannot_be_applied_is_an_error_with_its_line(tmp_path: Path, text: str, line: int) -> None:
    with pytest.raises(CatalogError) as caught:
        _read(tmp_path / "a.sql", text)
    assert caught.value.line == line


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        '{"schema": "perfkit.analyze/1"}',
        '{"schema": "perfkit.suggest/1", "create": {}}',
        '{"schema": "perfkit.suggest/1", "create": [{}]}',
        '{"schema": "perfkit.suggest/1", "create": [{"statement": ""}]}',
        '{"schema": "perfkit.suggest/1", "create": [{"statement": "DROP TABLE t"}]}',
        '{"schema": "perfkit.suggest/1", "create": [{"statement": "DROP INDEX i"}]}',
        '{"schema": "perfkit.suggest/1", "drop": [{"statement": "DROP INDEX \'"}]}',
    ],
)
def test_damaged_suggestions_name_their_file(tmp_path: Path, text: str) -> None:
    path = tmp_path / "s.json"
    with pytest.raises(DamagedFileError) as caught:
        _read(path, text)
    assert caught.value.message.startswith(f"{path}: ")


@pytest.mark.parametrize("text", ["", "-- nothing", '{"schema": "perfkit.suggest/1", "create": []}'])
def test_a_file_that_asks_for_nothing_is_an_error(tmp_path: Path, text: str) -> None:
    with pytest.raises(UsageError, match="nothing to apply"):
        _read(tmp_path / "a", text)


def test_a_file_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot read"):
        read_changes(tmp_path / "nowhere.sql")
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DamagedFileError, match="UTF-8"):
        read_changes(tmp_path / "binary")
