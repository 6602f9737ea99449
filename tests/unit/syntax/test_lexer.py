"""The lexer reads SQL as PostgreSQL's scanner and psql do."""

import postgast
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from perfkit.syntax.lexer import SqlError, TokenKind, tokenize, translate

# Pieces that hide a colon, each of which must stay whole whatever stands beside it.
_OPAQUE = st.sampled_from(
    [
        "':a'", "'it''s :a'", "'back\\slash'", r"E'\':a'", r"e'\\' ", "E'x'\n':a\\''", "U&'\\0041:a'", "B'01'",
        "x'1F'", "N':a'", '":a"', '"q"":a"', 'U&"d:a"', "$$:a$$", "$t$ :a $u$ $t$", "$ü$:a$ü$", "--:a\n", "-- it's :a\n",
        "/* :a */", "/* /* :a */ ' */", "/**/", "/*/*:a*/*/",
    ]
)  # fmt: skip
_PLAIN = st.sampled_from(
    [
        "SELECT", "a", "ü", "a$b$", "1", "1.5", ".5", "1e10", "0x1F", "1..2", "::", ":=", "=", "<=", "@>", "?|", "%", "->>", "-", "/", "*", "(",
        ")", "[", "]", "1:2", ",", ";", ".", "$1", "\n", "\t", "::int", "a[1:2]", "'x'",
    ]
)  # fmt: skip
_HIDING = (
    TokenKind.STRING,
    TokenKind.QUOTED_IDENTIFIER,
    TokenKind.LINE_COMMENT,
    TokenKind.BLOCK_COMMENT,
)
_REFERENCE = st.sampled_from([":a", ":year_2", ":'a'", ":Ü"])


_PIECES = st.lists(st.one_of(_OPAQUE, _PLAIN, _REFERENCE), max_size=12)


def _name(piece: str) -> str:
    """Return the name that a piece refers to, '' when it is no reference."""
    return piece.strip(":'") if piece.startswith(":") and piece[1:2] not in (":", "=") else ""


def _text(pieces: list[str], places: dict[str, int]) -> str:
    """Return the pieces as one text, the references to `places` translated."""
    return "".join(f"${places[_name(piece)]} " if _name(piece) in places else f"{piece} " for piece in pieces)


def _between(text: str) -> str:
    """Return what no token of a text covers, '' when it is a text that never ends."""
    uncovered, position = "", 0
    try:
        for token in tokenize(text):
            assert position <= token.start < token.end
            uncovered += text[position : token.start]
            position = token.end
    except SqlError:
        return ""
    return uncovered + text[position:]


@given(st.text())
def test_tokens_of_any_text_leave_out_nothing_but_white_space(text: str) -> None:
    assert _between(text).strip(" \t\n\r\f\v") == ""


@given(st.text(alphabet=list("'\"$-/*\\eEuU&:;a1 \n(")))
def test_tokens_of_quoting_characters_leave_out_nothing_but_white_space(text: str) -> None:
    assert _between(text).strip(" \n") == ""


@given(_PIECES)
def test_references_are_found_outside_strings_comments_and_quoted_identifiers_only(pieces: list[str]) -> None:
    text = _text(pieces, {})
    names = [_name(piece) for piece in pieces if _name(piece)]
    assert [token.name for token in tokenize(text) if token.name] == names


@given(_PIECES)
@example(["':a'", "\n"])
@example(["E'a'", "\n", "'b'"])
def test_strings_and_comments_are_where_the_scanner_of_postgresql_finds_them(pieces: list[str]) -> None:
    text = "".join(f"{piece} " for piece in pieces if not _name(piece))
    ours = {(token.start, token.end) for token in tokenize(text) if token.kind in _HIDING}
    content = text.encode()
    for token in postgast.scan(text).tokens:
        start, end = len(content[: token.start].decode()), len(content[: token.end].decode())
        if set(text[start:end]) & set("'\"") or text.startswith(("--", "/*", "$$", "$t", "$ü"), start):
            assert (start, end) in ours, text[start:end]


@given(_PIECES)
def test_translation_replaces_the_references_and_nothing_else(pieces: list[str]) -> None:
    names = [_name(piece) for piece in pieces if _name(piece)]
    places = {name: place for place, name in enumerate(dict.fromkeys(names), start=1)}
    assert translate(_text(pieces, {}), places) == _text(pieces, places)


@pytest.mark.parametrize(
    ("sql", "translated"),
    [
        ("SELECT :a::int", "SELECT $1::int"),
        ("SELECT :'a'", "SELECT $1"),
        ("SELECT a[1:2]", "SELECT a[1:2]"),
        ("SELECT a[1:a]", "SELECT a[1 $1]"),
        ("SELECT a[1 : n], :a", "SELECT a[1 : n], $1"),
        ("SELECT x::a, f(b := :a)", "SELECT x::a, f(b := $1)"),
        ("SELECT d ?| ARRAY[:a], 5 % :a", "SELECT d ?| ARRAY[$1], 5 % $1"),
        ("SELECT -:a, 1-:a--:a", "SELECT -$1, 1-$1--:a"),
        ("SELECT 1 /*:a*/+:a", "SELECT 1 /*:a*/+$1"),
        ("SELECT E'\\':a', :a", "SELECT E'\\':a', $1"),
        ("SELECT '\\':a", "SELECT '\\'$1"),
        ("SELECT U&'\\0041' UESCAPE '!' || :a", "SELECT U&'\\0041' UESCAPE '!' || $1"),
        ("SELECT a$b$, :a", "SELECT a$b$, $1"),
        ("SELECT x:a, :'a'1, :a'x'", "SELECT x $1, $1 1, $1'x'"),
    ],
)
def test_a_reference_is_read_as_psql_reads_it(sql: str, translated: str) -> None:
    assert translate(sql, {"a": 1}) == translated


@pytest.mark.parametrize(
    ("sql", "line", "problem"),
    [
        ("SELECT\n 'abc\n\n", 2, "the string that begins here never ends"),
        ('SELECT 1,\n\n "abc', 3, "the quoted identifier that begins here never ends"),
        ("SELECT 1\n/* /* */\n", 2, "the comment that begins here never ends"),
        ("SELECT\n\n$t$ $$\n$T$", 3, "the $t$ string that begins here never ends"),
        ("SELECT E'\\'\n", 1, "the string that begins here never ends"),
        ('SELECT\n * FROM :"t"', 2, "puts an identifier into the statement"),
    ],
)
def test_what_cannot_be_read_is_named_where_it_begins(sql: str, line: int, problem: str) -> None:
    with pytest.raises(SqlError, match=r"never ends|identifier") as caught:
        list(tokenize(sql))
    assert caught.value.line == line
    assert problem in caught.value.message
