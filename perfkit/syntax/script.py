"""A script of several statements, split as psql splits it (psqlscan.l): by semicolons outside brackets and bodies."""

from collections.abc import Iterator
from typing import NamedTuple

from perfkit.syntax.lexer import COMMENTS, SqlError, Token, TokenKind, line_at, tokenize


class ScriptStatement(NamedTuple):
    """One statement of a script; `line`, from 1, is where `text` begins; `words` are its words outside quotes, lower case."""

    text: str
    line: int
    words: tuple[str, ...]


def split_script(script: str) -> Iterator[ScriptStatement]:
    """Yield the statements in order, without their semicolons and the comments before them.

    They come as they are read, before anything after them is looked at. SqlError at a psql meta-command, whose
    backslash no SQL has outside quotes, and at a string or comment that never ends; its line is the script's.
    """
    tokens: list[Token] = []
    line, counted_to = 1, 0
    brackets = 0
    for token in tokenize(script):
        if token.kind in COMMENTS:
            continue
        text = script[token.start : token.end]
        if text == "\\":
            raise SqlError(
                "a psql meta-command",
                line=line_at(script, token.start),
                hint="write it as SQL: only the server reads this file",
            )
        brackets = max(0, brackets + (text in ("(", "[")) - (text in (")", "]")))
        if token.kind is not TokenKind.SEMICOLON:
            tokens.append(token)
        elif tokens and not brackets and not _in_body(script, tokens):
            line, counted_to = line + script.count("\n", counted_to, tokens[0].start), tokens[0].start
            yield _statement(script, tokens, line)
            tokens = []
    if tokens:
        yield _statement(script, tokens, line + script.count("\n", counted_to, tokens[0].start))


def _statement(script: str, tokens: list[Token], line: int) -> ScriptStatement:
    text = script[tokens[0].start : tokens[-1].end]
    return ScriptStatement(text, line, tuple(_words(script, tokens)))


def _words(script: str, tokens: list[Token]) -> Iterator[str]:
    return (script[token.start : token.end].lower() for token in tokens if token.kind is TokenKind.WORD)


def _in_body(script: str, tokens: list[Token]) -> bool:
    """Return whether the tokens end within BEGIN ATOMIC … END of a function, where a CASE has an END too."""
    words = tuple(_words(script, tokens[:4]))
    kind = words[3:4] if words[1:3] == ("or", "replace") else words[1:2]
    if words[:1] != ("create",) or kind not in (("function",), ("procedure",)):
        return False
    depth = 0
    for word in _words(script, tokens):
        if word == "begin" or (word == "case" and depth):
            depth += 1
        elif word == "end" and depth:
            depth -= 1
    return depth > 0
