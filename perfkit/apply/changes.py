"""The changes that a file asks for: indexes to create and to drop."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from perfkit.errors import CatalogError, DamagedFileError, UsageError
from perfkit.syntax.index import IndexStatement, read_index_statements
from perfkit.syntax.lexer import COMMENTS, SqlError, tokenize
from perfkit.syntax.script import ScriptStatement, split_script

SUGGESTIONS_SCHEMA = "perfkit.suggest/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Creation:
    """An index to create, as the file has it: `schema` and `name` are '' where it names none.

    `definition` is all that follows the table's name; `place` says where in the file it stands.
    """

    schema: str
    table: str
    name: str
    unique: bool
    only: bool
    definition: str
    place: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Removal:
    """An index to drop; `schema` is '' where the file names none."""

    schema: str
    name: str
    place: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """All that a file asks for, in its order."""

    create: tuple[Creation, ...]
    drop: tuple[Removal, ...]


def read_changes(path: Path) -> Changes:
    """Return the changes of an SQL script, or of what `perfkit suggest -o` wrote.

    Raises CatalogError with file and line, DamagedFileError, and UsageError when the file cannot be read or asks for
    nothing.
    """
    try:
        text = path.read_text("utf-8")
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}") from error
    except UnicodeDecodeError:
        raise DamagedFileError(path, "it is no text in UTF-8") from None
    is_json = text.lstrip().startswith(("{", "["))
    found = tuple(_of_suggestions(path, text) if is_json else _of_script(path, text))
    if not found:
        raise UsageError(
            f"{path}: there is nothing to apply", hint="write CREATE INDEX or DROP INDEX statements"
        )
    return Changes(
        create=tuple(each for each in found if isinstance(each, Creation)),
        drop=tuple(each for each in found if isinstance(each, Removal)),
    )


def _of_script(path: Path, text: str) -> Iterator[Creation | Removal]:
    try:
        # Read as a whole first: its errors have the script's lines.
        read_index_statements(text)
        for statement in split_script(text):
            yield from _read(statement, place=f"{path}:{statement.line}")
    except SqlError as error:
        raise CatalogError(error.message, path=path, line=error.line, hint=error.hint) from None


def _of_suggestions(path: Path, text: str) -> Iterator[Creation | Removal]:
    try:
        document = json.loads(text)
    except ValueError as error:
        raise DamagedFileError(path, f"it is no JSON: {error}") from None
    if not isinstance(document, dict) or document.get("schema") != SUGGESTIONS_SCHEMA:
        raise DamagedFileError(
            path, f"it is no {SUGGESTIONS_SCHEMA}", hint="write one with: perfkit suggest -o FILE"
        )
    for member, kind in (("create", Creation), ("drop", Removal)):
        for number, each in enumerate(_members(path, document, member)):
            place = f"{path}: {member}[{number}]"
            try:
                changes = [change for part in split_script(each) for change in _read(part, place=place)]
            except SqlError as error:
                raise DamagedFileError(path, f"{member}[{number}]: {error.message}") from None
            if not changes or not all(isinstance(change, kind) for change in changes):
                raise DamagedFileError(path, f"{member}[{number}] holds no statement of its kind")
            yield from changes


def _members(path: Path, document: dict[str, Any], name: str) -> Iterator[str]:
    members = document.get(name, [])
    if not isinstance(members, list):
        raise DamagedFileError(path, f"{name} is no list")
    for number, member in enumerate(members):
        statement = member.get("statement") if isinstance(member, dict) else None
        if not isinstance(statement, str):
            raise DamagedFileError(path, f"{name}[{number}] has no statement")
        yield statement


def _read(statement: ScriptStatement, *, place: str) -> Iterator[Creation | Removal]:
    (meaning,) = read_index_statements(statement.text)
    if not isinstance(meaning, IndexStatement):
        if "cascade" in statement.words:
            raise SqlError(
                "CASCADE drops what nobody named", line=statement.line, hint="name what is to be dropped"
            )
        for schema, name in meaning.names:
            yield Removal(schema=schema, name=name, place=place)
        return
    yield Creation(
        schema=meaning.definition.schema,
        table=meaning.definition.table,
        name=meaning.name,
        unique=meaning.definition.unique,
        only=meaning.only,
        definition=_after_the_table(statement.text),
        place=place,
    )


def _after_the_table(statement: str) -> str:
    """Return what follows the table's name in a CREATE INDEX statement, as it is written: nothing of it may be lost."""
    words = [token for token in tokenize(statement) if token.kind not in COMMENTS]
    texts = [statement[token.start : token.end] for token in words]
    place = next(number for number, text in enumerate(texts) if text.lower() == "on") + 1
    place += texts[place].lower() == "only"
    while texts[place + 1] == ".":
        place += 2
    place += texts[place + 1] == "*"
    return statement[words[place].end :].strip()
