"""What a statement is called: the catalog's query that it is, else its text without constants."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from perfkit.catalog.model import Catalog
from perfkit.profile.model import Session
from perfkit.profile.thresholds import BEGINNING_LEAST
from perfkit.syntax.counted import fingerprint, measurable
from perfkit.syntax.lexer import COMMENTS, SqlError, TokenKind, tokenize
from perfkit.syntax.tables import unqualified

_CONSTANTS = frozenset({TokenKind.STRING, TokenKind.NUMBER, TokenKind.POSITION})
_LIST = re.compile(r"\?(?: ?, ?\?)+")
_CUT = "…"
_CHARACTER_BYTES_MOST = 4


@dataclass(frozen=True, slots=True)
class Name:
    """A query of the catalog by its name, or another statement by its text without constants."""

    text: str
    in_catalog: bool = False


HIDDEN = Name("(text hidden from this role)")
NONE = Name("(no statement)")


@dataclass(frozen=True, slots=True)
class Marks:
    """How the catalog's queries are recognised; each mark leads to one query.

    `exact` are fingerprints, `loose` those without the tables' schemas, for applications that set search_path, `texts`
    are whole texts without constants, of which the server may show the beginning only.
    """

    exact: Mapping[str, str]
    loose: Mapping[str, str]
    texts: Mapping[str, str]


_NO_MARKS = Marks({}, {}, {})


def marks_of(catalog: Catalog) -> Marks:
    """Return the marks of the catalog's queries; what two of them have in common is no mark."""
    queries = catalog.queries
    return Marks(
        exact=_unique((_fingerprint(query.statement), query.name) for query in queries),
        loose=_unique((_loose_fingerprint(query.statement), query.name) for query in queries),
        texts=_unique((_key(without_constants(query.statement)), query.name) for query in queries),
    )


def name_of(text: str, marks: Marks) -> Name:
    """Return what a whole statement is called."""
    shown = without_constants(text)
    query = _query(text, marks)
    return _unseen(text) or (Name(query, in_catalog=True) if query else Name(shown))


def name_of_beginning(text: str, marks: Marks) -> Name:
    """Return what a statement is called that the server cut."""
    shown = f"{without_constants(text).removesuffix(_CUT).rstrip()} {_CUT}"
    query = _query_that_begins(shown, marks)
    return Name(query, in_catalog=True) if query else Name(shown)


def _unseen(text: str) -> Name | None:
    if text.startswith("<insufficient privilege>"):
        return HIDDEN
    return None if text.strip() else NONE


class Names:
    """Names of sessions' statements; a query id, where the server gives one, leads to the whole text.

    `texts` are what pg_stat_statements has, by query id; a session's text of `bytes_most` bytes was cut.
    """

    def __init__(self, marks: Marks, texts: Mapping[int, str], bytes_most: int) -> None:
        self._marks = marks
        self._texts = texts
        self._bytes_most = bytes_most
        self._known: dict[tuple[str, bool], Name] = {}

    def of(self, session: Session) -> Name:
        """Return what a session's statement is called; the catalog is of the database that perfkit is connected to."""
        whole = self._texts.get(session.query_id, "") if session.query_id is not None else ""
        key = (whole or session.text, session.is_here)
        if key not in self._known:
            marks = self._marks if session.is_here else _NO_MARKS
            # A character of several bytes that does not fit is cut as a whole.
            is_cut = not whole and len(session.text.encode()) >= self._bytes_most - _CHARACTER_BYTES_MOST
            self._known[key] = name_of_beginning(key[0], marks) if is_cut else name_of(key[0], marks)
        return self._known[key]


def without_constants(text: str) -> str:
    """Return a statement on one line, without comments, ? for each constant and one for a list of them.

    A text that was cut ends in an ellipsis: what follows the last whole word could be half of anything.
    """
    pieces: list[str] = []
    end, cut = 0, ""
    try:
        for token in tokenize(text):
            if token.kind in COMMENTS:
                continue
            space = " " if pieces and token.start > end else ""
            pieces.append(space + ("?" if token.kind in _CONSTANTS else text[token.start : token.end]))
            end = token.end
    except SqlError:
        cut = f" {_CUT}"
    return _LIST.sub("?, …", "".join(pieces).rstrip("; ")) + cut


def mark_of(text: str) -> str:
    """Return the fingerprint of a statement as sessions and pg_stat_statements show it, '' of what cannot be parsed."""
    try:
        return fingerprint(measurable(text))
    except SqlError:
        return ""


def _query(text: str, marks: Marks) -> str:
    """Return the name of the catalog's query that the text is, '' for none."""
    try:
        statement = measurable(text)
    except SqlError:
        return ""
    return marks.exact.get(_fingerprint(statement)) or marks.loose.get(_loose_fingerprint(statement), "")


def _fingerprint(statement: str) -> str:
    try:
        return fingerprint(statement)
    except SqlError:
        return ""


def _loose_fingerprint(statement: str) -> str:
    try:
        return fingerprint(unqualified(statement))
    except SqlError:
        return ""


def _query_that_begins(shown: str, marks: Marks) -> str:
    """Return the name of the one query that begins as a text does that was cut, '' for none or several."""
    words = _key(shown).removesuffix(_CUT).split()[:-1]
    beginning = " ".join(words)
    found = [name for text, name in marks.texts.items() if text.startswith(beginning)]
    return found[0] if len(words) >= BEGINNING_LEAST and len(found) == 1 else ""


def _key(shown: str) -> str:
    """Return what is the same for two spellings of a statement, as far as case and white space go."""
    return " ".join(re.sub(r"([(),;])", r" \1 ", shown).lower().split())


def _unique(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    names: dict[str, str] = {}
    common = set()
    for mark, name in pairs:
        if names.setdefault(mark, name) != name:
            common.add(mark)
    return {mark: name for mark, name in names.items() if mark and mark not in common}
