"""What a server says of tables and indexes before they are changed."""

import re
from dataclasses import dataclass

from perfkit.names import quote_name
from perfkit.syntax.lexer import tokenize

# The words of pg_get_indexdef (ruleutils.c): CREATE [UNIQUE] INDEX name ON [ONLY] schema.table USING …
_NAME = r'(?:"(?:[^"]|"")+"|[^\s".]+)'
_DEFINITION = re.compile(
    rf"CREATE (UNIQUE )?INDEX {_NAME} ON (?:ONLY )?{_NAME}(?:\.{_NAME})? (USING .*)", re.DOTALL
)


@dataclass(frozen=True, slots=True, order=True)
class Name:
    """The name of a table or index within its schema, neither of them quoted."""

    schema: str
    name: str

    @property
    def sql(self) -> str:
        """Return the name as SQL writes it."""
        return f"{quote_name(self.schema)}.{quote_name(self.name)}"


@dataclass(frozen=True, slots=True)
class Definition:
    """What an index does, in the server's own words: two that are equal do the same, and none of it is lost.

    `text` begins with USING and has all that follows the table's name.
    """

    unique: bool
    text: str

    def create(self, index: Name, table: Name, *, only: bool = False, tablespace: str = "") -> str:
        """Return the statement that makes it: concurrently, but for the index of a partitioned table `only`."""
        unique = "UNIQUE " if self.unique else ""
        manner = "" if only else "CONCURRENTLY "
        parent = "ONLY " if only else ""
        begin = f"CREATE {unique}INDEX {manner}{quote_name(index.name)} ON {parent}{table.sql}"
        return f"{begin} {_in_tablespace(self.text, tablespace)}"


def read_definition(statement: str) -> Definition:
    """Return the definition in a statement of pg_get_indexdef; ValueError when it is none."""
    match = _DEFINITION.fullmatch(statement)
    if match is None:
        raise ValueError(f"not of pg_get_indexdef: {statement}")
    return Definition(unique=bool(match[1]), text=match[2])


def _in_tablespace(text: str, tablespace: str) -> str:
    """Return the definition with TABLESPACE before its WHERE, which is the last of it."""
    if not tablespace:
        return text
    words = (token.start for token in tokenize(text) if text[token.start : token.end] == "WHERE")
    place = next(words, len(text))
    return f"{text[:place].rstrip()} TABLESPACE {quote_name(tablespace)} {text[place:]}".rstrip()


@dataclass(frozen=True, slots=True, kw_only=True)
class Index:
    """An index that exists; `parent` is the partitioned index that it is a part of.

    `further` are the statements that give it what its definition does not hold: comment, statistics targets, CLUSTER.
    `held_by` says why it must not be dropped, '' for no reason; `builder_pid` is the session that is building it now.
    """

    name: Name
    table: Name
    definition: Definition
    valid: bool
    is_partitioned: bool = False
    has_expression: bool = False
    parent: Name | None = None
    tablespace: str = ""
    further: tuple[str, ...] = ()
    held_by: str = ""
    builder_pid: int = 0
    size_bytes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table, or a partition of one: `kind` is pg_class.relkind; `rows` is negative when nobody counted them.

    `parent` is the partitioned table it belongs to, None for the table that was asked for.
    """

    name: Name
    kind: str
    parent: Name | None
    owner: str
    is_owned: bool
    may_create: bool
    rows: float
    size_bytes: int
    indexes: tuple[Index, ...]

    @property
    def is_partitioned(self) -> bool:
        """Tell whether it holds no rows itself."""
        return self.kind == "p"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A definition that the server has read: its columns' names, which make the index's, and their average width in bytes.

    `key_bytes` is 0 where the server has no statistics of a column.
    """

    definition: Definition
    columns: tuple[str, ...]
    method: str
    has_expression: bool
    is_partial: bool
    tablespace: str
    key_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocker:
    """A session and its transaction, that others have to wait for; `pid` is 0 for a prepared transaction."""

    pid: int
    user: str
    application: str
    state: str
    age_s: float

    @property
    def told(self) -> str:
        """Return who it is, by what a person looks for it with."""
        words = (f"user {self.user}", self.application and f"application {self.application}", self.state)
        what = f"process {self.pid}" if self.pid else "nobody's session"
        return f"{what} ({', '.join(filter(None, words))})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where the changes go; `identifier` is the cluster's, the same on its replicas and after a failover."""

    database: str
    identifier: str
    role: str
