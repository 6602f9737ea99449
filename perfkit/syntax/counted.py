"""A statement as pg_stat_statements counts it, made one that a server takes again, and the fingerprint that finds it.

The server writes $n where a constant stood, also where no parameter may stand: `interval $1`, `extract($1 FROM x)`,
lists cut short (`IN ($1 /*, ... */)`, from 18 on), and two numbers for what GROUP BY needs to be one expression. Beside
such a list it also numbers anew the parameters that the application sent, and takes the place of one that is cast for
where the cast begins (variable_coerce_param_hook in parse_param.c), so that `CAST($3 AS date)` becomes `$5($3 AS date)`.
"""

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from perfkit.syntax.depth import check_depth
from perfkit.syntax.groups import same_leaves
from perfkit.syntax.lexer import COMMENTS, SqlError, TokenKind, spliced, tokenize
from perfkit.syntax.usage.tree import Node, everything, kind_of, parse, strings, words

# What `IN ($1 /*, ... */)` is taken to have been: long enough to be a list, short enough to be read.
SHORTENED_LIST_LENGTH = 5
# The field of `extract($1 FROM x)` is lost; every type that has fields but time has this one.
_FIELD = "'year'"
_SHORTENED = re.compile(rb"\$(\d+)\s*/\*, \.\.\. \*/")
_POSITION = re.compile(r"\$(\d+)")


class Edit(NamedTuple):
    """A piece of UTF-8 text and what replaces it."""

    start: int
    end: int
    text: str


def measurable(text: str) -> str:
    """Return the statement that `text` counts, as PREPARE takes it, its parameters $1 to $n in order.

    What PREPARE and DECLARE CURSOR hold is taken out of them. Strings that the server left, as when it threw a statement
    out while that ran, are parameters too, for they may be anybody's.
    SqlError when it cannot be parsed.
    """
    check_depth(text)
    statement = _with_lists(unwrapped(_with_whole_casts(text.strip().rstrip(";").rstrip())))
    statement = _without_comments(statement)
    statement = _grouped(statement if _POSITION.search(statement) else _normalised(statement))
    return renumbered(edited(statement, _casts(parse(statement))))


def fingerprint(statement: str) -> str:
    """Return what is the same for two statements that differ in constants, parameters and lengths of lists alone."""
    import postgast

    try:
        return str(postgast.fingerprint(statement).hex)
    except postgast.PgQueryError as error:
        raise SqlError(error.message, line=1) from None


def parameters_of(statement: str) -> list[int]:
    """Return the numbers of a statement's parameters, each once, in the order in which they come."""
    numbers = (
        int(statement[t.start + 1 : t.end]) for t in tokenize(statement) if t.kind is TokenKind.POSITION
    )
    return list(dict.fromkeys(numbers))


def renumbered(statement: str) -> str:
    """Return a statement with its parameters numbered from 1 in the order in which they come."""
    return _renamed(
        statement, {number: place for place, number in enumerate(parameters_of(statement), start=1)}
    )


def _renamed(statement: str, numbers: dict[int, int]) -> str:
    edits = []
    for token in tokenize(statement):
        if token.kind is TokenKind.POSITION:
            number = int(statement[token.start + 1 : token.end])
            edits.append((token.start, token.end, f"${numbers.get(number, number)}"))
    return spliced(statement, edits)


def unwrapped(text: str) -> str:
    """Return the statement within PREPARE … AS or DECLARE … CURSOR FOR, any other as it is."""
    words = {"prepare_stmt": "AS", "declare_cursor_stmt": "FOR"}
    word = words.get(kind_of(parse(text)))
    if word is None:
        return text
    depth = 0
    for token in tokenize(text):
        piece = text[token.start : token.end]
        depth += (piece == "(") - (piece == ")")
        if not depth and token.kind is TokenKind.WORD and piece.upper() == word:
            return text[token.end :].strip()
    return text


def _normalised(statement: str) -> str:
    """Return a statement with parameters for its constants: before 16, the server leaves those of a cursor as they are."""
    import postgast

    return str(postgast.normalize(statement))


def _grouped(statement: str) -> str:
    """Return a statement in which GROUP BY and DISTINCT find the expressions that they need, and no other string stands."""
    tree = parse(statement)
    literals = _string_places(tree)
    tokens = {len(statement[: t.start].encode()): statement[t.start : t.end] for t in tokenize(statement)}
    texts: dict[int, str] = {}
    kept: set[int] = set()
    for pair in same_leaves(tree):
        constants = [tokens[leaf.location] for leaf in pair if not leaf.number and leaf.location in tokens]
        numbers = [leaf.number for leaf in pair if leaf.number]
        text = constants[0] if constants else f"${numbers[0]}" if numbers else ""
        for number in numbers if constants else numbers[1:]:
            texts.setdefault(number, texts.get(numbers[0], text))
        kept |= {leaf.location for leaf in pair}
    last = max(map(int, _POSITION.findall(statement)), default=0)
    edits = []
    for place, text in tokens.items():
        if _POSITION.fullmatch(text) and int(text[1:]) in texts:
            edits.append(Edit(place, place + len(text), texts[int(text[1:])]))
        elif place in literals and place not in kept:
            last += 1
            edits.append(Edit(place, place + len(text.encode()), f"${last}"))
    return edited(statement, edits)


def _string_places(tree: Node) -> set[int]:
    """Return where the string constants of a statement begin, in bytes."""
    return {
        message.location
        for message in everything(tree)
        if message.DESCRIPTOR.name == "A_Const" and message.HasField("sval")
    }


def _with_lists(statement: str) -> str:
    """Return a statement whose shortened lists have some more parameters."""
    content = statement.encode()
    last = max((int(number) for number in _POSITION.findall(statement)), default=0)
    edits = []
    for found in _SHORTENED.finditer(content):
        more = range(last + 1, last + SHORTENED_LIST_LENGTH)
        last += SHORTENED_LIST_LENGTH - 1
        edits.append(Edit(found.start(), found.end(), ", ".join(f"${n}" for n in (int(found[1]), *more))))
    return edited(statement, edits)


def _with_whole_casts(statement: str) -> str:
    """Return a statement with `CAST($5 AS date)` for `$5($3 AS date)`, and `$5` for `$5($3)`, whose type is lost."""
    tokens = [(t, statement[t.start : t.end]) for t in tokenize(statement) if t.kind not in COMMENTS]
    edits = []
    for (outer, number), (_, bracket), (inner, _), (after, word) in zip(
        tokens, tokens[1:], tokens[2:], tokens[3:], strict=False
    ):
        # Nothing that is SQL has a bracket behind a parameter.
        if outer.kind is inner.kind is TokenKind.POSITION and bracket == "(":
            if word.upper() == "AS":
                edits.append((outer.start, inner.end, f"CAST({number}"))
            elif word == ")":
                edits.append((outer.start, after.end, number))
    return spliced(statement, edits)


def _without_comments(statement: str) -> str:
    """Return a statement without comments, which may hold what a user typed; pg_hint_plan's hints stay."""
    pieces, position = [], 0
    for token in tokenize(statement):
        if token.kind in COMMENTS and not statement.startswith("/*+", token.start):
            pieces += [statement[position : token.start].rstrip(" \t"), " "]
            position = len(statement) - len(statement[token.end :].lstrip(" \t"))
    lines = "".join([*pieces, statement[position:]]).splitlines()
    return "\n".join(line.rstrip() for line in lines if line.strip()).strip()


def edited(statement: str, edits: Iterable[Edit]) -> str:
    """Return a statement with pieces of it replaced, which do not overlap; what is cut out goes with the space before."""
    content, pieces, position = statement.encode(), [], 0
    for edit in sorted(edits):
        kept = content[position : edit.start]
        pieces += [kept if edit.text else kept.rstrip(), edit.text.encode()]
        position = edit.end
    return b"".join([*pieces, content[position:]]).decode()


def _casts(tree: Node) -> Iterator[Edit]:
    """Yield what makes parameters of `interval $1` and a constant of `extract($1 FROM x)`."""
    for message in everything(tree):
        name = message.DESCRIPTOR.name
        if name == "TypeCast" and message.location < 0 and kind_of(message.arg) == "param_ref":
            yield from _prefix_cast(message.type_name.location, message.arg.param_ref)
        elif name == "FuncCall" and strings(message.funcname)[-1:] == ["extract"]:
            field = message.args[0]
            # As a function of this name, pg_catalog.extract, it takes a parameter.
            if kind_of(field) == "param_ref" and message.funcformat == words().COERCE_SQL_SYNTAX:
                yield _parameter(field.param_ref, _FIELD)


def _prefix_cast(type_start: int, parameter: Node) -> Iterator[Edit]:
    """Yield the edits of `type $1` to `$1::type`: the parameter goes before the type, and out from behind it."""
    number = f"${parameter.number}"
    yield Edit(type_start, type_start, f"{number}::")
    yield _parameter(parameter, "")


def _parameter(parameter: Node, text: str) -> Edit:
    return Edit(parameter.location, parameter.location + len(f"${parameter.number}"), text)
